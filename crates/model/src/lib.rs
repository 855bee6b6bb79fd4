//! Portable GPU solvers for linear systems, verified in f64.
//!
//! A [`LinearSystem`] is read from a file, generated, or made from an operator of one's own; [`LinearSystem::solve`] runs
//! conjugate gradients on a device ([`Gpu`]) inside iterative refinement on the host. An answer is called converged only
//! after its residual was recomputed in f64 off the device; not converging is a value with a [`Reason`] and a hint.

pub mod io;
pub mod plot;
pub mod verify;

pub mod pde;

pub mod train;

mod error;
mod linear_system;
mod median;
mod reference;
mod report;
mod save;

pub use ansatz_features as features;
pub use ansatz_gpu as gpu;
pub use ansatz_gpu::{Gpu, OpenOptions, Selection};
pub use ansatz_krylov as krylov;
pub use ansatz_krylov::{
    Method, Outcome, Precision, Preconditioner, Progress, Reason, Solution, SolveOptions,
};
pub use ansatz_layers as layers;
pub use ansatz_linalg as linalg;
pub use ansatz_optim as optim;
pub use ansatz_problem as problem;
pub use ansatz_random_features as random_features;
pub use error::Error;
pub use linear_system::{LinearSystem, Run};
pub use median::median;
pub use reference::{Axis, Reference};
pub use report::{ColumnReport, KernelReport, Report, kernels};

/// The examples of the README, tested.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
