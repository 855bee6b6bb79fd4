//! LSQR for least squares (Paige and Saunders, ACM Trans. Math. Softw. 8, 1982), by the bidiagonalisation that begins with Aᵀb, as each
//! refinement has that in f64: `shaders/krylov/lsqr.wgsl`. In exact arithmetic the iterates are those of conjugate gradients for least
//! squares; the lengths come from norms and never from differences, which serves it well where A is ill-conditioned.
//!
//! ```text
//! v = Aᵀb,  p = d = 0
//! loop:  θ = ‖v‖,  ‖Aᵀr‖ = θ|τ|,  p ← Av/θ − (θ/ρ)p
//!        ρ = ‖p‖,  τ ← −(θ/ρ)τ,  d ← (v/θ − θd)/ρ,  x ← x + τd
//!        v ← Aᵀp/ρ − (ρ/θ)v
//! ```

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::LSQR;

use crate::cg::control::Status;
use crate::cg::{Loop, LoopOptions, Parts, Recorded};
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;
use crate::steps::{Scalars, Steps, Words};

// The method's own words, as in the kernel.
const THETA: u32 = 0;
const DIAGONAL: u32 = 1;
const TAU: u32 = 2;
const LARGEST: u32 = 3;
const OF_P: u32 = 4;
const OF_D: u32 = 6;
const OF_X: u32 = 8;
const OF_V: u32 = 10;
// Constant coefficients: (0, 1) of a copy, (0, 0) of zero.
const OF_COPY: u32 = 12;
const OF_ZERO: u32 = 14;
/// How many they are.
const OWN_WORDS: u32 = 16;

/// Records the loop for an operator AᵀA, from r = Aᵀb.
///
/// # Errors
/// [`GpuError::Misuse`] where the operator is no such product; limits and memory of the device.
pub(crate) fn lsqr<T: Real>(
    gpu: &Gpu,
    normal: &dyn DeviceOperator<T>,
    preconditioner: &DevicePreconditioner<T>,
    columns: usize,
    options: LoopOptions,
) -> Result<Loop<T>, GpuError> {
    let Some([a, transposed]) = normal.factors() else {
        let message = "the operator is not a product of a matrix and its transpose".to_owned();
        return Err(GpuError::Misuse { what: "lsqr".to_owned(), message });
    };
    let parts = Parts::new(gpu, normal, columns, options, false, OWN_WORDS)?;
    let steps = Steps { parts: &parts, operator: normal, preconditioner };
    let (control, shape) = (&parts.control, parts.params.shape());
    let (x, r) = (&parts.x, &parts.r);
    let vector = |label| parts.vector(gpu, label);
    let (v, p, d, product) = (vector("v")?, vector("p")?, vector("d")?, vector("Av")?);

    // x = 0, v = r; v·v
    let mut start = Plan::new(gpu, "lsqr start");
    steps.combine(OF_ZERO, x, &[r], 1).record(&mut start)?;
    steps.combine(OF_COPY, &v, &[r], 0).record(&mut start)?;

    let mut body = Plan::new(gpu, "lsqr");
    // θ = ‖v‖,  p ← Av/θ − (θ/ρ)p
    Scalars::new(&LSQR, "").record(&mut body, &parts, lengthen::<T>)?;
    a.record(&mut body, control, shape, &v, &product)?;
    steps.combine(OF_P, &p, &[&product], 1).record(&mut body)?;
    // ρ = ‖p‖,  d ← (v/θ − θd)/ρ,  x ← x + τd
    Scalars::new(&LSQR, "STEP").record(&mut body, &parts, step::<T>)?;
    steps.combine(OF_D, &d, &[&v], 1).record(&mut body)?;
    steps.combine(OF_X, x, &[&d], 1).record(&mut body)?;
    // v ← Aᵀp/ρ − (ρ/θ)v
    transposed.record(&mut body, control, shape, &p, &product)?;
    steps.combine(OF_V, &v, &[&product], 0).record(&mut body)?;

    let own = vec![(TAU, -1.0), (OF_COPY + 1, 1.0)];
    let recorded = Recorded { start, body, iterations: 1, direction: v, own, refused: None, witness: None };
    Ok(Loop::of(gpu, options, parts, recorded))
}

/// θ, after the test of ‖Aᵀr‖.
fn lengthen<T: Real>(words: &mut Words<'_, T>) {
    let (of_v, tau) = (words.total_of_kind(0), *words.own(TAU));
    let rr = of_v * tau * tau;
    words.leave_residual(rr);
    let status = words.tested(rr);
    words.leave_status(status);
    if status == Status::Running {
        let (theta, rho) = (of_v.sqrt(), *words.own(DIAGONAL));
        *words.own(THETA) = theta;
        *words.own(OF_P) = if rho > T::zero() { -theta / rho } else { T::zero() };
        *words.own(OF_P + 1) = T::one() / theta;
    }
}

/// ρ, and the lengths of the steps.
fn step<T: Real>(words: &mut Words<'_, T>) {
    let rho = words.total_of_kind(1).sqrt();
    let [theta, tau, largest] = [THETA, TAU, LARGEST].map(|word| *words.own(word));
    let largest = largest.max(theta).max(rho);
    *words.own(LARGEST) = largest;
    if !rho.is_finite() {
        return words.leave_status(Status::NotFinite);
    }
    if rho <= T::epsilon() * largest {
        return words.leave_status(Status::Breakdown);
    }
    let (iteration, next) = (words.iteration(), -theta / rho * tau);
    let values = [
        (OF_D, if iteration.is_zero() { T::zero() } else { -theta / rho }),
        (OF_D + 1, T::one() / (theta * rho)),
        (OF_X, T::one()),
        (OF_X + 1, next),
        (OF_V, -rho / theta),
        (OF_V + 1, T::one() / rho),
        (DIAGONAL, rho),
        (TAU, next),
    ];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
    words.leave_iteration(iteration + T::one());
}
