//! Portable GPU solvers for linear systems and PDEs, verified in f64.

pub mod io;
