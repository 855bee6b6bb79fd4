//! `ansatz train stencils`.

use std::path::PathBuf;
use std::sync::Arc;

use ansatz::krylov::stencils::{LearnedStencils, StencilNetwork};
use ansatz::plot::{Convergence, Series};
use ansatz::train::{StencilWeights, StencilsTraining, TrainStop, Trained, train_stencils};
use ansatz::{Gpu, LinearSystem, Preconditioner, SolveOptions};
use clap::Args;
use serde::Serialize;

use super::common::{Common, adam, check_steps, ended, exit, with_new_rhs};
use super::meter::Meter;
use crate::exit::{Exit, Failure};
use crate::stop;

/// Trains a network that gives the stencils of an additive cycle over grids, on geometries with random obstacles, without a solve.
///
/// The weights serve `ansatz solve --pc stencils --weights FILE`, on geometries and grids that they have not seen.
#[derive(Debug, Args)]
pub struct Stencils {
    /// The grid of every geometry: NxN or NxNxN, of more than 512 cells.
    #[arg(long, value_name = "GRID")]
    grid: String,

    /// Geometries.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=4096))]
    geometries: u16,

    /// Steps of Adam.
    #[arg(long, value_name = "N", default_value_t = 3000)]
    steps: usize,

    /// Random errors per step.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,

    /// Steps from one drawing of errors to the next; each but the first takes what the one before has left of them.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=10))]
    rounds: u8,

    /// The rate of the first steps of Adam, which falls to a hundredth along a cosine.
    #[arg(long, value_name = "NUMBER", default_value_t = 2e-3, allow_hyphen_values = true)]
    rate: f64,

    /// Channels of the network.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    channels: u8,

    /// Its layers.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    layers: u8,

    /// Weights to begin with, such as those of a smaller grid, whose network is taken over.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["channels", "layers"])]
    from: Option<PathBuf>,

    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Serialize)]
struct Report {
    /// A geometry that was not trained with.
    system: String,
    device: String,
    parameters: usize,
    steps: usize,
    batch: usize,
    geometries: usize,
    seed: u64,
    loss_history: Vec<f64>,
    stop_reason: TrainStop,
    seconds: f64,
    seconds_per_step: f64,
    /// To a relative residual of 1e-8.
    iterations: u64,
    /// Those of the same cycle with Jacobi's scaling.
    iterations_of_jacobi: u64,
    converged: bool,
}

/// Steps between two points of the picture: no round is longer.
const SHOWN: usize = 10;

impl Stencils {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        self.common.check(self.from.as_deref())?;
        check_steps(self.steps, self.rate)?;
        stop::listen();
        // Also says what is wrong with the grid before anything is trained.
        let system = LinearSystem::generate(&format!("obstacles:{}:0.2", self.grid), self.common.seed)?;
        let options = self.options(&system)?;
        let gpu = self.common.device.open()?;
        let mut meter = Meter::new(self.common.quiet);
        let trained = train_stencils(&gpu, &options, |progress| {
            meter.show(progress);
            stop::flow()
        });
        meter.finish();
        let trained = trained?;
        trained.weights.write(&self.common.output).map_err(ansatz::Error::from)?;
        let report = report(&gpu, system, &trained)?;
        let Report { system, parameters, steps, seconds, iterations, iterations_of_jacobi, .. } = &report;
        let last = report.loss_history.chunks(SHOWN).last().unwrap_or_default();
        let loss = last.iter().sum::<f64>() / last.len().max(1) as f64;
        let text = format!(
            "trained      {parameters} parameters on {} geometries: {steps} steps, {seconds:.0} s, loss {loss:.3}{}\n\
             iterations   {iterations} to 1e-8 with {system}, which is none of them{}, the same cycle with Jacobi's scaling {iterations_of_jacobi}",
            report.geometries,
            ended(report.stop_reason),
            if report.converged { "" } else { " (not converged)" },
        );
        self.common.write(&report, &losses(&report), &text)?;
        Ok(exit(trained.stop))
    }

    fn options(&self, system: &LinearSystem) -> Result<StencilsTraining, Failure> {
        let from = match &self.from {
            Some(path) => Some(StencilWeights::read(path).map_err(ansatz::Error::from)?.learned),
            None => None,
        };
        let flat = system.generated().is_some_and(|generated| generated.grid.extents()[2] == 1);
        let network = from.as_ref().map_or(
            StencilNetwork {
                dimensions: if flat { 2 } else { 3 },
                channels: self.channels.into(),
                layers: self.layers.into(),
            },
            |from| *from.network(),
        );
        Ok(StencilsTraining {
            network,
            from,
            grid: self.grid.clone(),
            geometries: self.geometries.into(),
            steps: self.steps,
            batch: self.batch.into(),
            rounds: self.rounds.into(),
            adam: adam(self.steps, self.rate),
            seed: self.common.seed,
            checkpoint: self.common.checkpoint(),
            resume: self.common.resume.clone(),
        })
    }
}

/// Tries the weights on a geometry that they have not seen, with a random right-hand side.
fn report(gpu: &Gpu, system: LinearSystem, trained: &Trained<LearnedStencils>) -> Result<Report, Failure> {
    let origin = &trained.weights.origin;
    let name = system.name().to_owned();
    let system = with_new_rhs(system, origin.seed)?;
    let jacobi =
        SolveOptions { preconditioner: Preconditioner::Additive, look_every: 1, ..SolveOptions::default() };
    let learned = SolveOptions {
        preconditioner: Preconditioner::Stencils,
        stencils: Some(Arc::new(trained.weights.learned.clone())),
        ..jacobi.clone()
    };
    let (jacobi, learned) = (system.solve(gpu, &jacobi)?, system.solve(gpu, &learned)?);
    let (jacobi, learned) = (&jacobi.outcomes()[0], &learned.outcomes()[0]);
    Ok(Report {
        system: name,
        device: gpu.summary().to_string(),
        parameters: trained.weights.learned.network().parameters(),
        steps: origin.steps,
        batch: origin.batch,
        geometries: origin.geometries,
        seed: origin.seed,
        loss_history: trained.losses.clone(),
        stop_reason: trained.stop,
        seconds: origin.seconds,
        seconds_per_step: origin.seconds / origin.steps.max(1) as f64,
        iterations: learned.iterations,
        iterations_of_jacobi: jacobi.iterations,
        converged: learned.converged(),
    })
}

fn losses(report: &Report) -> Convergence {
    // Within a round the loss rises, as each step leaves what the cycle does worst at.
    let mean = |(i, losses): (usize, &[f64])| {
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        ((SHOWN * i + losses.len()) as f64, mean)
    };
    let points = report.loss_history.chunks(SHOWN).enumerate().map(mean);
    Convergence {
        title: format!("Stencils: what the best step along their direction leaves, mean of {SHOWN} steps"),
        series: vec![Series {
            label: "‖e − αq‖²/‖e‖² in the norm of A".to_owned(),
            points: points.collect(),
            ..Series::default()
        }],
        target: None,
        x_label: "step".to_owned(),
        y_label: "loss".to_owned(),
    }
}
