//! `ansatz bench`.

mod gemm;
mod krylov;

use clap::Subcommand;

use crate::exit::{Exit, Failure};

/// Measures a family of kernels.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Gemm(gemm::Gemm),
    Krylov(krylov::Krylov),
}

impl Bench {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Gemm(gemm) => gemm.run(),
            Self::Krylov(krylov) => krylov.run(),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
