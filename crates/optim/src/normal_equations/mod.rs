//! A Gauss–Newton step on the device, from products with the Jacobian: the loop of `ansatz-krylov`, whose scalars stay there.

mod damp;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_krylov::DevicePreconditioner;
use ansatz_krylov::cg::control::Status;
use ansatz_krylov::cg::inverse::Inverse;
use ansatz_krylov::cg::{Loop, LoopOptions, Start};
use ansatz_krylov::device::{DeviceOperator, Shape};
use ansatz_krylov::operator::Ordering;

use crate::vector::{dot, norm};
use crate::{Step, StepReason};
pub use damp::Damp;

/// Products with a Jacobian J on a device, as launches. Vectors of parameters are padded with zeros to a multiple of four.
pub trait DeviceJacobian<T: Real>: Send + Sync {
    /// Number of residuals.
    fn rows(&self) -> usize;

    /// Number of parameters.
    fn columns(&self) -> usize;

    /// Records `out` ← J v.
    ///
    /// # Errors
    /// What the device says against it.
    fn multiply(&self, plan: &mut Plan, v: &Buffer<T>, out: &Buffer<T>) -> Result<(), GpuError>;

    /// Records `out` ← Jᵀ w, and zeros in its padding.
    ///
    /// # Errors
    /// What the device says against it.
    fn multiply_transposed(&self, plan: &mut Plan, w: &Buffer<T>, out: &Buffer<T>) -> Result<(), GpuError>;
}

/// Conjugate gradients for (JᵀJ + Λ²D²) δ = Jᵀr, preconditioned by D², recorded once: the products may read parameters from
/// buffers that change from step to step.
///
/// In f32, what δ can be asked for is bounded by the rounding of JᵀJ, the square of the condition of J: a step to 1e-2 or
/// 1e-3 is what Gauss and Newton need. [`ConjugateGradients`](crate::ConjugateGradients) goes further, in f64 on the host.
pub struct NormalEquations<T> {
    gpu: Gpu,
    columns: usize,
    residual: Buffer<T>,
    gradient: Buffer<T>,
    damping: Buffer<T>,
    inverse: Buffer<T>,
    to_gradient: Plan,
    cg: Loop<T>,
    max_iterations: u32,
}

/// JᵀJ + diag d.
struct Operator<'a, T> {
    jacobian: &'a dyn DeviceJacobian<T>,
    ordering: Ordering,
    damping: &'a Buffer<T>,
    /// Jx.
    product: Buffer<T>,
}

impl<T: Real> DeviceOperator<T> for Operator<'_, T> {
    fn ordering(&self) -> &Ordering {
        &self.ordering
    }

    fn groups(&self) -> u32 {
        Damp::<T>::groups(self.ordering.device_len())
    }

    fn record(
        &self,
        plan: &mut Plan,
        control: &Buffer<T>,
        _: Shape,
        x: &Buffer<T>,
        y: &Buffer<T>,
    ) -> Result<(), GpuError> {
        self.jacobian.multiply(plan, x, &self.product)?;
        self.jacobian.multiply_transposed(plan, &self.product, y)?;
        Damp { control, d: self.damping, x, y }.record(plan)
    }
}

impl<T: Real> NormalEquations<T> {
    /// Records the loop, for `max_iterations` at most. The host looks at it every `look_every` iterations.
    ///
    /// # Errors
    /// What the products say, and limits and memory of the device.
    pub fn new(
        gpu: &Gpu,
        jacobian: &dyn DeviceJacobian<T>,
        max_iterations: u32,
        look_every: u32,
    ) -> Result<Self, GpuError> {
        let (rows, columns) = (jacobian.rows(), jacobian.columns());
        let ordering = Ordering::identity(columns);
        let vector = |label| gpu.buffer::<T>(label, ordering.device_len());
        let (gradient, damping, inverse) = (vector("Jᵀr")?, vector("Λ²D²")?, vector("D⁻²")?);
        let residual = gpu.buffer("r", rows)?;
        let mut to_gradient = Plan::new(gpu, "gradient");
        jacobian.multiply_transposed(&mut to_gradient, &residual, &gradient)?;

        let product = gpu.buffer("Jp", rows)?;
        let operator = Operator { jacobian, ordering: ordering.clone(), damping: &damping, product };
        let preconditioner = DevicePreconditioner::Fused(Inverse::Diagonal(inverse.clone()));
        let options = LoopOptions { flexible: false, look_every, history: max_iterations.max(1) };
        let cg = Loop::new(gpu, &operator, &preconditioner, 1, options)?;
        let gpu = gpu.clone();
        Ok(Self { gpu, columns, residual, gradient, damping, inverse, to_gradient, cg, max_iterations })
    }

