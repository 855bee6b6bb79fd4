//! `ansatz bench`.

mod bandlimited;
mod features;
mod gemm;
mod krylov;
mod least_squares;
mod pig;
mod published_draws;
mod snnk;
mod snnk_speed;

use std::time::Instant;

use ansatz::Gpu;
use ansatz::gpu::{GpuError, Plan};
use clap::Subcommand;

use crate::exit::{Exit, Failure};

/// Measures a family of kernels, or reproduces a table of the literature.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Bandlimited(bandlimited::Bandlimited),
    Features(features::Features),
    Gemm(gemm::Gemm),
    Krylov(krylov::Krylov),
    LeastSquares(least_squares::LeastSquares),
    Pig(pig::PigBench),
    Snnk(snnk::SnnkBench),
}

impl Bench {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Bandlimited(bandlimited) => bandlimited.run(),
            Self::Features(features) => features.run(),
            Self::Gemm(gemm) => gemm.run(),
            Self::Krylov(krylov) => krylov.run(),
            Self::LeastSquares(least_squares) => least_squares.run(),
            Self::Pig(pig) => pig.run(),
            Self::Snnk(snnk) => snnk.run(),
        }
    }
}

/// Of one run of a plan.
fn seconds(gpu: &Gpu, plan: &mut Plan) -> Result<f64, GpuError> {
    let start = Instant::now();
    plan.run()?;
    gpu.wait()?;
    Ok(start.elapsed().as_secs_f64())
}
