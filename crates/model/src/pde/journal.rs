//! What a training run saves of itself, and goes on from.

use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ansatz_features::Trainable;
use ansatz_problem::Problem;

use super::settings::Settings;
use super::snapshot::{Place, Saved, Snapshot, bad};
use super::{ByResidual, Method, PdeError, PdeOptions, Resample};
use crate::io::ReadError;

/// Where a training run saves itself: θ, coefficients and the state of the optimiser, in f64. Several seeds and time windows
/// are in one file, each as far as it got.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The file, which is replaced as a whole.
    pub file: PathBuf,
    /// How often. The end of a fit and a stop by the caller are saved in any case.
    pub every: Interval,
}

/// How often something is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interval {
    /// At the first step after that time.
    Time(Duration),
    /// After so many steps.
    Steps(usize),
}

impl Checkpoint {
    /// Every minute.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), every: Interval::Time(Duration::from_secs(60)) }
    }
}

/// What is saved, and when next.
pub(super) struct Journal {
    now: Snapshot,
    /// The file it was read from.
    resumed: String,
    target: Option<Checkpoint>,
    /// Since it was saved last.
    since: Instant,
    steps: usize,
    /// Whether the file could be written before.
    writable: bool,
    /// What the report should say.
    pub notes: Vec<String>,
}

/// Where a fit goes on.
pub(super) struct Resumed {
    pub saved: Saved,
    /// The features as they were trained so far.
    pub fields: Vec<Arc<dyn Trainable>>,
}

impl Journal {
    /// An empty one, or what [`PdeOptions::resume`] holds.
    ///
    /// # Errors
    /// A checkpoint that cannot be read, or is of another problem, method or settings.
    pub fn open(
        problem: &Problem,
        method: &dyn Method,
        options: &PdeOptions,
        settings: &Settings,
        windows: usize,
        device: &str,
    ) -> Result<Self, PdeError> {
        let identity = identity(problem, method, options, settings, windows);
        let mut now = Snapshot { identity, device: device.to_owned(), ..Snapshot::default() };
        let mut notes = Vec::new();
        if let Some(file) = &options.resume {
            let saved = Snapshot::read(file)?;
            check(file, &saved.identity, &now.identity)?;
            let steps: usize = saved.fits.values().map(|fit| fit.steps).sum();
            notes.push(format!("resumed from {} after {steps} steps in all", file.display()));
            if saved.device != device {
                notes.push(format!("the checkpoint is from {}: on another device bits differ", saved.device));
            }
            now.fits = saved.fits;
        }
        let (target, since) = (options.checkpoint.clone(), Instant::now());
        let resumed = options.resume.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        Ok(Self { now, resumed, target, since, steps: 0, writable: false, notes })
    }

    /// How far a fit got; none where it was not begun. It begins with the features `fields`, one family for each field, and its loss
    /// has so many parts.
    ///
    /// # Errors
    /// A checkpoint of other features or conditions.
    pub fn found(
        &self,
        place: Place,
        fields: &[Arc<dyn Trainable>],
        parts: usize,
    ) -> Result<Option<Resumed>, PdeError> {
        let Some(saved) = self.now.fits.get(&place) else { return Ok(None) };
        let misfit = |problem: String| bad(&self.resumed, problem);
        let unknowns: usize = fields.iter().map(|features| features.len()).sum();
        let fits = (saved.theta.len(), saved.c.len()) == (fields.len(), unknowns)
            && !saved.losses.is_empty()
            && saved.losses.iter().all(|losses| losses.len() == parts);
        if !fits {
            return Err(misfit("other numbers of unknowns or conditions".to_owned()).into());
        }
        let trained = fields.iter().zip(&saved.theta).map(|(features, theta)| features.with_theta(theta));
        let trained = trained.collect::<Result<_, _>>().map_err(|error| misfit(error.to_string()))?;
        Ok(Some(Resumed { saved: saved.clone(), fields: trained }))
    }

    /// What a checkpoint is refused with whose optimiser is of something else.
    pub fn misfit(&self) -> PdeError {
        bad(&self.resumed, "another optimiser than the settings say".to_owned()).into()
    }

    /// Most steps until it is to be saved again.
    pub fn steps_left(&self) -> usize {
        match &self.target {
            Some(Checkpoint { every: Interval::Steps(steps), .. }) => steps.saturating_sub(self.steps).max(1),
            _ => usize::MAX,
        }
    }

    /// After a step of the fit: saves it if the time has come.
    ///
    /// # Errors
    /// The first time, that the file cannot be written; later that is noted.
    pub fn step(&mut self, place: Place, fit: impl FnOnce() -> Saved) -> Result<(), PdeError> {
        if self.is_due(1) { self.save(place, fit()) } else { Ok(()) }
    }

    /// After some steps: whether the time has come to save the fit.
    pub fn is_due(&mut self, steps: usize) -> bool {
        self.steps += steps;
        match &self.target {
            None => false,
            Some(Checkpoint { every: Interval::Time(time), .. }) => self.since.elapsed() >= *time,
            Some(Checkpoint { every: Interval::Steps(steps), .. }) => self.steps >= *steps,
        }
    }

    /// Saves the fit now.
    ///
    /// # Errors
    /// As [`Journal::step`].
    pub fn save(&mut self, place: Place, fit: Saved) -> Result<(), PdeError> {
        self.now.fits.insert(place, fit);
        self.write()
    }