    /// Where r goes before a solve.
    pub fn residual(&self) -> &Buffer<T> {
        &self.residual
    }

    /// δ of min ‖J δ − r‖² + ‖Λ D δ‖² for the r in [`NormalEquations::residual`], until ‖Jᵀ(r − Jδ) − Λ²D²δ‖ is `rtol` times
    /// ‖Jᵀr‖ by the loop's recursion. `scales` are the entries of D, as for
    /// [`ConjugateGradients::solve`](crate::ConjugateGradients::solve), and `damping` gives those of Λ.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where `scales` has not an entry per parameter, and what the device says.
    pub fn solve(
        &mut self,
        scales: &[f64],
        damping: impl Fn(usize) -> f64,
        rtol: f64,
    ) -> Result<Step, GpuError> {
        if scales.len() != self.columns {
            let message = format!("{} scales for {} parameters", scales.len(), self.columns);
            return Err(GpuError::Misuse { what: "normal equations".to_owned(), message });
        }
        let squares: Vec<f64> = scales.iter().map(|&d| if d > 0.0 { d * d } else { 1.0 }).collect();
        let damped: Vec<f64> = squares.iter().enumerate().map(|(j, d)| damping(j).powi(2) * d).collect();
        let rounded = |values: &mut dyn Iterator<Item = f64>| values.map(T::from_f64).collect::<Vec<T>>();
        self.gpu.write(&self.damping, 0, &rounded(&mut damped.iter().copied()))?;
        self.gpu.write(&self.inverse, 0, &rounded(&mut squares.iter().map(|d| 1.0 / d)))?;
        self.to_gradient.run()?;
        let gradient: Vec<f64> = self.gpu.read(&self.gradient)?.into_iter().map(T::widen).collect();

        // The length is taken out, so that no square leaves the range of f32.
        let length = norm(&gradient);
        let nothing = |reason| {
            let delta = vec![0.0; self.columns];
            Ok(Step { delta, promised: 0.0, relative_gradient: 0.0, iterations: 0, reason })
        };
        if length == 0.0 {
            return nothing(StepReason::ZeroGradient);
        }
        if !length.is_finite() {
            return nothing(StepReason::NonFinite);
        }
        let unit = rounded(&mut gradient.iter().map(|g| g / length));
        self.cg.start(&unit, &[Start { goal: rtol * rtol, limit: self.max_iterations, idle: false }])?;
        let states = self.cg.run(|_| std::ops::ControlFlow::Continue(()))?;
        let mut delta: Vec<f64> = self.cg.x()?.into_iter().map(|x| x.widen() * length).collect();
        delta.truncate(self.columns);
        // Jδ·Jδ + δ·Λ²D²δ = δ·Jᵀr for each iterate of conjugate gradients.
        let along = dot(&delta, &gradient);
        let penalty: f64 = delta.iter().zip(&damped).map(|(x, d)| d * x * x).sum();
        let (mut iterations, mut relative_gradient, mut reason) = (0, f64::NAN, StepReason::NonFinite);
        if let Some(state) = states.first() {
            (iterations, relative_gradient) = (state.iterations as usize, state.rr.sqrt());
            reason = match state.status {
                Status::Reached => StepReason::Rtol,
                Status::NoCurvature => StepReason::NoCurvature,
                Status::Running | Status::Exhausted | Status::Idle => StepReason::MaxIterations,
                Status::NotFinite | Status::BadPreconditioner | Status::Breakdown => StepReason::NonFinite,
            };
        }
        Ok(Step { delta, promised: along + penalty, relative_gradient, iterations, reason })
    }
}
