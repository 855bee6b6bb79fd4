//! Block conjugate gradients for several right-hand sides, which share one Krylov space (O'Leary, Linear Algebra Appl. 29, 1980), with the
//! block of residuals kept as R = W S, W orthonormal (BCGrQ of Dubrulle, ETNA 12, 2001):
//!
//! ```text
//! start:  X = 0,  R = B = W S
//! loop:   Z = M⁻¹W
//!         β = −G⁺(QᵀZ),  P ← Z + Pβ                  0 in the first iteration
//!         Q = A P                                    the operator's kernel, all columns
//!         G = PᵀQ,  ξ = G⁺(PᵀW)                      s×s
//!         X ← X + P(ξS),  W ← W − Qξ
//!         WᵀW = ρᵀρ,  S ← ρS,  W ← Wρ⁻¹              r·r of a column is that of S
//! ```
//!
//! Directions are conjugate to the block before whatever M is, so that M need be neither symmetric nor linear. Columns of R that come to
//! depend on each other would make G singular: an orthonormal W keeps it as regular as A and M allow. The factor ρ is by Cholesky with
//! pivots that rounding leaves nothing of lifted (Fukaya et al., SIAM J. Sci. Comput. 42, 2020), so that no part of R is ever left out; G⁺ is
//! by Cholesky with such pivots left out (Ji and Li, BIT 57, 2017), so that nothing is divided by them.
//!
//! All columns take as many iterations, and end when each has reached its goal, or one its limit. Slot j of W, P and Q is no column's own:
//! a column at rest may still have its slot worked on.

mod combination;
mod products;
mod scalars;
mod small;

pub use combination::{Combination, Terms};
pub use products::Products;

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_shaders::krylov::{BLOCK_CONJUGATE, BLOCK_STEP, BLOCK_UNIT};

use crate::cg::{LANES, Loop, LoopOptions, Parts, Recorded};
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;
use crate::steps::Steps;
use small::{Scalars, Small};

/// The most right-hand sides: what the small matrices have room for in workgroup memory.
pub(crate) const MOST_COLUMNS: usize = 32;
/// So many workgroups of the products fill a large GPU.
const MOST_GROUPS: u32 = 2048;

// The method's own words: that of the witness as in the kernel; constant coefficients (0, 0) of zero.
const WITNESS: u32 = 0;
const OF_ZERO: u32 = 1;
/// How many they are.
const OWN_WORDS: u32 = 3;

/// Records the loop.
pub(crate) fn block_cg<T: Real>(
    gpu: &Gpu,
    operator: &dyn DeviceOperator<T>,
    preconditioner: &DevicePreconditioner<T>,
    columns: usize,
    options: LoopOptions,
) -> Result<Loop<T>, GpuError> {
    if columns > MOST_COLUMNS {
        return Err(GpuError::Limit {
            what: "block conjugate gradients (right-hand sides)".to_owned(),
            needed: columns as u64,
            available: MOST_COLUMNS as u64,
            remedy: "solve them in groups of 32, or use cg",
        });
    }
    let general = !preconditioner.is_identity();
    let mut parts = Parts::new(gpu, operator, columns, options, general, OWN_WORDS)?;
    // One workgroup adds up a partial sum of every group for every pair of columns: few groups, with some quads for each lane.
    let (tiles, quads) = ((columns as u32).div_ceil(4).pow(2), parts.params.quads);
    let most = (MOST_GROUPS / tiles).min(quads.div_ceil(8 * LANES)).max(1);
    parts.params.groups = parts.params.groups.min(most);
    let parts = parts;
    let (params, control) = (parts.params, &parts.control);
    let steps = Steps { parts: &parts, operator, preconditioner };
    // The residuals are scaled where they lie.
    let (x, w) = (&parts.x, &parts.r);
    let (p, q) = (parts.vector(gpu, "P")?, parts.vector(gpu, "AP")?);
    let z = if general { parts.vector(gpu, "Z")? } else { w.clone() };
    let at = Small { columns };
    let small = gpu.buffer("small matrices", at.len())?;
    let sums = gpu.buffer("UᵀV", 2 * columns * columns * params.groups as usize)?;
    let product =
        |u, v, product, symmetric| Products { params, control, u, v, products: &sums, product, symmetric };
    let combination = |at, y, terms| Combination { params, small: &small, at, y, terms };
    let scalars = Scalars { parts: &parts, products: &sums, small: &small };

    // X = 0;  BᵀB = ρᵀρ,  S = ρ,  W = Bρ⁻¹
    let mut start = Plan::new(gpu, "block-cg start");
    steps.combine(OF_ZERO, x, &[w], 0).record(&mut start)?;
    product(w, w, 0, true).record(&mut start)?;
    scalars.record(&mut start, &BLOCK_UNIT, (true, 1), scalars::begin::<T>)?;
    combination(at.combination(), w, Terms::Own).record(&mut start)?;

    let mut body = Plan::new(gpu, "block-cg");
    // Z = M⁻¹W
    if general {
        steps.precondition(&mut body, w, &z)?;
    }
    // β = −G⁺(QᵀZ),  P ← Z + Pβ
    product(&q, &z, 0, false).record(&mut body)?;
    scalars.record(&mut body, &BLOCK_CONJUGATE, (false, 1), scalars::conjugate::<T>)?;
    combination(at.combination(), &p, Terms::OwnOnto(&z)).record(&mut body)?;
    // Q = A P
    steps.multiply(&mut body, &p, &q)?;
    // G = PᵀQ,  ξ = G⁺(PᵀW),  X ← X + P(ξS),  W ← W − Qξ
    product(&p, &q, 0, true).record(&mut body)?;
    product(&p, w, 1, false).record(&mut body)?;
    scalars.record(&mut body, &BLOCK_STEP, (false, 2), scalars::step::<T>)?;
    combination(at.combination(), x, Terms::Onto(&p)).record(&mut body)?;
    combination(at.other_combination(), w, Terms::Onto(&q)).record(&mut body)?;
    // WᵀW = ρᵀρ,  S ← ρS,  W ← Wρ⁻¹
    product(w, w, 0, true).record(&mut body)?;
    scalars.record(&mut body, &BLOCK_UNIT, (false, 1), scalars::unit::<T>)?;
    combination(at.combination(), w, Terms::Own).record(&mut body)?;

    let recorded = Recorded {
        start,
        body,
        iterations: 1,
        direction: p,
        own: Vec::new(),
        refused: None,
        witness: Some(WITNESS),
    };
    Ok(Loop::of(gpu, options, parts, recorded))
}
