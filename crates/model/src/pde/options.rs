//! Settings of a solve.

use std::path::PathBuf;

use ansatz_expr::short;
use ansatz_linalg::Place;
use ansatz_problem::{MAX_POINTS, Sampler};

use super::{Balance, Checkpoint, Interval, PdeError as Error, Resample, StepMethod};

/// The precision of the fit on the device; verification is in f64 in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FitPrecision {
    /// f32.
    F32,
    /// f64; on the CPU executor where the device has none.
    #[default]
    F64,
}

/// What is made small. Whichever it is, a solution is called converged for its residual alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Objective {
    /// Mean squares of the residuals of all conditions.
    #[default]
    Residual,
    /// The problem's energy, and mean squares of the residuals of all conditions but the equations inside (Deep Ritz): for methods
    /// that train their features. The collocation points inside are those of a quadrature.
    Energy,
}

/// Settings of [`super::Pde::solve`]. What is `None` comes from the problem file, else it is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct PdeOptions {
    /// Precision of the fit.
    pub precision: FitPrecision,
    /// The first seed.
    pub seed: u64,
    /// Number of runs, with the seeds `seed`, `seed + 1`, ….
    pub seeds: usize,
    /// Collocation points inside the domain; four for every feature if not given.
    pub points: Option<usize>,
    /// Collocation points of each other condition; a quarter of `points` if not given.
    pub boundary_points: Option<usize>,
    /// How points are spread.
    pub sampler: Sampler,
    /// Weight of the conditions other than equations, relative to these.
    pub boundary_weight: Option<f64>,
    /// λ of Tikhonov, for columns of norm 1; what suits the precision if not given.
    pub tikhonov: Option<f64>,
    /// Where the least-squares problems are solved.
    pub place: Place,
    /// Converged when no condition's residual exceeds this fraction of the size of its terms (root mean squares).
    pub rtol: f64,
    /// Most steps; 30 of Gauss–Newton, or what a method that trains its features takes, if not given.
    pub max_steps: Option<usize>,
    /// Number of time windows. Features that are trained begin a window as they ended the one before, moved on in time, if
    /// they fit it far better there than features that are drawn.
    pub windows: Option<usize>,
    /// Whether functions that solutions behave like at corners are added to the features: in steady problems of second order in
    /// the plane, where there is a re-entrant corner. Methods that train their features do without.
    pub corners: bool,
    /// Whether a classical method solves the problem too.
    pub baseline: bool,
    /// Where a method that trains its features saves itself, and how often.
    pub checkpoint: Option<Checkpoint>,
    /// What is made small.
    pub objective: Objective,
    /// A checkpoint to go on from: on the same device as if training had never been interrupted, to the last bit.
    pub resume: Option<PathBuf>,
    /// How the steps of Levenberg and Marquardt are solved.
    pub step: StepMethod,
    /// Bytes that their Jacobian may take with [`StepMethod::Auto`]; solving takes a few times as many.
    pub jacobian_bytes: u64,
    /// Whether coefficients are solved for again after every step of Levenberg and Marquardt (variable projection), so that features
    /// alone are trained: many coefficients find each other late without it.
    pub variable_projection: bool,
    /// How the conditions are weighed against each other while features are trained by their residuals.
    pub balance: Balance,
    /// When collocation points are drawn anew while features are trained; never, if not given.
    pub resample: Option<Resample>,
}

impl Default for PdeOptions {
    fn default() -> Self {
        Self {
            precision: FitPrecision::default(),
            seed: 0,
            seeds: 1,
            points: None,
            boundary_points: None,
            sampler: Sampler::default(),
            boundary_weight: None,
            tikhonov: None,
            place: Place::Auto,
            rtol: 1e-3,
            max_steps: None,
            windows: None,
            corners: true,
            baseline: true,
            checkpoint: None,
            objective: Objective::Residual,
            resume: None,
            step: StepMethod::Auto,
            jacobian_bytes: 1 << 30,
            variable_projection: false,
            balance: Balance::Fixed,
            resample: None,
        }
    }
}

/// Tikhonov's λ counts beside columns of norm 1: more than this leaves nothing of the equations.
const MOST_TIKHONOV: f64 = 1e3;
/// Weights beyond it, or below its inverse, leave one side out.
const MOST_WEIGHT: f64 = 1e12;
/// More of the residual follows nothing but its largest value.
const MOST_POWER: f64 = 8.0;
/// More time windows are a mistake.
const MOST_WINDOWS: usize = 10_000;

