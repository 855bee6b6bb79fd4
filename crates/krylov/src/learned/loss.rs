//! The loss of a network for directions and its gradient (Kaneda et al., ICML 2023, equation 6): `shaders/krylov/direction_loss.wgsl`.
//!
//! ```text
//! q = ‖b‖ f(b/‖b‖),  Aq
//! s = q·Aq,  α = q·b/s                              the best step along q, whatever its length
//! e = b − αAq,  L = ‖e‖²/‖b‖²
//! dL/dq = (−2αAe − 2(e·Aq)(b/s − 2(q·b)Aq/s²))/‖b‖²
//! ```

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::DIRECTION_LOSS;

use super::{DeviceDirections, LearnedDirections};
use crate::KrylovError;
use crate::cg::inverse::Inverse;
use crate::cg::{LoopOptions, Parts};
use crate::device::DeviceOperator;
use crate::operator::Operator;
use crate::precondition::DevicePreconditioner;
use crate::setup::lay_out_plain;
use crate::steps::{Combine, Scalars, Steps, Words};

// The method's own words, as in the kernel.
const S: u32 = 0;
const ALPHA: u32 = 1;
const OF_E: u32 = 2;
const OF_GRADIENT: u32 = 5;
const OWN_WORDS: u32 = 8;

/// L in the mean over some right-hand sides, and its gradient by the parameters of the network.
pub struct DirectionLoss<T> {
    gpu: Gpu,
    operator: Box<dyn DeviceOperator<T>>,
    directions: DeviceDirections<T>,
    parts: Parts<T>,
    gradient: Buffer<T>,
}

impl<T: Real> DirectionLoss<T> {
    /// For so many right-hand sides of an operator at once, and at most `steps` steps between two calls of [`DirectionLoss::begin`].
    ///
    /// # Errors
    /// As [`DeviceDirections::new`].
    pub fn new(
        gpu: &Gpu,
        a: &dyn Operator,
        directions: &LearnedDirections,
        columns: usize,
        steps: u32,
    ) -> Result<Self, KrylovError> {
        let (operator, _) = lay_out_plain::<T>(gpu, a)?;
        let options = LoopOptions { flexible: false, look_every: steps, history: steps };
        let parts = Parts::new(gpu, &*operator, columns, options, true, OWN_WORDS)?;
        let directions = DeviceDirections::new(gpu, a, directions, columns)?;
        let gradient = gpu.buffer("gradient", directions.parameters.len())?;
        Ok(Self { gpu: gpu.clone(), operator, directions, parts, gradient })
    }

    /// The right-hand sides, in the layout of the device, one after the other.
    pub fn b(&self) -> &Buffer<T> {
        &self.parts.r
    }

    /// The parameters.
    pub fn parameters(&self) -> &Buffer<T> {
        &self.directions.parameters
    }

    /// The gradient by them.
    pub fn gradient(&self) -> &Buffer<T> {
        &self.gradient
    }

    /// Makes room for the losses of the next steps.
    ///
    /// # Errors
    /// What the device says.
    pub fn begin(&self) -> Result<(), GpuError> {
        self.gpu.write(&self.parts.control, 0, &vec![T::zero(); self.parts.params.control_words()])
    }

    /// The losses of the last so many steps since [`DirectionLoss::begin`], each the mean over all right-hand sides.
    ///
    /// # Errors
    /// What the device says.
    pub fn losses(&self, steps: usize) -> Result<Vec<f64>, GpuError> {
        let (words, params) = (self.gpu.read(&self.parts.history)?, self.parts.params);
        let (columns, stride) = (params.columns as usize, params.history_stride as usize);
        let mean = |step: usize| {
            (0..columns).map(|column| words[column * stride + step].widen()).sum::<f64>() / columns as f64
        };
        Ok((0..steps.min(stride)).map(mean).collect())
    }

    /// Records L and its gradient.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Self { operator, directions, parts, gradient, gpu } = self;
        let Parts { params, control, r: b, .. } = parts;
        let identity = DevicePreconditioner::Fused(Inverse::Identity);
        let steps = Steps { parts, operator: &**operator, preconditioner: &identity };
        let scalars = |flag| Scalars::new(&DIRECTION_LOSS, flag);
        let vector = |label| parts.vector(gpu, label);
        let (q, aq, ae, e) = (vector("q")?, vector("Aq")?, vector("Ae")?, &parts.x);
        let x_bar = gpu.buffer("gradient of q", directions.x.len())?;

        // b·b,  q = ‖b‖ f(b/‖b‖),  Aq,  s = q·Aq,  q·b
        steps.sums(b, e, 0).record(plan)?;
        let tape = directions.record_kept(plan, params, control, b, &q)?;
        steps.multiply(plan, &q, &aq)?;
        steps.sums(&q, b, 1).record(plan)?;
        scalars("").record(plan, parts, step::<T>)?;
        // e = b − αAq,  e·e,  e·Aq;  Ae
        Combine { u: &aq, ..steps.combine(OF_E, e, &[b, &aq], 1) }.record(plan)?;
        steps.multiply(plan, e, &ae)?;
        scalars("GRADIENT").record(plan, parts, differentiate::<T>)?;
        // dL/dq, and what comes of it by the parameters
        steps.combine(OF_GRADIENT, &ae, &[b, &aq], 1).record(plan)?;
        directions.places.record_back(plan, params, [control, &ae, &x_bar])?;
        let DeviceDirections { network, images, parameters, .. } = directions;
        network.record_gradient(plan, *images, (parameters, &tape), &x_bar, gradient)
    }
}

/// s and α.
fn step<T: Real>(words: &mut Words<'_, T>) {
    let (product, curvature) = (words.total_of_kind(2), words.total_of_product());
    let taken = product.is_finite() && curvature.is_finite() && curvature > T::zero();
    let (s, alpha) = if taken { (curvature, product / curvature) } else { (T::zero(), T::zero()) };
    let values = [(S, s), (ALPHA, alpha), (OF_E, T::zero()), (OF_E + 1, T::one()), (OF_E + 2, -alpha)];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
}

/// L, and the coefficients of its gradient.
fn differentiate<T: Real>(words: &mut Words<'_, T>) {
    let [bb, ee, product] = [0, 1, 2].map(|kind| words.total_of_kind(kind));
    let (s, alpha) = (*words.own(S), *words.own(ALPHA));
    let two = T::from_f64(2.0);
    let columns = T::from_f64(f64::from(words.params.columns));
    let scale = if bb > T::zero() && s > T::zero() { two / (bb * columns * s) } else { T::zero() };
    let values = [
        (OF_GRADIENT, -alpha * s * scale),
        (OF_GRADIENT + 1, -product * scale),
        (OF_GRADIENT + 2, two * product * alpha * scale),
    ];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
    words.leave_residual(if bb > T::zero() { ee / bb } else { T::zero() });
    let iteration = words.iteration() + T::one();
    words.leave_iteration(iteration);
}
