//! `ansatz train dcdm`.

use std::path::PathBuf;
use std::sync::Arc;

use ansatz::krylov::learned::LearnedDirections;
use ansatz::layers::convolution::DirectionNetwork;
use ansatz::plot::{Convergence, Series};
use ansatz::train::{DirectionTraining, DirectionWeights, TrainStop, Trained, train_directions};
use ansatz::{Gpu, LinearSystem, Method, Preconditioner, SolveOptions};
use clap::{ArgGroup, Args};
use serde::Serialize;

use super::common::{Common, adam, check_steps, ended, exit, on_a_grid, with_new_rhs};
use super::meter::Meter;
use crate::exit::{Exit, Failure};
use crate::stop;

/// Trains a network that gives directions for conjugate directions (Kaneda et al., ICML 2023), on Ritz vectors of one system.
///
/// The weights serve `ansatz solve --pc network --method directions --weights FILE`, on the same geometry and on others.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("system").required(true))]
pub struct Dcdm {
    /// The Poisson problem on a grid: N for N×N×N cells, NxN or NxNxN.
    #[arg(long, value_name = "GRID", group = "system")]
    grid: Option<String>,

    /// Another system on a grid, such as obstacles:32x32x32, as of `ansatz solve`.
    #[arg(long, value_name = "TEXT", group = "system")]
    generate: Option<String>,

    /// Steps of Adam.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    steps: usize,

    /// Right-hand sides per step.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,

    /// Ritz vectors that they are made of.
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u16).range(1..=2000))]
    ritz: u16,

    /// The rate of the first steps of Adam, which falls to a hundredth along a cosine.
    #[arg(long, value_name = "NUMBER", default_value_t = 1e-3, allow_hyphen_values = true)]
    rate: f64,

    /// Channels of the network.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=64))]
    channels: u8,

    /// How often its cells become twice as wide.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=8))]
    coarsenings: u8,

    /// Weights to begin with, such as those of a smaller grid, whose network is taken over.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["channels", "coarsenings", "resume"])]
    from: Option<PathBuf>,

    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Serialize)]
struct Report {
    system: String,
    device: String,
    parameters: usize,
    steps: usize,
    batch: usize,
    ritz: usize,
    seed: u64,
    loss_history: Vec<f64>,
    stop_reason: TrainStop,
    seconds: f64,
    seconds_per_step: f64,
    /// `None` where training was stopped.
    #[serde(flatten)]
    trial: Option<Trial>,
}

#[derive(Debug, Serialize)]
struct Trial {
    /// To a relative residual of 1e-4, of a right-hand side that was not trained with.
    iterations: u64,
    /// Those of conjugate gradients.
    iterations_of_cg: u64,
    converged: bool,
    refused_directions: u64,
}

/// The relative residual that the weights are tried with.
const TRIAL: f64 = 1e-4;
/// After so many times the iterations of conjugate gradients it is clear that they are worth nothing.
const PATIENCE: u64 = 2;

