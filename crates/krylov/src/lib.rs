//! Operators, conjugate-direction solvers, preconditioners, refinement and verification.

pub mod amg;
pub mod cg;
pub mod device;
pub mod generate;
pub mod multigrid;
pub mod operator;
pub mod precondition;

mod error;
mod outcome;
mod setup;
mod solve;
mod spectrum;
mod stage;
mod truth;

pub use error::KrylovError;
pub use outcome::{Outcome, Reason};
pub use precondition::{DevicePreconditioner, Preconditioner};
pub use solve::{Precision, Progress, Solution, SolveOptions, solve};
