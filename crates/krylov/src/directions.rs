//! Conjugate directions with a window, for symmetric positive definite matrices and whatever gives directions: a preconditioner that
//! may be neither linear nor symmetric (Kaneda et al., ICML 2023, algorithm 1): `shaders/krylov/directions.wgsl`.
//!
//! Each direction is made conjugate to the last few by modified Gram–Schmidt, and the step along it is the best one: the error in the
//! norm of A never rises. With one direction these are the flexible conjugate gradients of Notay (SIAM J. Sci. Comput. 22, 2000).

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::DIRECTIONS;

use crate::cg::control::Status;
use crate::cg::{Loop, LoopOptions, Parts, Recorded};
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;
use crate::steps::{Combine, Scalars, Steps, Words};

// The method's own words, as in the kernel.
const SLOT: u32 = 0;
const REFUSED: u32 = 1;
const PLAIN: u32 = 2;
const OF_Z: u32 = 3;
const OF_PROJECT: u32 = 5;
const OF_X: u32 = 7;
const OF_R: u32 = 9;
const OF_KEEP: u32 = 11;
// Constant coefficients: (0, 1) of a copy, (0, 0) of zero.
const OF_COPY: u32 = 13;
const OF_ZERO: u32 = 15;
const WINDOW: u32 = 17;
const MARK: u32 = 18;
const AGE: u32 = 19;
const ASIDE: u32 = 20;
const PATIENCE: u32 = 21;
const CURVATURES: u32 = 22;

/// So many directions of a network that do not halve ‖r‖ put it aside, for four times as many.
const NETWORK_PATIENCE: f64 = 8.0;
/// The most directions of a window.
pub(crate) const MOST_WINDOW: u32 = 16;

/// Records the loop.
pub(crate) fn directions<T: Real>(
    gpu: &Gpu,
    operator: &dyn DeviceOperator<T>,
    preconditioner: &DevicePreconditioner<T>,
    columns: usize,
    options: LoopOptions,
    window: u32,
) -> Result<Loop<T>, GpuError> {
    let general = !preconditioner.is_identity();
    let parts = Parts::new(gpu, operator, columns, options, general, CURVATURES + window)?;
    let steps = Steps { parts: &parts, operator, preconditioner };
    let (x, r) = (&parts.x, &parts.r);
    let vector = |label| parts.vector(gpu, label);
    let (z, az) = (vector("z")?, vector("Az")?);
    let last = window as usize - 1;
    let p = (0..window).map(|_| vector("p")).collect::<Result<Vec<_>, _>>()?;
    let ap = (0..window).map(|_| vector("Ap")).collect::<Result<Vec<_>, _>>()?;

    // x = 0; r·r
    let mut start = Plan::new(gpu, "directions start");
    steps.combine(OF_ZERO, x, &[r], 1).record(&mut start)?;
    steps.sums(r, x, 0).record(&mut start)?;

    let mut body = Plan::new(gpu, "directions");
    let scalars = |flag| Scalars::new(&DIRECTIONS, flag);
    // z = M⁻¹r
    scalars("").record(&mut body, &parts, begin::<T>)?;
    if general {
        steps.precondition(&mut body, r, &z)?;
        Combine { u: &ap[0], ..steps.combine(OF_Z, &z, &[r], 1) }.record(&mut body)?;
    } else {
        Combine { u: &ap[0], ..steps.combine(OF_COPY, &z, &[r], 1) }.record(&mut body)?;
    }
    // z ← z − (z·Ap/p·Ap)p for each p of the window
    for (slot, p) in p.iter().enumerate() {
        scalars("PROJECT").record(&mut body, &parts, project::<T>)?;
        let u = if slot < last { &ap[slot + 1] } else { r };
        Combine { u, ..steps.combine(OF_PROJECT, &z, &[p], 1) }.record(&mut body)?;
    }
    // α = z·r/z·Az,  x ← x + αz,  r ← r − αAz
    steps.multiply(&mut body, &z, &az)?;
    scalars("STEP").record(&mut body, &parts, step::<T>)?;
    steps.combine(OF_X, x, &[&z], 1).record(&mut body)?;
    steps.combine(OF_R, r, &[&az], 0).record(&mut body)?;
    // The window moves on.
    for (kept, new) in [(&p, &z), (&ap, &az)] {
        for slot in 0..last {
            steps.combine(OF_KEEP, &kept[slot], &[&kept[slot + 1]], 1).record(&mut body)?;
        }
        steps.combine(OF_KEEP, &kept[last], &[new], 1).record(&mut body)?;
    }

    let patience = if preconditioner.is_learned() { NETWORK_PATIENCE } else { 0.0 };
    let own = vec![(OF_COPY + 1, 1.0), (WINDOW, f64::from(window)), (PATIENCE, patience)];
    let recorded =
        Recorded { start, body, iterations: 1, direction: z, own, refused: Some(REFUSED), witness: None };
    Ok(Loop::of(gpu, options, parts, recorded))
}

