//! The Lanczos process on the device with full re-orthogonalisation, and the Ritz vectors that come of it:
//! `shaders/krylov/lanczos.wgsl` and the kernels of the basis of GMRES.
//!
//! ```text
//! v₀ = r/‖r‖
//! for each step:  w = Av
//!                 h = Vᵀw,  w ← w − Vh,  twice         classical Gram–Schmidt (Giraud, Langou and others, 2005)
//!                 α = h of the last vector,  β = ‖w‖,  v₊ = w/β
//! T = tridiag(β, α, β) = Y Θ Yᵀ,  the Ritz vectors are the columns of V Y
//! ```

use std::ops::ControlFlow;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::{GMRES_STEP, LANCZOS};
use faer::{Mat, Side};
use rayon::prelude::*;

use crate::KrylovError;
use crate::cg::control::Status;
use crate::cg::{Loop, LoopOptions, Parts, Recorded, Start};
use crate::device::DeviceOperator;
use crate::gmres::{Basis, FRESH, RESTART, SCALE, STEP, Small, Update, accumulate};
use crate::operator::{Operator, Ordering};
use crate::precondition::DevicePreconditioner;
use crate::setup::lay_out_plain;
use crate::steps::{Scalars, Steps, Words};

/// The most steps: matrices of this size are kept beside the basis, and decomposed on the host.
pub const MOST_STEPS: usize = 2000;
/// What is left of ‖A‖ where the space is closed, in units of rounding.
const CLOSED: f64 = 64.0;

/// Ritz values and vectors of a symmetric operator.
#[derive(Debug)]
pub struct RitzVectors<T> {
    values: Vec<f64>,
    /// Y: a column of coefficients for each value.
    y: Mat<f64>,
    basis: Buffer<T>,
    ordering: Ordering,
}

impl<T: Real> RitzVectors<T> {
    /// After at most `steps` steps from a random start; fewer where the space is closed before. `look` is told the steps that are done,
    /// and may break: then there are as many vectors.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where `steps` is not between 1 and [`MOST_STEPS`], or the operator has no unknowns or is not finite; and
    /// limits of the device.
    pub fn new(
        gpu: &Gpu,
        a: &dyn Operator,
        steps: usize,
        seed: u64,
        mut look: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Self, KrylovError> {
        let wrong = |value: String, expected| {
            Err(KrylovError::Setting { name: "the number of Lanczos steps", value, expected })
        };
        if !(1..=MOST_STEPS).contains(&steps) {
            return wrong(steps.to_string(), "between 1 and 2000");
        }
        let steps = steps.min(a.unknowns());
        let (operator, factor) = lay_out_plain::<T>(gpu, a)?;
        let (mut process, small, basis) = record(gpu, &*operator, steps as u32)?;
        let ordering = operator.ordering().clone();
        let start: Vec<f64> = (0..a.dimension())
            .map(|i| if a.is_active(i) { crate::generate::random(seed, i as u64) } else { 0.0 })
            .collect();
        let smallest = CLOSED * T::epsilon().widen() * factor * a.norm_inf();
        let limit = Start { goal: smallest * smallest, limit: steps as u32, idle: false };
        process.start(&ordering.scatter(&start), &[limit])?;
        let states = process.run(|states| look(states[0].iterations as usize))?;
        let (done, status) = (states[0].iterations as usize, states[0].status);
        if done == 0 || status == Status::NotFinite {
            return wrong(
                format!("{done}, then nothing finite or nothing at all"),
                "of a finite operator with unknowns",
            );
        }
        let small = gpu.read(&small)?;
        let squares = process.history(&states)?.swap_remove(0);
        let t = Mat::from_fn(done, done, |i, j| match i.abs_diff(j) {
            0 => small[i].widen() / factor,
            1 => squares[i.max(j)].sqrt() / factor,
            _ => 0.0,
        });
        let Ok(decomposed) = t.self_adjoint_eigen(Side::Lower) else {
            return wrong(format!("{done}, without eigenvalues"), "of a finite operator");
        };
        let values = decomposed.S().column_vector().iter().copied().collect();
        Ok(Self { values, y: decomposed.U().to_owned(), basis, ordering })
    }

    /// The Ritz values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The coefficients by V of Σ cⱼ (V y)ⱼ.
    pub fn coefficients(&self, c: &[f64]) -> Vec<f64> {
        let c = faer::ColRef::from_slice(c);
        (&self.y * c).iter().copied().collect()
    }

    /// V as the device has it: a vector of [`RitzVectors::rows`] numbers for each value.
    pub fn basis(&self) -> &Buffer<T> {
        &self.basis
    }

    /// Numbers of a vector on the device.
    pub fn rows(&self) -> usize {
        self.ordering.device_len()
    }

    /// The first `count` Ritz vectors on the host, with an entry for each of the operator's.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn first(&self, gpu: &Gpu, count: usize) -> Result<Vec<Vec<f64>>, GpuError> {
        let basis = gpu.read(&self.basis)?;
        let vector = |j: usize| {
            let mut sum = vec![0.0; self.rows()];
            for (k, v) in basis.chunks_exact(self.rows()).take(self.values.len()).enumerate() {
                sum.iter_mut().zip(v).for_each(|(sum, v)| *sum += self.y[(k, j)] * v.widen());
            }
            self.ordering.gather(&sum)
        };
        Ok((0..count.min(self.values.len())).into_par_iter().map(vector).collect())
    }
}

