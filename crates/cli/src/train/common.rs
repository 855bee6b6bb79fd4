//! Options that all trainings have in common.

use std::path::{Path, PathBuf};

use ansatz::LinearSystem;
use ansatz::optim::{AdamOptions, Decay, Schedule};
use ansatz::pde::{Checkpoint, Interval};
use ansatz::plot::{self, Convergence};
use ansatz::train::TrainStop;
use clap::Args;
use serde::Serialize;

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Where a training writes, and how it goes on.
#[derive(Debug, Args)]
pub struct Common {
    /// Where the weights go (safetensors).
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Saves the training into FILE (safetensors) now and then, at its end and on Ctrl-C.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// How often: seconds, such as 60s, or steps, such as 10steps [default: 60s].
    #[arg(long, value_name = "INTERVAL", value_parser = crate::pde::interval)]
    checkpoint_every: Option<Interval>,

    /// Goes on from a checkpoint as if training had never stopped, and keeps it up to date unless --checkpoint names another file; all
    /// settings must be the same.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub resume: Option<PathBuf>,

    #[command(flatten)]
    pub device: DeviceArgs,

    /// Draws the loss over the steps, as .png or .svg.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Writes the report as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// No progress and no report on the terminal.
    #[arg(long, short)]
    pub quiet: bool,
}

impl Common {
    /// What can be said against them before any work, beside weights to begin with.
    pub fn check(&self, from: Option<&Path>) -> Result<(), Failure> {
        output::check("--output", &self.output, &["safetensors"])?;
        if let Some(path) = &self.checkpoint {
            output::check("--checkpoint", path, &[])?;
        }
        if let Some(path) = &self.plot {
            output::check("--plot", path, &["png", "svg"])?;
        }
        output::check_json(self.json.as_deref())?;
        let outputs = [
            ("--output", Some(self.output.as_path())),
            ("--checkpoint", self.checkpoint.as_deref()),
            ("--plot", self.plot.as_deref()),
            ("--json", self.json.as_deref()),
        ];
        output::check_distinct(&[("--from", from)], &outputs)?;
        // A checkpoint may go on in its own file.
        let others = [outputs[0], outputs[2], outputs[3]];
        output::check_distinct(&[("--resume", self.resume.as_deref())], &others)?;
        output::check_new(self.checkpoint.as_deref(), self.resume.as_deref())?;
        if self.checkpoint_every.is_some() && self.checkpoint.is_none() && self.resume.is_none() {
            return Err(Failure::usage("--checkpoint-every belongs to --checkpoint FILE or --resume FILE"));
        }
        Ok(())
    }

    /// Where training is saved.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoint.as_ref().or(self.resume.as_ref()).map(|file| {
            let usual = Checkpoint::new(file);
            Checkpoint { every: self.checkpoint_every.unwrap_or(usual.every), ..usual }
        })
    }

    /// Writes what is asked for beside the weights, and says so after `text`.
    pub fn write(&self, report: &impl Serialize, losses: &Convergence, text: &str) -> Result<(), Failure> {
        let mut written = vec![self.output.display().to_string()];
        if let Some(path) = &self.plot {
            plot::convergence(path, losses).map_err(ansatz::Error::from)?;
            written.push(path.display().to_string());
        }
        if let Some(path) = &self.json {
            output::json(path, report)?;
            written.push(path.display().to_string());
        }
        if self.quiet {
            return Ok(());
        }
        output::tell(&format!("{text}\n"), &written, self.json.as_deref())
    }
}

/// Steps and a rate that make sense.
pub fn check_steps(steps: usize, rate: f64) -> Result<(), Failure> {
    if steps == 0 {
        return Err(Failure::usage("--steps is 0; it must be at least 1"));
    }
    if !(rate > 0.0 && rate.is_finite()) {
        return Err(Failure::usage(format!("--rate is {rate}: give a positive number, such as 1e-3")));
    }
    Ok(())
}

/// Adam with a rate that falls to a hundredth along a cosine.
pub fn adam(steps: usize, rate: f64) -> AdamOptions {
    let decay = Decay::Cosine { steps: u32::try_from(steps).unwrap_or(u32::MAX).max(1), last: 0.01 };
    AdamOptions { schedule: Schedule { decay, ..Schedule::constant(rate) }, ..AdamOptions::default() }
}

/// The system without what the program does not train with.
pub fn on_a_grid(system: LinearSystem) -> Result<LinearSystem, Failure> {
    if system.operator().form().grid().is_none() {
        return Err(Failure::usage(format!(
            "{}: a network is trained on the grid of a stencil with one unknown per cell: take poisson, aniso, contrast, neumann or \
             obstacles",
            system.name()
        )));
    }
    Ok(system)
}

/// A right-hand side that was not trained with, and has a solution.
pub fn with_new_rhs(system: LinearSystem, seed: u64) -> Result<LinearSystem, Failure> {
    // The first right-hand side is of ones.
    let system = system.with_random_rhs(2, seed ^ 0x5eed);
    let mut rhs = system.rhs()[1..].to_vec();
    rhs.iter_mut().for_each(|rhs| system.operator().null_components().project(rhs));
    Ok(system.with_rhs(rhs)?)
}

/// How a training that ended so ends the program.
pub fn exit(stop: TrainStop) -> Exit {
    if stop == TrainStop::MaxSteps { Exit::Success } else { Exit::NotConverged }
}

/// What is to be said of the end of a training.
pub fn ended(stop: TrainStop) -> &'static str {
    match stop {
        TrainStop::MaxSteps => "",
        TrainStop::Stopped => ", stopped before its end",
        TrainStop::NotFinite => ", ended where it was not finite: try a smaller --rate",
    }
}
