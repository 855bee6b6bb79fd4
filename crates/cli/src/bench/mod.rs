//! `ansatz bench`.

mod bandlimited;
mod convolution;
mod features;
mod gemm;
mod krylov;
mod least_squares;
mod pig;
mod published_draws;
mod snnk;
mod snnk_speed;
mod solvers;

use std::path::Path;
use std::time::Instant;

use ansatz::Gpu;
use ansatz::gpu::{GpuError, Plan};
use clap::Subcommand;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output;

/// Measures a family of kernels, or reproduces a table of the literature.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Bandlimited(bandlimited::Bandlimited),
    Convolution(convolution::ConvolutionBench),
    Features(features::Features),
    Gemm(gemm::Gemm),
    Krylov(krylov::Krylov),
    LeastSquares(least_squares::LeastSquares),
    Pig(pig::PigBench),
    Snnk(snnk::SnnkBench),
    Solvers(solvers::Solvers),
}

impl Bench {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Bandlimited(bandlimited) => bandlimited.run(),
            Self::Convolution(convolution) => convolution.run(),
            Self::Features(features) => features.run(),
            Self::Gemm(gemm) => gemm.run(),
            Self::Krylov(krylov) => krylov.run(),
            Self::LeastSquares(least_squares) => least_squares.run(),
            Self::Pig(pig) => pig.run(),
            Self::Snnk(snnk) => snnk.run(),
            Self::Solvers(solvers) => solvers.run(),
        }
    }
}

/// The report as a file, and as text unless that file is the standard output.
fn show<R: Serialize>(
    json: Option<&Path>,
    report: &R,
    text: impl FnOnce(&R) -> String,
) -> Result<Exit, Failure> {
    if let Some(path) = json {
        output::json(path, report)?;
    }
    if !output::is_stdout(json) {
        output::print(&text(report))?;
    }
    Ok(Exit::Success)
}

/// Of one run of a plan.
fn seconds(gpu: &Gpu, plan: &mut Plan) -> Result<f64, GpuError> {
    let start = Instant::now();
    plan.run()?;
    gpu.wait()?;
    Ok(start.elapsed().as_secs_f64())
}