    /// Writes what is saved, where it is to be written.
    ///
    /// # Errors
    /// As [`Journal::step`].
    pub fn write(&mut self) -> Result<(), PdeError> {
        let Some(Checkpoint { file, .. }) = &self.target else { return Ok(()) };
        (self.since, self.steps) = (Instant::now(), 0);
        match self.now.write(file) {
            Ok(()) => self.writable = true,
            // Hours of training are not given up for a full disk.
            Err(error) if self.writable => {
                let note = format!("not every checkpoint could be written: {error}");
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// What must be the same where training goes on. Tolerances and numbers of steps and seeds may change.
fn identity(
    problem: &Problem,
    method: &dyn Method,
    options: &PdeOptions,
    settings: &Settings,
    windows: usize,
) -> Vec<(String, String)> {
    let scales: Vec<String> = settings.scales.iter().map(f64::to_string).collect();
    let [inside, elsewhere] = settings.points;
    [
        ("problem", format!("{} ({:08x})", problem.name, fingerprint(problem))),
        ("method", format!("{method:?}")),
        ("loss", format!("{:?}", options.objective)),
        ("seed", options.seed.to_string()),
        ("precision", format!("{:?}", options.precision)),
        ("scales", scales.join(", ")),
        ("points", format!("{inside} and {elsewhere}, {:?}", options.sampler)),
        ("boundary weight", settings.boundary_weight.to_string()),
        ("tikhonov", options.tikhonov.map_or("chosen".to_owned(), |lambda| lambda.to_string())),
        ("place", format!("{:?}", options.place)),
        ("windows", windows.to_string()),
        ("resampling", options.resample.map_or("none".to_owned(), resampling)),
        ("variable projection", options.variable_projection.to_string()),
        ("balance", format!("{:?}", options.balance)),
        ("step", format!("{:?}, {} bytes", options.step, options.jacobian_bytes)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn resampling(Resample { every, by_residual }: Resample) -> String {
    match by_residual {
        None => format!("every {every} steps"),
        Some(ByResidual { power, offset }) => format!("every {every} steps by |R|^{power} + {offset}"),
    }
}

/// Of all that the equations say; not of comments, nor of the known solution.
fn fingerprint(problem: &Problem) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let cloud = problem.cloud.as_ref().map(|cloud| &cloud.points);
    hasher.update(
        format!("{:?} {:?} {:?} {cloud:?}", problem.domain, problem.scope, problem.parameters).as_bytes(),
    );
    hasher.update(format!("{:?}", problem.unknowns).as_bytes());
    for condition in &problem.conditions {
        problem.transformed(&condition.residual).hash(&mut hasher);
        hasher.update(format!("{} {:?} {:?}", condition.name, condition.region, condition.weight).as_bytes());
    }
    if let Some(energy) = &problem.energy {
        problem.transformed(energy).hash(&mut hasher);
    }
    hasher.finalize()
}

/// The first part of a setting in which it differs from another one, without what it holds in brackets if that is not it.
fn apart(setting: &str, other: &str) -> String {
    let parts = setting.split(", ").zip(other.split(", ").chain(std::iter::repeat("")));
    let (part, other) = parts.into_iter().find(|(part, other)| part != other).unwrap_or((setting, other));
    let (part, other) = (unnamed(part), unnamed(other));
    if head(part) == head(other) { part.to_owned() } else { head(part).to_owned() }
}

/// A part without the name of the whole, which stands before the first one.
fn unnamed(part: &str) -> &str {
    match part.split_once(" { ") {
        Some((name, first)) if !name.contains(": ") => first,
        _ => part,
    }
}

/// A part up to its brackets.
fn head(part: &str) -> &str {
    part.split(['{', '(']).next().unwrap_or(part).trim_end_matches([' ', '}', ')'])
}

/// Refuses a checkpoint of something else.
fn check(file: &Path, saved: &[(String, String)], now: &[(String, String)]) -> Result<(), ReadError> {
    let missing = String::new();
    for (name, wanted) in now {
        let found = saved.iter().find(|(known, _)| known == name).map_or(&missing, |(_, value)| value);
        if found != wanted {
            return Err(ReadError::BadData {
                file: file.display().to_string(),
                line: None,
                problem: format!("a checkpoint with another {name}: {}", apart(found, wanted)),
                expected: apart(wanted, found),
                remedy: "go on with the problem, method and settings that it was made with, which with adam and mfac \
                         are --steps and --rate too, or begin anew"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_in_which_settings_differ_is_said() {
        let (first, second) = (
            "Pig { gaussians: 4, optimizer: Adam(AdamOptions { rate: 0.1, beta: 0.9 }), units: 8 }",
            "Pig { gaussians: 4, optimizer: LevenbergMarquardt, units: 8 }",
        );
        assert_eq!(apart(first, second), "optimizer: Adam");
        assert_eq!(apart(second, first), "optimizer: LevenbergMarquardt");
        assert_eq!(apart("Pig { gaussians: 4 }", "Pig { gaussians: 5 }"), "gaussians: 4");
        assert_eq!(apart("Mlp { widths: [4] }", "Pig { gaussians: 5 }"), "widths: [4]");
        assert_eq!(apart("7", "8"), "7");
        assert_eq!(apart("bratu (0a)", "bratu (0b)"), "bratu (0a)");
        assert_eq!(apart("bratu (0a)", "wave (0b)"), "bratu");
    }
}