/// The test of ‖r‖.
fn begin<T: Real>(words: &mut Words<'_, T>) {
    let rr = words.total_of_kind(0);
    words.leave_residual(rr);
    let status = words.tested(rr);
    words.leave_status(status);
    if *words.own(PATIENCE) > T::zero() {
        be_patient(words, rr);
    }
    let plain = *words.own(PLAIN);
    let values = [(OF_Z, T::one() - plain), (OF_Z + 1, plain), (SLOT, T::zero())];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
}

/// Puts M aside where it does not help.
fn be_patient<T: Real>(words: &mut Words<'_, T>, rr: T) {
    let patience = *words.own(PATIENCE);
    let aside = (*words.own(ASIDE) - T::one()).max(T::zero());
    let age = *words.own(AGE) + T::one();
    let is_tired = aside.is_zero() && age > patience;
    let is_quarter = rr <= T::from_f64(0.25) * *words.own(MARK);
    if words.iteration().is_zero() || aside > T::zero() || is_tired || is_quarter {
        *words.own(MARK) = rr;
        *words.own(AGE) = T::zero();
    } else {
        *words.own(AGE) = age;
    }
    *words.own(ASIDE) = if is_tired { T::from_f64(4.0) * patience } else { aside };
    if *words.own(ASIDE) > T::zero() && words.own(PLAIN).is_zero() {
        *words.own(PLAIN) = T::one();
        *words.own(REFUSED) += T::one();
    }
}

/// The part of z along a direction of the window.
fn project<T: Real>(words: &mut Words<'_, T>) {
    let zu = words.total_of_kind(2);
    let slot = *words.own(SLOT);
    let curvature = *words.own(CURVATURES + slot.widen() as u32);
    let part = if curvature > T::zero() { -zu / curvature } else { T::zero() };
    let values = [(OF_PROJECT, T::one()), (OF_PROJECT + 1, part), (SLOT, slot + T::one())];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
}

/// α, unless z is refused.
fn step<T: Real>(words: &mut Words<'_, T>) {
    let [rr, zz, zr] = [0, 1, 2].map(|kind| words.total_of_kind(kind));
    let curvature = words.total_of_product();
    let finite = zz.is_finite() && zr.is_finite() && curvature.is_finite();
    let least = T::from_f64(16.0) * T::epsilon() * zz.sqrt() * rr.sqrt();
    let taken = finite && curvature > T::zero() && zr.abs() > least;
    let mut alpha = T::zero();
    if taken {
        alpha = zr / curvature;
        let last = CURVATURES + words.own(WINDOW).widen() as u32 - 1;
        for word in CURVATURES..last {
            *words.own(word) = *words.own(word + 1);
        }
        *words.own(last) = curvature;
    } else {
        if !words.own(PLAIN).is_zero() {
            words.leave_status(match curvature > T::zero() {
                _ if !finite => Status::NotFinite,
                true => Status::Breakdown,
                false => Status::NoCurvature,
            });
        }
        *words.own(REFUSED) += T::one();
    }
    let refused = if taken { T::zero() } else { T::one() };
    let values = [
        (PLAIN, refused),
        (OF_X, T::one()),
        (OF_X + 1, alpha),
        (OF_R, T::one()),
        (OF_R + 1, -alpha),
        (OF_KEEP, refused),
        (OF_KEEP + 1, T::one() - refused),
    ];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
    let iteration = words.iteration();
    words.leave_iteration(iteration + T::one());
}