impl PdeOptions {
    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |name, value: String, expected| Err(Error::Setting { name, value, expected });
        let weight = |value: f64| (1.0 / MOST_WEIGHT..=MOST_WEIGHT).contains(&value);
        let counts = |value: Option<usize>| value.is_none_or(|value| (1..=MAX_POINTS).contains(&value));
        let follow = self.resample.and_then(|resample| resample.by_residual);
        match self {
            _ if self.seeds == 0 || self.seeds > 1000 => {
                wrong("seeds", self.seeds.to_string(), "a number from 1 to 1000")
            }
            _ if self.seed.checked_add(self.seeds as u64 - 1).is_none() => {
                let value = format!("{} for {} runs", self.seed, self.seeds);
                wrong("seed", value, "seeds below 2^64: begin with a smaller one")
            }
            _ if !counts(self.points) => {
                wrong("points", self.points.unwrap_or(0).to_string(), "a number from 1 to 10,000,000")
            }
            _ if !counts(self.boundary_points) => {
                let points = self.boundary_points.unwrap_or(0);
                wrong("boundary-points", points.to_string(), "a number from 1 to 10,000,000")
            }
            _ if !self.boundary_weight.is_none_or(weight) => {
                let weight = self.boundary_weight.unwrap_or(f64::NAN);
                wrong("boundary-weight", short(weight), "a positive number, from 1e-12 to 1e12; 1 is usual")
            }
            _ if !self.tikhonov.is_none_or(|lambda| (0.0..=MOST_TIKHONOV).contains(&lambda)) => {
                let lambda = self.tikhonov.unwrap_or(f64::NAN);
                wrong("tikhonov", short(lambda), "a number from 0 to 1000; leave it out to have it chosen")
            }
            _ if !(self.rtol > 0.0 && self.rtol <= 1.0) => {
                wrong("rtol", short(self.rtol), "a positive number of at most 1, such as 1e-3")
            }
            _ if self.max_steps == Some(0) => wrong("steps", "0".to_owned(), "at least 1"),
            _ if self.windows.is_some_and(|windows| !(1..=MOST_WINDOWS).contains(&windows)) => {
                wrong("windows", self.windows.unwrap_or(0).to_string(), "a number from 1 to 10,000")
            }
            _ if self.objective == Objective::Energy && self.resample.is_some() => {
                let every = self.resample.map_or(0, |resample| resample.every);
                wrong("resample", every.to_string(), "a training by residuals; leave it out")
            }
            _ if self.objective == Objective::Energy && self.balance != Balance::Fixed => {
                wrong("balance", "gradient-norm".to_owned(), "a training by residuals; leave it out")
            }
            _ if self.objective == Objective::Energy && self.step != StepMethod::Auto => {
                wrong("step", format!("{:?}", self.step), "a training by residuals; leave it out")
            }
            _ if matches!(self.balance, Balance::GradientNorm(rule) if rule.every == 0) => {
                wrong("balance-every", "0".to_owned(), "at least 1 step")
            }
            _ if matches!(self.balance, Balance::GradientNorm(rule) if !(0.0..1.0).contains(&rule.memory)) => {
                wrong("memory of the balance", format!("{:?}", self.balance), "at least 0 and below 1")
            }
            _ if matches!(&self.checkpoint, Some(Checkpoint { every: Interval::Steps(0), .. })) => {
                wrong("checkpoint-every", "0 steps".to_owned(), "at least 1 step, or a time")
            }
            _ if self.resample.is_some_and(|resample| resample.every == 0) => {
                wrong("resample", "0".to_owned(), "at least 1 step")
            }
            _ if follow.is_some_and(|follow| !(0.0..=MOST_POWER).contains(&follow.power)) => {
                let power = follow.unwrap_or_default().power;
                wrong("power of the residual", short(power), "a number from 0 to 8; 1 is usual")
            }
            _ if follow.is_some_and(|follow| !(follow.offset > 0.0 && follow.offset.is_finite())) => {
                let offset = follow.unwrap_or_default().offset;
                wrong("offset to the residual", short(offset), "a positive number; 1 is usual")
            }
            _ => Ok(()),
        }
    }

    /// Refuses what means nothing to a method that trains no features.
    pub(super) fn check_untrained(&self) -> Result<(), Error> {
        if self.objective == Objective::Energy {
            let value = "energy".to_owned();
            return Err(Error::Setting {
                name: "loss",
                value,
                expected: "a method that trains its features, such as pig or mlp; or residual",
            });
        }
        let file = |file: &PathBuf| file.display().to_string();
        let given = [
            ("checkpoint", self.checkpoint.as_ref().map(|checkpoint| file(&checkpoint.file))),
            ("resume", self.resume.as_ref().map(file)),
            ("resample", self.resample.map(|resample| resample.every.to_string())),
            ("step", (self.step != StepMethod::Auto).then(|| format!("{:?}", self.step))),
            ("variable-projection", self.variable_projection.then(|| "given".to_owned())),
            ("balance", (self.balance != Balance::Fixed).then(|| "gradient-norm".to_owned())),
        ];
        match given.into_iter().find_map(|(name, value)| Some((name, value?))) {
            Some((name, value)) => {
                let expected =
                    "a method that trains its features, such as pig or mlp; leave it out with others";
                Err(Error::Setting { name, value, expected })
            }
            None => Ok(()),
        }
    }
}
