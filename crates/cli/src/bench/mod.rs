//! `ansatz bench`.

mod features;
mod gemm;
mod krylov;
mod least_squares;

use clap::Subcommand;

use crate::exit::{Exit, Failure};

/// Measures a family of kernels.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Features(features::Features),
    Gemm(gemm::Gemm),
    Krylov(krylov::Krylov),
    LeastSquares(least_squares::LeastSquares),
}

impl Bench {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Features(features) => features.run(),
            Self::Gemm(gemm) => gemm.run(),
            Self::Krylov(krylov) => krylov.run(),
            Self::LeastSquares(least_squares) => least_squares.run(),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
