//! The stabilised bi-conjugate gradient method for matrices that need not be symmetric, right preconditioned (van der
//! Vorst, SIAM J. Sci. Stat. Comput. 13, 1992): `shaders/krylov/bicgstab.wgsl`.
//!
//! The shadow residual r̂ is random: with the usual r̂ = r, a smooth r against the wind makes r̂·r vanish within a dozen
//! iterations (to 1e-15 of ‖r̂‖‖r‖ for `convection:63x63:20`, where a random r̂ stays above 1e-5).

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::BICGSTAB;

use crate::cg::control::Status;
use crate::cg::{Loop, LoopOptions, Parts, Recorded};
use crate::device::DeviceOperator;
use crate::generate::random;
use crate::precondition::DevicePreconditioner;
use crate::steps::{Combine, Scalars, Steps, Words};

// The method's own words, as in the kernel.
const RHO: u32 = 0;
const ALPHA: u32 = 1;
const OMEGA: u32 = 2;
const SHADOW: u32 = 3;
const OF_P: u32 = 4;
const OF_S: u32 = 7;
const OF_X: u32 = 9;
const OF_R: u32 = 12;
// Constant coefficients, (0, 0).
const OF_ZERO: u32 = 14;
/// How many they are.
const OWN_WORDS: u32 = 16;

/// Of the shadow residual, which is the same in every run.
const SHADOW_SEED: u64 = 1992;

/// Records the loop.
pub(crate) fn bicgstab<T: Real>(
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
    let (p, v, t) = (vector("p")?, vector("v")?, vector("t")?);
    let numbers: Vec<f64> = (0..p.len() as u64).map(|i| random(SHADOW_SEED, i)).collect();
    let shadow = gpu.upload("r̂", &numbers.iter().map(|&number| T::from_f64(number)).collect::<Vec<_>>())?;
    let square = numbers.iter().map(|number| number * number).sum::<f64>() / columns.max(1) as f64;
    // M⁻¹p and M⁻¹s; r is s half of the time.
    let (p_hat, s_hat) =
        if general { (vector("M⁻¹p")?, vector("M⁻¹s")?) } else { (p.clone(), r.clone()) };

    // x = 0; r·r, r̂·r
    let mut start = Plan::new(gpu, "bicgstab start");
    steps.combine(OF_ZERO, x, &[r], 0).record(&mut start)?;
    steps.sums(r, &shadow, 0).record(&mut start)?;

    let mut body = Plan::new(gpu, "bicgstab");
    // β = (ρ/ρ₋)(α/ω),  p ← r + β(p − ωv)
    Scalars::new(&BICGSTAB, "").record(&mut body, &parts, begin::<T>)?;
    steps.combine(OF_P, &p, &[r, &v], 1).record(&mut body)?;
    // v = AM⁻¹p,  α = ρ/(r̂·v),  s = r − αv
    steps.precondition(&mut body, &p, &p_hat)?;
    steps.multiply(&mut body, &p_hat, &v)?;
    steps.sums(&v, &shadow, 1).record(&mut body)?;
    Scalars::new(&BICGSTAB, "ALPHA").record(&mut body, &parts, first_step::<T>)?;
    steps.combine(OF_S, r, &[&v], 0).record(&mut body)?;
    // t = AM⁻¹s,  ω = t·s/t·t,  x ← x + αM⁻¹p + ωM⁻¹s,  r ← s − ωt
    steps.precondition(&mut body, r, &s_hat)?;
    steps.multiply(&mut body, &s_hat, &t)?;
    steps.sums(&t, r, 1).record(&mut body)?;
    Scalars::new(&BICGSTAB, "OMEGA").record(&mut body, &parts, second_step::<T>)?;
    steps.combine(OF_X, x, &[&p_hat, &s_hat], 1).record(&mut body)?;
    Combine { u: &shadow, ..steps.combine(OF_R, r, &[&t], 0) }.record(&mut body)?;

    let own = vec![(SHADOW, square)];
    let recorded = Recorded { start, body, iterations: 1, direction: p, own, refused: None, witness: None };
    Ok(Loop::of(gpu, options, parts, recorded))
}

/// Whether a·b is lost in the rounding of its terms, from a·b, a·a and b·b.
fn is_lost<T: Real>(ab: T, aa: T, bb: T) -> bool {
    ab.abs() <= T::epsilon() * aa.sqrt() * bb.sqrt()
}

/// ρ and β, after the test of ‖r‖.
fn begin<T: Real>(words: &mut Words<'_, T>) {
    let (rr, rho) = (words.total_of_kind(0), words.total_of_kind(1));
    let first = words.iteration().is_zero();
    words.leave_residual(rr);
    let [before, alpha, omega, shadow] = [RHO, ALPHA, OMEGA, SHADOW].map(|word| *words.own(word));
    let status = match words.tested(rr) {
        Status::Running if !rho.is_finite() => Status::NotFinite,
        Status::Running if is_lost(rho, rr, shadow) || (!first && omega.is_zero()) => Status::Breakdown,
        other => other,
    };
    words.leave_status(status);
    if status == Status::Running {
        let beta = if first { T::zero() } else { rho / before * (alpha / omega) };
        let values = [(RHO, rho), (OF_P, beta), (OF_P + 1, T::one()), (OF_P + 2, -beta * omega)];
        values.into_iter().for_each(|(word, value)| *words.own(word) = value);
    }
}

/// α.
fn first_step<T: Real>(words: &mut Words<'_, T>) {
    let (vv, shadow_v) = (words.total_of_kind(1), words.total_of_kind(2));
    if !vv.is_finite() || !shadow_v.is_finite() {
        return words.leave_status(Status::NotFinite);
    }
    if is_lost(shadow_v, vv, *words.own(SHADOW)) {
        return words.leave_status(Status::Breakdown);
    }
    let alpha = *words.own(RHO) / shadow_v;
    let values = [(ALPHA, alpha), (OF_S, T::one()), (OF_S + 1, -alpha), (OF_X, T::one()), (OF_X + 1, alpha)];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
}

/// ω.
fn second_step<T: Real>(words: &mut Words<'_, T>) {
    let [ss, tt, ts] = [0, 1, 2].map(|kind| words.total_of_kind(kind));
    if !tt.is_finite() || !ts.is_finite() {
        return words.leave_status(Status::NotFinite);
    }
    // Without an ω the step along p remains, and the test of the next iteration decides.
    let omega = if is_lost(ts, tt, ss) { T::zero() } else { ts / tt };
    let values = [(OMEGA, omega), (OF_X + 2, omega), (OF_R, T::one()), (OF_R + 1, -omega)];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
    let iteration = words.iteration();
    words.leave_iteration(iteration + T::one());
}
