//! Richardson's iteration x ← x + M⁻¹r: a preconditioner, such as a cycle of multigrid, as a solver by itself
//! (Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., equation 4.34): `shaders/krylov/richardson.wgsl`.

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::RICHARDSON;

use crate::cg::control::Status;
use crate::cg::{Loop, LoopOptions, Parts, Recorded};
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;
use crate::steps::{Scalars, Steps, Words};

// The method's own words, as in the kernel; then constant coefficients: (1, 1) of a sum, (1, −1) of a difference, (0, 0, 1) of zero,
// whose last two copy.
const LEAST: u32 = 0;
const OF_SUM: u32 = 1;
const OF_DIFFERENCE: u32 = 3;
const OF_ZERO: u32 = 5;
const OF_COPY: u32 = 6;
const OWN_WORDS: u32 = 8;
/// Growth of r·r that is divergence.
const DIVERGED: f64 = 1e6;

/// Records the loop.
pub(crate) fn richardson<T: Real>(
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
    let az = parts.vector(gpu, "Az")?;
    // A copy of r where M = I, as Az is taken off r.
    let z = parts.vector(gpu, "z")?;

    // x = 0; r·r
    let mut start = Plan::new(gpu, "richardson start");
    steps.combine(OF_ZERO, x, &[r], 1).record(&mut start)?;
    steps.sums(r, x, 0).record(&mut start)?;

    let mut body = Plan::new(gpu, "richardson");
    Scalars::new(&RICHARDSON, "").record(&mut body, &parts, test::<T>)?;
    // z = M⁻¹r,  x ← x + z,  r ← r − Az
    if general {
        steps.precondition(&mut body, r, &z)?;
    } else {
        steps.combine(OF_COPY, &z, &[r], 1).record(&mut body)?;
    }
    steps.multiply(&mut body, &z, &az)?;
    steps.combine(OF_SUM, x, &[&z], 1).record(&mut body)?;
    steps.combine(OF_DIFFERENCE, r, &[&az], 0).record(&mut body)?;

    let own = vec![
        (OF_SUM, 1.0),
        (OF_SUM + 1, 1.0),
        (OF_DIFFERENCE, 1.0),
        (OF_DIFFERENCE + 1, -1.0),
        (OF_COPY + 1, 1.0),
    ];
    let recorded = Recorded { start, body, iterations: 1, direction: z, own, refused: None, witness: None };
    Ok(Loop::of(gpu, options, parts, recorded))
}

/// The test of ‖r‖, and the count.
fn test<T: Real>(words: &mut Words<'_, T>) {
    let rr = words.total_of_kind(0);
    let iteration = words.iteration();
    let least = if iteration.is_zero() { rr } else { words.own(LEAST).min(rr) };
    *words.own(LEAST) = least;
    words.leave_residual(rr);
    let mut status = words.tested(rr);
    if status == Status::Running && rr > T::from_f64(DIVERGED) * least {
        status = Status::Breakdown;
    }
    words.leave_status(status);
    if status == Status::Running {
        words.leave_iteration(iteration + T::one());
    }
}
