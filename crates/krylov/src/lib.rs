//! Operators, conjugate-direction solvers, preconditioners, refinement and verification.