type Recording<T> = (Loop<T>, Buffer<T>, Buffer<T>);

/// The process, the small matrices that begin with α, and V.
fn record<T: Real>(
    gpu: &Gpu,
    operator: &dyn DeviceOperator<T>,
    steps: u32,
) -> Result<Recording<T>, GpuError> {
    let options = LoopOptions { flexible: false, look_every: 32, history: steps };
    let parts = Parts::new(gpu, operator, 1, options, false, FRESH + 1)?;
    let identity = DevicePreconditioner::Fused(crate::cg::inverse::Inverse::Identity);
    let of = Steps { parts: &parts, operator, preconditioner: &identity };
    let (p, w) = (parts.vector(gpu, "v")?, parts.vector(gpu, "w")?);
    let small = Small { m: steps as usize };
    let matrices = gpu.buffer("small matrices", small.len())?;
    let v = Basis::new(gpu, &parts, steps, "V", "take fewer Lanczos steps")?;
    let products = gpu.buffer("Vᵀw", steps as usize * parts.params.groups as usize)?;
    let scalars = |flag| Scalars { small: Some(&matrices), ..Scalars::new(&LANCZOS, flag) };

    // v₀ = r/‖r‖
    let mut start = Plan::new(gpu, "lanczos start");
    of.sums(&parts.r, &w, 0).record(&mut start)?;
    scalars("").record(&mut start, &parts, begin::<T>)?;
    v.append(&mut start, small, &parts.r, Some(&p))?;

    let mut body = Plan::new(gpu, "lanczos");
    let half = u64::from(steps).div_ceil(2);
    of.multiply(&mut body, &p, &w)?;
    for _ in 0..2 {
        v.products(&mut body, small, half, &w, &products)?;
        Scalars { small: Some(&matrices), products: Some(&products), ..Scalars::new(&GMRES_STEP, "") }
            .record(&mut body, &parts, accumulate::<T>)?;
        v.update(&mut body, (small, &matrices), small.part(), half, Update::TakeOff, &w)?;
    }
    scalars("CLOSE").record(&mut body, &parts, close::<T>)?;
    v.append(&mut body, small, &w, Some(&p))?;

    let vectors = v.vectors;
    let own = vec![(RESTART, f64::from(steps))];
    let recorded = Recorded { start, body, iterations: 1, direction: p, own, refused: None, witness: None };
    Ok((Loop::of(gpu, options, parts, recorded), matrices, vectors))
}

/// ‖r‖.
fn begin<T: Real>(words: &mut Words<'_, T>) {
    let square = words.total_of_kind(0);
    words.leave_residual(square);
    let status = words.tested(square);
    words.leave_status(status);
    *words.own(SCALE) = T::one() / square.sqrt();
    *words.own(FRESH) = T::one();
}

/// α, β and the step.
fn close<T: Real>(words: &mut Words<'_, T>) {
    let small = Small { m: words.own(RESTART).widen() as usize };
    let step = words.own(STEP).widen() as usize;
    let at = words.column * small.len();
    words.small[at + step] = words.small[at + small.h() + step];
    *words.own(STEP) += T::one();
    let iteration = words.iteration() + T::one();
    words.leave_iteration(iteration);
    begin(words);
}
