//! Operators, conjugate-direction solvers, preconditioners, refinement and verification.

pub mod generate;
pub mod operator;
