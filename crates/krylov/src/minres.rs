//! The minimum residual method for symmetric matrices, definite or not, with a symmetric positive definite
//! preconditioner (Paige and Saunders, SIAM J. Numer. Anal. 12, 1975): `shaders/krylov/minres.wgsl`.
//!
//! The residual is kept by a recurrence of its own, r ← s₊²r − (c₊η/α₁)v₊, so that its 2-norm is known whatever M is.

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::MINRES;

use crate::cg::control::Status;
use crate::cg::{Loop, LoopOptions, Parts, Recorded};
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;
use crate::steps::{Combine, Scalars, Steps, Words};

// The method's own words, as in the kernel.
const GAMMA: u32 = 0;
const GAMMA_BEFORE: u32 = 1;
const C: u32 = 2;
const C_BEFORE: u32 = 3;
const S: u32 = 4;
const S_BEFORE: u32 = 5;
const ETA: u32 = 6;
const DELTA: u32 = 7;
const OF_V: u32 = 8;
const OF_W: u32 = 11;
const OF_X: u32 = 14;
const OF_R: u32 = 16;
// Constant coefficients: (0, 1) of a copy, (0, 0) of zero.
const OF_COPY: u32 = 18;
const OF_ZERO: u32 = 20;
const LARGEST: u32 = 22;
const NORM_B: u32 = 23;
/// How many they are.
const OWN_WORDS: u32 = 24;

/// Records the loop.
pub(crate) fn minres<T: Real>(
    gpu: &Gpu,
    operator: &dyn DeviceOperator<T>,
    preconditioner: &DevicePreconditioner<T>,
    columns: usize,
    options: LoopOptions,
) -> Result<Loop<T>, GpuError> {
    let general = !preconditioner.is_identity();
    let parts = Parts::new(gpu, operator, columns, options, general, OWN_WORDS)?;
    let steps = Steps { parts: &parts, operator, preconditioner };
    let (x, r) = (&parts.x, &parts.r);
    let vector = |label| parts.vector(gpu, label);
    let (v_before, v, q) = (vector("v before")?, vector("v")?, vector("Az")?);
    let (w_before, w) = (vector("w before")?, vector("w")?);
    // Without a preconditioner z = v, and the z before is the v before.
    let (z, z_next) = if general { (vector("z")?, vector("z next")?) } else { (v_before.clone(), v.clone()) };
    let multiplied = if general { &z } else { &v };

    // x = 0, v = r, z = M⁻¹v; r·r, z·v
    let mut start = Plan::new(gpu, "minres start");
    steps.combine(OF_ZERO, x, &[r], 0).record(&mut start)?;
    steps.combine(OF_COPY, &v, &[r], 0).record(&mut start)?;
    if general {
        steps.precondition(&mut start, &v, &z)?;
        steps.sums(&v, &z, 1).record(&mut start)?;
    } else {
        steps.combine(OF_COPY, &v, &[r], 1).record(&mut start)?;
    }

    let mut body = Plan::new(gpu, "minres");
    // δ = z·Az/γ²,  v₊ = Az/γ − (δ/γ)v − (γ/γ₋)v₋,  z₊ = M⁻¹v₊
    steps.multiply(&mut body, multiplied, &q)?;
    Scalars::new(&MINRES, "").record(&mut body, &parts, lanczos::<T>)?;
    Combine { shift: true, ..steps.combine(OF_V, &v_before, &[&q, &v], 1) }.record(&mut body)?;
    if general {
        steps.precondition(&mut body, &v, &z_next)?;
        steps.sums(&v, &z_next, 1).record(&mut body)?;
    }
    // w₊ = (z/γ − α₃w₋ − α₂w)/α₁,  x ← x + c₊ηw₊,  r ← s₊²r − (c₊η/α₁)v₊
    Scalars::new(&MINRES, "ROTATE").record(&mut body, &parts, rotate::<T>)?;
    Combine { shift: true, ..steps.combine(OF_W, &w_before, &[&z, &w], 1) }.record(&mut body)?;
    steps.combine(OF_R, r, &[&v], 0).record(&mut body)?;
    if general {
        steps.combine(OF_COPY, &z, &[&z_next], 1).record(&mut body)?;
    }
    // Last, as the next test looks at x·x.
    steps.combine(OF_X, x, &[&w], 1).record(&mut body)?;

    let own = vec![(C, 1.0), (C_BEFORE, 1.0), (OF_COPY + 1, 1.0)];
    let recorded = Recorded { start, body, iterations: 1, direction: z, own, refused: None, witness: None };
    Ok(Loop::of(gpu, options, parts, recorded))
}

