//! Dense linear algebra on the device: vectors (copy, triad, axpby, reductions, elementary functions, random numbers),
//! products of matrices and vectors, tall least squares; and the bandwidth and arithmetic that a device reaches.
//!
//! Each kernel is a struct of its buffers; `record` checks their shapes and adds the launch to a [`Plan`]. Vectors may
//! have any length: the kernels work on groups of four, and a buffer's padding is zero.
//!
//! ```
//! use ansatz_gpu::{Gpu, Plan};
//! use ansatz_linalg::{Dot, Grid};
//!
//! # fn main() -> Result<(), ansatz_gpu::GpuError> {
//! let gpu = Gpu::cpu();
//! let x = gpu.upload("x", &[1.0f32, 2.0, 3.0])?;
//! let grid = Grid::reduction(&gpu, x.len());
//! let (partials, results) = (gpu.buffer("partials", grid.groups as usize)?, gpu.buffer("results", 2)?);
//!
//! let mut plan = Plan::new(&gpu, "squared norm");
//! Dot { x: &x, y: &x, partials: &partials, results: &results, slot: 1, grid }.record(&mut plan)?;
//! plan.run()?;
//! assert_eq!(gpu.read(&results)?, [0.0, 14.0]);
//! # Ok(()) }
//! ```
//!
//! [`Plan`]: ansatz_gpu::Plan

mod arithmetic;
mod axpby;
mod bandwidth;
mod copy;
mod dot;
mod faer_calls;
mod functions;
mod gemm;
mod gemv;
mod grid;
pub mod least_squares;
mod matrix;
mod norm_max;
mod quadratic;
mod random_fill;
mod triad;
mod view;

pub use arithmetic::{Arithmetic, Operation};
pub use axpby::Axpby;
pub use bandwidth::{Bandwidth, measure, measure_exponentials, measure_gflops};
pub use copy::VectorCopy;
pub use dot::Dot;
pub use functions::{Elementwise, Function};
pub use gemm::{Gemm, Tiling};
pub use gemv::{ColumnSquares, ColumnSums, Gemv};
pub use grid::{Grid, MAX_TRIPS};
pub use least_squares::{
    DampedLeastSquares, DampedSolution, Factor, LeastSquares, LeastSquaresReason, LeastSquaresSolution, Place,
};
pub use matrix::{Matrix, SLAB_GRAIN};
pub use norm_max::NormMax;
pub use quadratic::Quadratic;
pub use random_fill::{Drawn, RandomFill};
pub use triad::Triad;
pub use view::View;
