//! Portable GPU solvers for linear systems and PDEs, verified in f64.