/// The Lanczos coefficients, after the test of ‖r‖.
fn lanczos<T: Real>(words: &mut Words<'_, T>) {
    let (rr, zv) = (words.total_of_kind(0), words.total_of_kind(1 + words.params.general as usize));
    let curvature = words.total_of_product();
    let first = words.iteration().is_zero();
    words.leave_residual(rr);
    if first {
        *words.own(GAMMA) = zv.max(T::zero()).sqrt();
        *words.own(ETA) = *words.own(GAMMA);
        *words.own(NORM_B) = rr.sqrt();
    }
    // From the first iteration on, the sums of this kind are those of x·x: where ‖A‖‖x‖ drowns ‖b‖ in its own rounding, A
    // is singular, and b not in its range.
    let large = *words.own(LARGEST) * zv.sqrt() * T::epsilon();
    let drowned = !first && words.params.general == 0 && (large.is_nan() || large >= *words.own(NORM_B));
    let (gamma, before) = (*words.own(GAMMA), *words.own(GAMMA_BEFORE));
    let status = match words.tested(rr) {
        Status::Running if !curvature.is_finite() => Status::NotFinite,
        Status::Running if drowned => Status::Breakdown,
        Status::Running if gamma > T::zero() => Status::Running,
        Status::Running if first => Status::BadPreconditioner,
        Status::Running => Status::Breakdown,
        other => other,
    };
    words.leave_status(status);
    if status == Status::Running {
        let delta = curvature / (gamma * gamma);
        *words.own(DELTA) = delta;
        *words.own(LARGEST) = words.own(LARGEST).max(delta.abs());
        *words.own(OF_V) = if before > T::zero() { -gamma / before } else { T::zero() };
        *words.own(OF_V + 1) = T::one() / gamma;
        *words.own(OF_V + 2) = -delta / gamma;
    }
}

/// The Givens rotation, and the lengths of the steps.
fn rotate<T: Real>(words: &mut Words<'_, T>) {
    let zv = words.total_of_kind(1 + words.params.general as usize);
    let [gamma, delta, c, c_before] = [GAMMA, DELTA, C, C_BEFORE].map(|word| *words.own(word));
    let [s, s_before, eta] = [S, S_BEFORE, ETA].map(|word| *words.own(word));
    let iteration = words.iteration();
    // Before the first vector there is none: its γ is no entry of the tridiagonal matrix.
    let gamma_t = if iteration > T::zero() { gamma } else { T::zero() };
    let next = zv.max(T::zero()).sqrt();
    let alpha_0 = c * delta - c_before * s * gamma_t;
    let alpha_1 = (alpha_0 * alpha_0 + next * next).sqrt();
    let alpha_2 = s * delta + c_before * c * gamma_t;
    let alpha_3 = s_before * gamma_t;
    if !zv.is_finite() || !alpha_1.is_finite() {
        return words.leave_status(Status::NotFinite);
    }
    if zv < T::zero() {
        return words.leave_status(Status::BadPreconditioner);
    }
    // |η|α₁ = ‖Ar‖ for M = I: where it is rounding alone, no x does better.
    let largest = words.own(LARGEST).max(next);
    *words.own(LARGEST) = largest;
    if alpha_1 <= T::from_f64(4.0) * T::epsilon() * largest {
        return words.leave_status(Status::Breakdown);
    }
    let (c_next, s_next) = (alpha_0 / alpha_1, next / alpha_1);
    let values = [
        (OF_W, -alpha_3 / alpha_1),
        (OF_W + 1, T::one() / (gamma * alpha_1)),
        (OF_W + 2, -alpha_2 / alpha_1),
        (OF_X, T::one()),
        (OF_X + 1, c_next * eta),
        (OF_R, s_next * s_next),
        (OF_R + 1, -c_next * eta / alpha_1),
        (GAMMA_BEFORE, gamma),
        (GAMMA, next),
        (C_BEFORE, c),
        (C, c_next),
        (S_BEFORE, s),
        (S, s_next),
        (ETA, -s_next * eta),
    ];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
    words.leave_iteration(iteration + T::one());
}
