//! Operators, conjugate-direction solvers, preconditioners, refinement and verification.

pub mod amg;
pub mod block;
pub mod cg;
pub mod deflation;
pub mod device;
pub mod generate;
pub mod lanczos;
pub mod learned;
pub mod multigrid;
pub mod operator;
pub mod precondition;
pub mod stencils;

mod bicgstab;
mod directions;
mod error;
mod gmres;
mod lsqr;
mod method;
mod minres;
mod norms;
mod outcome;
mod richardson;
pub mod rounded;
mod setup;
mod solve;
mod spectrum;
mod stage;
pub mod steps;
mod truth;

pub use error::KrylovError;
pub use method::Method;
pub use outcome::{Outcome, Reason};
pub use precondition::{DevicePreconditioner, Preconditioner};
pub use solve::{Precision, Progress, Solution, SolveOptions, solve};
