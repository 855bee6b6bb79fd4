//! `ansatz pde`.

mod choices;
mod command;
mod input;
mod meter;
mod method;
mod output;
mod pictures;
mod report;
mod sampled;
mod training;

use std::path::{Path, PathBuf};

use ansatz::Gpu;
use ansatz::linalg::Place;
use ansatz::pde::{
    ByResidual, Checkpoint, FitPrecision, Method, Objective, Pde, PdeError, PdeOptions, PdeRun, Resample,
};
use ansatz::problem::{Problem, examples};

use crate::exit::{Exit, Failure};
use crate::table::table;
use crate::{output as out, stop};
use choices::{LossArg, PlaceArg, PrecisionArg, ResampleArg};

pub use command::PdeCommand;
pub use input::{interval, read};
pub use output::{Folder, Wanted};

/// More pictures are a mistake.
const MOST_FRAMES: usize = 10_000;

impl PdeCommand {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        if self.list {
            return list();
        }
        let Some(name) = &self.problem else { return Err(Failure::usage("name a problem, or use --list")) };
        let pde = read(name, &self.set)?;
        let problem = pde.problem();
        self.check_frames(problem)?;
        let method = self.method(problem)?;
        let inputs = inputs(name, &pde);
        if let (Some(folder), Some(file)) = (&self.output, &self.json)
            && folder == file
        {
            let name = file.display();
            return Err(Failure::usage(format!(
                "--json {name} is the folder of --output; name another file"
            )));
        }
        let folder = self.output.as_deref().map(|path| Folder::prepare(path, &inputs)).transpose()?;
        // Now that the folder is there, into which it may go.
        out::check_json(self.json.as_deref())?;
        if let Some((option, path)) = self.checkpoint() {
            out::check(option, path, &[])?;
        }
        self.check_apart(&inputs, folder.as_ref())?;
        out::check_new(self.checkpoint.as_deref(), self.resume.as_deref())?;
        stop::listen();
        let gpu = self.device.open()?;
        let options = self.options(problem);
        let run =
            watched(&pde, &gpu, &*method, &options, self.quiet).map_err(|error| placed(problem, error))?;

