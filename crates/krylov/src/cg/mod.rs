//! Conjugate gradients on the device, in three launches per iteration:
//!
//! ```text
//! β = ρ/ρ₀          p ← z + βp                               cg_direction
//!                   q = Ap,  p·q                             the operator's kernel
//! α = ρ/(p·q)       x ← x + αp,  r ← r − αq,  r·r, r·z       cg_update
//! ```
//!
//! All scalars stay on the device: each workgroup adds up a few hundred partial sums for itself. A preconditioner that
//! is not diagonal adds its own launches and one more for r·z.

pub mod control;
mod direction;
mod inner;
pub mod inverse;
mod run;
mod start;
mod update;

pub use direction::Direction;
pub use inner::Inner;
pub use run::{ColumnState, Loop, LoopOptions, Start};
pub(crate) use run::{Parts, Recorded};
pub use start::Begin;
pub use update::Update;

use ansatz_gpu::{Gpu, Real};

/// Invocations per workgroup on a GPU.
pub(crate) const LANES: u32 = 64;

/// Invocations per workgroup of the kernels that walk through vectors.
pub(crate) fn stream_lanes(gpu: &Gpu) -> u32 {
    gpu.stream_lanes(LANES)
}

/// Workgroups per column of the vector kernels: enough to fill a large GPU, few enough that every workgroup can add up
/// one partial sum from each.
pub(crate) fn vector_groups(gpu: &Gpu, quads: usize) -> u32 {
    let most = if gpu.is_cpu() { 4 * rayon::current_num_threads() } else { 256 };
    quads.div_ceil(LANES as usize).clamp(1, most) as u32
}

/// The group of four unknowns with index `quad`.
pub(crate) fn quad<T: Real>(vector: &[T], quad: usize) -> [T; 4] {
    std::array::from_fn(|i| vector[4 * quad + i])
}

pub(crate) fn dot4<T: Real>(a: [T; 4], b: [T; 4]) -> T {
    (a[0] * b[0] + a[1] * b[1]) + (a[2] * b[2] + a[3] * b[3])
}

/// How many quads each workgroup's twin takes.
pub(crate) fn share(quads: usize, groups: usize) -> usize {
    quads.div_ceil(groups).max(1)
}

/// The totals of three rows of `groups` partial sums.
fn column_sums<T: Real>(partial: &[T], groups: usize) -> [T; 3] {
    std::array::from_fn(|k| partial[k * groups..(k + 1) * groups].iter().copied().sum())
}