impl Dcdm {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        self.check()?;
        stop::listen();
        let text = self.system()?;
        let system = on_a_grid(LinearSystem::generate(&text, self.common.seed)?)?;
        let options = self.options(&system)?;
        let gpu = self.common.device.open()?;
        let mut meter = Meter::new(self.common.quiet);
        let trained = train_directions(&gpu, system.operator(), &text, &options, |progress| {
            meter.show(progress);
            stop::flow()
        });
        meter.finish();
        let trained = trained?;
        trained.weights.write(&self.common.output).map_err(ansatz::Error::from)?;
        let report = report(&gpu, system, &trained)?;
        self.write(&report)?;
        Ok(exit(trained.stop))
    }

    fn check(&self) -> Result<(), Failure> {
        self.common.check(self.from.as_deref())?;
        check_steps(self.steps, self.rate)
    }

    /// The text of the system.
    fn system(&self) -> Result<String, Failure> {
        if let Some(text) = &self.generate {
            return Ok(text.clone());
        }
        let grid = self.grid.as_deref().unwrap_or_default();
        // One number is a cube, as published.
        let size = if grid.contains('x') { grid.to_owned() } else { format!("{grid}x{grid}x{grid}") };
        Ok(format!("poisson:{size}"))
    }

    fn options(&self, system: &LinearSystem) -> Result<DirectionTraining, Failure> {
        let from = match &self.from {
            Some(path) => Some(DirectionWeights::read(path).map_err(ansatz::Error::from)?.learned),
            None => None,
        };
        let flat = system.generated().is_some_and(|generated| generated.grid.extents()[2] == 1);
        let network = from.as_ref().map_or(
            DirectionNetwork {
                dimensions: if flat { 2 } else { 3 },
                channels: self.channels.into(),
                coarsenings: self.coarsenings.into(),
            },
            |from| *from.network(),
        );
        Ok(DirectionTraining {
            network,
            from,
            steps: self.steps,
            batch: self.batch.into(),
            ritz: self.ritz.into(),
            adam: adam(self.steps, self.rate),
            seed: self.common.seed,
            checkpoint: self.common.checkpoint(),
            resume: self.common.resume.clone(),
        })
    }

    fn write(&self, report: &Report) -> Result<(), Failure> {
        let Report { system, parameters, steps, seconds, .. } = report;
        let loss = report.loss_history.last().map_or(String::new(), |loss| format!(", loss {loss:.3}"));
        let mut text = format!(
            "trained      {parameters} parameters with {system}: {steps} steps, {seconds:.0} s{loss}{}",
            ended(report.stop_reason)
        );
        if let Some(Trial { iterations, iterations_of_cg, converged, .. }) = &report.trial {
            let end = if *converged { "" } else { " (not converged)" };
            text += &format!(
                "\niterations   {iterations} to {TRIAL:e} with a new right-hand side{end}, conjugate gradients {iterations_of_cg}"
            );
        }
        self.common.write(report, &losses(report), &text)
    }
}

/// What is to be said of the training, with a trial on a right-hand side that was not trained with.
fn report(gpu: &Gpu, system: LinearSystem, trained: &Trained<LearnedDirections>) -> Result<Report, Failure> {
    let origin = &trained.weights.origin;
    let name = system.name().to_owned();
    let trial = if stop::asked() { None } else { Some(try_on(gpu, system, trained)?) };
    Ok(Report {
        system: name,
        device: gpu.summary().to_string(),
        parameters: trained.weights.learned.network().parameters(),
        steps: origin.steps,
        batch: origin.batch,
        ritz: origin.ritz,
        seed: origin.seed,
        loss_history: trained.losses.clone(),
        stop_reason: trained.stop,
        seconds: origin.seconds,
        seconds_per_step: origin.seconds / origin.steps.max(1) as f64,
        trial,
    })
}

/// Conjugate gradients, and directions from the network.
fn try_on(gpu: &Gpu, system: LinearSystem, trained: &Trained<LearnedDirections>) -> Result<Trial, Failure> {
    let system = with_new_rhs(system, trained.weights.origin.seed)?;
    let cg = SolveOptions {
        rtol: TRIAL,
        preconditioner: Preconditioner::None,
        look_every: 1,
        ..SolveOptions::default()
    };
    let watch = |options: &SolveOptions| system.solve_with(gpu, options, |_| stop::flow());
    let plain = watch(&cg)?;
    let plain = &plain.outcomes()[0];
    let learned = SolveOptions {
        max_iterations: Some(PATIENCE * plain.iterations.max(1)),
        method: Method::Directions { window: 2 },
        preconditioner: Preconditioner::Network,
        directions: Some(Arc::new(trained.weights.learned.clone())),
        ..cg.clone()
    };
    let learned = watch(&learned)?;
    let learned = &learned.outcomes()[0];
    Ok(Trial {
        iterations: learned.iterations,
        iterations_of_cg: plain.iterations,
        converged: learned.converged(),
        refused_directions: learned.refused_directions,
    })
}

fn losses(report: &Report) -> Convergence {
    let points = report.loss_history.iter().enumerate().map(|(step, &loss)| (step as f64 + 1.0, loss));
    Convergence {
        title: format!("Directions for {}: what the best step along them leaves", report.system),
        series: vec![Series {
            label: "‖b − αAq‖²/‖b‖²".to_owned(),
            points: points.collect(),
            ..Series::default()
        }],
        target: None,
        x_label: "step".to_owned(),
        y_label: "loss".to_owned(),
    }
}