        let mut written = Vec::new();
        if let Some(folder) = &folder {
            written = folder.write(&pde, &run, Wanted { frames: self.frames })?;
        }
        if let Some(path) = &self.json {
            out::json(path, &run.report)?;
            if !out::is_stdout(Some(path)) {
                written.push(path.display().to_string());
            }
        }
        self.tell(&run, &written)?;
        Ok(if run.converged() { Exit::Success } else { Exit::NotConverged })
    }

    /// Whether there is anything to animate, and not too much.
    fn check_frames(&self, problem: &Problem) -> Result<(), Failure> {
        let frames = self.frames;
        if frames == 0 {
            return Ok(());
        }
        let reason = match problem.domain.time() {
            _ if frames > MOST_FRAMES => format!("at most {MOST_FRAMES} — ask for fewer"),
            None => "the problem has no time — leave it out".to_owned(),
            Some(_) if problem.domain.shape().dimension() == 1 => {
                "with one coordinate of space, lines.png shows all times — leave it out".to_owned()
            }
            Some(_) => return Ok(()),
        };
        Err(Failure::usage(format!("--frames {frames}: {reason}")))
    }

    /// Neither the report nor the checkpoint goes over an input, a file of the folder or each other.
    fn check_apart(&self, inputs: &[Input], folder: Option<&Folder>) -> Result<(), Failure> {
        let outputs = folder.map(Folder::files).unwrap_or_default();
        let resume =
            self.resume.as_deref().filter(|_| self.checkpoint.is_some() && self.checkpoint != self.resume);
        let taken: Vec<_> = inputs
            .iter()
            .map(|(what, path)| (*what, Some(path.as_path())))
            .chain(outputs.iter().map(|path| ("a file of --output", Some(path.as_path()))))
            .chain([("the checkpoint to resume from", resume)])
            .collect();
        let checkpoint =
            self.checkpoint().map_or(("--checkpoint", None), |(option, path)| (option, Some(path)));
        out::check_distinct(&taken, &[checkpoint, ("--json", self.json.as_deref())])
    }

    /// Where training is saved, and the option that says so.
    fn checkpoint(&self) -> Option<(&'static str, &Path)> {
        let resumed = || self.resume.as_deref().map(|path| ("--resume", path));
        self.checkpoint.as_deref().map(|path| ("--checkpoint", path)).or_else(resumed)
    }

    fn options(&self, problem: &Problem) -> PdeOptions {
        let (hint, default) = (&problem.method, PdeOptions::default());
        PdeOptions {
            precision: match self.precision {
                PrecisionArg::F32 => FitPrecision::F32,
                PrecisionArg::F64 => FitPrecision::F64,
            },
            objective: match self.loss {
                LossArg::Residual => Objective::Residual,
                LossArg::Energy => Objective::Energy,
            },
            seed: self.seed,
            seeds: self.seeds,
            points: self.points.or(hint.points),
            boundary_points: self.boundary_points.or(hint.boundary_points),
            sampler: self.sampler.or(hint.sampler).unwrap_or(default.sampler),
            boundary_weight: self.boundary_weight.or(hint.boundary_weight),
            tikhonov: self.tikhonov,
            place: match self.solve_on {
                PlaceArg::Auto => Place::Auto,
                PlaceArg::Device => Place::Device,
                PlaceArg::Host => Place::Host,
            },
            rtol: self.rtol.unwrap_or(default.rtol),
            max_steps: self.steps,
            windows: self.windows.or(hint.windows),
            corners: !self.no_corners && hint.corners.unwrap_or(default.corners),
            baseline: !self.no_baseline,
            checkpoint: self.checkpoint().map(|(_, file)| {
                let default = Checkpoint::new(file);
                Checkpoint { every: self.checkpoint_every.unwrap_or(default.every), ..default }
            }),
            resume: self.resume.clone(),
            step: self.training.step(),
            jacobian_bytes: self.training.jacobian_bytes().unwrap_or(default.jacobian_bytes),
            balance: self.training.balance(),
            variable_projection: self.training.variable_projection(),
            resample: self.resample.map(|every| Resample {
                every,
                by_residual: (self.resample_by == ResampleArg::Residual).then(ByResidual::default),
            }),
        }
    }

    fn tell(&self, run: &PdeRun, written: &[String]) -> Result<(), Failure> {
        if self.quiet {
            return Ok(());
        }
        out::tell(&run.report.to_string(), written, self.json.as_deref())
    }
}

/// A file that must not be overwritten, with what it is.
type Input = (&'static str, PathBuf);

fn inputs(name: &str, pde: &Pde) -> Vec<Input> {
    let named = pde.files().into_iter().map(|path| ("a file that the problem names", path));
    input::file(name).into_iter().map(|path| ("the problem", path)).chain(named).collect()
}

/// Solves, with progress on standard error unless `quiet`, until Ctrl-C.
pub fn watched(
    pde: &Pde,
    gpu: &Gpu,
    method: &dyn Method,
    options: &PdeOptions,
    quiet: bool,
) -> Result<PdeRun, PdeError> {
    let mut meter = meter::Meter::new(quiet);
    let run = pde.solve_watched(gpu, method, options, |progress| {
        meter.show(progress);
        stop::flow()
    });
    meter.finish();
    run
}

/// An error with its place in the problem file, where it has one.
fn placed(problem: &Problem, error: PdeError) -> Failure {
    if let PdeError::Order { most, method, .. } = &error
        && let Err(located) = problem.check_order(u32::try_from(*most).unwrap_or(u32::MAX), method)
    {
        return located.into();
    }
    error.into()
}

fn list() -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for example in examples::ALL {
        rows.push(vec![example.name.to_owned(), example.problem(&[])?.title]);
    }
    out::print(&table(&["example", "problem"], &rows))?;
    Ok(Exit::Success)
}
