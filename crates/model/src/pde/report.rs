//! The account of a solved PDE: for the terminal, and as JSON.

use std::fmt;

use ansatz_expr::short;
use ansatz_problem::Published;
use serde::Serialize;

/// What a run did. Its keys in JSON are stable.
#[derive(Debug, Clone, Serialize)]
pub struct PdeReport {
    /// Name of the problem.
    pub problem: String,
    /// What the problem is, in one line.
    pub title: String,
    /// `random-features` or `gaussians`.
    pub method: String,
    /// What its features are.
    pub family: String,
    /// `f32` or `f64`: the precision of the fit.
    pub precision: String,
    /// `wgpu` or `cpu`: which executor ran the plans.
    pub executor: String,
    /// Name of the device.
    pub device: String,
    /// `vulkan`, `metal`, `dx12` or `cpu`.
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// How and where the least-squares problems were solved.
    pub tier: String,
    /// The seeds, one run each.
    pub seeds: Vec<u64>,
    /// Coefficients of the trial space, of all fields; per time window.
    pub unknowns: usize,
    /// Collocation points, of all conditions; per time window.
    pub points: usize,
    /// Time windows.
    pub windows: usize,
    /// Scale of the features, per coordinate: standard deviation of the frequencies, or width of the Gaussians.
    pub scales: Vec<f64>,
    /// Whether the scales were given, or else chosen by a held-out residual.
    pub scales_chosen: bool,
    /// Weight of each condition in the fit, by its name.
    pub weights: Vec<(String, f64)>,
    /// Median over the seeds of ‖u − u*‖₂/‖u*‖₂ on the problem's evaluation grid; null without a reference.
    pub relative_l2_error: Option<f64>,
    /// That of every seed.
    pub relative_l2_errors: Vec<f64>,
    /// Against what: `exact`, the name of a file, or null.
    pub reference: Option<String>,
    /// Root mean square of the residual of the equations, in f64 at fresh points; median over the seeds.
    pub residual_rms: f64,
    /// Its largest value; median over the seeds.
    pub residual_max: f64,
    /// Where that is.
    pub residual_max_at: Vec<f64>,
    /// Largest over the conditions of rms residual over rms size of its terms; median over the seeds.
    pub relative_residual: f64,
    /// The tolerance for it.
    pub rtol: f64,
    /// Whether every seed fulfils the tolerance, as verified in f64.
    pub converged: bool,
    /// Why the run ended: of the first seed that did not converge, else of the first.
    pub reason: String,
    /// One sentence on what to do.
    pub hint: String,
    /// Steps of Gauss–Newton, the most of all seeds.
    pub steps: usize,
    /// Seconds of preparation, which includes the choice of scales; median over the seeds.
    pub setup_seconds: f64,
    /// Seconds of the fit; median over the seeds.
    pub solve_seconds: f64,
    /// Seconds of the verification; median over the seeds.
    pub verify_seconds: f64,
    /// Every condition by itself, of the first seed.
    pub conditions: Vec<ConditionReport>,
    /// Numerical rank of the last least-squares matrix, of the first seed; null where features are trained.
    pub rank: Option<usize>,
    /// Estimate of its condition number; infinite where features are trained.
    pub condition_estimate: f64,
    /// Relative error of u that the rounding of its sum alone explains, in the precision of the fit.
    pub rounding_floor: f64,
    /// What keeps the error from being smaller: where the residual is far above rounding `features`, or `steps` if training
    /// ended with these, else `rounding`.
    pub limited_by: String,
    /// Weighted residual norm before the first step and after others, of the first seed.
    pub history: Vec<f64>,
    /// The numbers of steps after which those of `history` and `loss_history` were; over all time windows.
    pub loss_steps: Vec<usize>,
    /// λ of each condition at the end of the first seed, by which its loss counted beside its weight's square; empty where these are fixed.
    pub balance: Vec<(String, f64)>,
    /// The parameters of the equations that were to be found.
    pub unknown_parameters: Vec<UnknownReport>,
    /// Coefficients of a time window, and parameters of features that were trained; of the first seed.
    pub parameters: usize,
    /// What found them.
    pub optimizer: String,
    /// The squares of `history`: Σ over conditions of ω² mean R²; or the energies.
    pub loss_history: Vec<f64>,
    /// Its parts, condition by condition, by their names; empty where no features are trained.
    pub losses: Vec<(String, Vec<f64>)>,
    /// Why the steps ended, and what was not finite if that was why, of the first seed; `reason` is what the verification made of it.
    pub stop_reason: String,
    /// What became of every seed.
    pub runs: Vec<SeedReport>,
    /// Median over the seeds of the seconds of the fit per step.
    pub seconds_per_step: f64,
    /// The classical method in the same binary; null where it does not apply.
    pub baseline: Option<BaselineReport>,
    /// What others report for this problem.
    pub published: Vec<PublishedReport>,
    /// What a reader should know beside the figures.
    pub notes: Vec<String>,
}

/// An error that others report.
#[derive(Debug, Clone, Serialize)]
pub struct PublishedReport {
    /// Whose it is.
    pub by: String,
    /// ‖u − u*‖₂/‖u*‖₂.
    pub relative_l2_error: f64,
    /// What it is of.
    pub how: String,
}

impl fmt::Display for PublishedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.by)?;
        if self.how.is_empty() { Ok(()) } else { write!(f, ", {}", self.how) }
    }
}

impl From<&Published> for PublishedReport {
    fn from(published: &Published) -> Self {
        let Published { by, error, how } = published.clone();
        Self { by, relative_l2_error: error, how }
    }
}

/// A parameter of the equations that was to be found.
#[derive(Debug, Clone, Serialize)]
pub struct UnknownReport {
    /// Its name.
    pub name: String,
    /// What was found; of the first seed.
    pub value: f64,
    /// That of every seed.
    pub values: Vec<f64>,
    /// Where the search began.
    pub start: f64,
    /// Its true value, where the problem gives it.
    pub exact: Option<f64>,
    /// Standard deviation of what is found, for noise as the misfit of the measurements tells it, of the first seed; infinite where
    /// they do not determine it, null where nothing is measured.
    pub standard_error: Option<f64>,
}

/// nu = 0.01 ± 1.2e-5, which began at 0.1; the truth is 0.0100034
impl fmt::Display for UnknownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, digits(self.value))?;
        match self.standard_error {
            Some(error) if error.is_finite() => write!(f, " ± {error:.1e}")?,
            Some(_) => write!(f, ", which is not determined")?,
            None => {}
        }
        write!(f, ", which began at {}", short(self.start))?;
        if let Some(exact) = self.exact {
            write!(f, "; off by {:.1e} from the true {}", (self.value - exact).abs(), short(exact))?;
        }
        if self.values.len() > 1 {
            let others: Vec<String> = self.values.iter().map(|&value| digits(value)).collect();
            write!(f, "; by seed {}", others.join(", "))?;
        }
        Ok(())
    }
}

/// With nine digits at most.
fn digits(value: f64) -> String {
    format!("{value:.8e}").parse().map_or_else(|_| short(value), short)
}

/// The run of one seed.
#[derive(Debug, Clone, Serialize)]
pub struct SeedReport {
    /// The seed.
    pub seed: u64,
    /// Of the solution at the end, not the best on the way.
    pub relative_l2_error: Option<f64>,
    /// As [`PdeReport::relative_residual`].
    pub relative_residual: f64,
    /// What the verification says.
    pub reason: String,
    /// As [`PdeReport::stop_reason`].
    pub stop_reason: String,
    /// Steps.
    pub steps: usize,
    /// Seconds of the fit.
    pub seconds: f64,
}

/// A relative residual this many times above the rounding of u is not explained by rounding: derivatives, and the terms that
/// they make up, are rounded more than u is.
const ABOVE_ROUNDING: f64 = 100.0;

/// What keeps the error from being smaller: also the steps, where these `ended` before the fit did.
pub(super) fn limited_by(relative_residual: f64, rounding_floor: f64, ended: bool) -> &'static str {
    match relative_residual > ABOVE_ROUNDING * rounding_floor {
        true if ended => "steps",
        true => "features",
        false => "rounding",
    }
}

impl PdeReport {
    /// What keeps the error from being smaller, in words; nothing where there is no solution to speak of.
    pub fn limit(&self) -> Option<String> {
        let (precision, floor) = (&self.precision, self.rounding_floor);
        let told = floor.is_finite() && self.relative_residual.is_finite();
        told.then(|| if self.limited_by != "rounding" {
            format!(
                "the {}, of which more would help: the residual is {:.1e} of its terms, and rounding in {precision} \
                 explains an error of {floor:.1e}",
                self.limited_by, self.relative_residual
            )
        } else {
            format!("rounding in {precision}, which alone explains a relative error of {floor:.1e}")
        })
    }
}

/// One condition, verified in f64 at fresh points.
#[derive(Debug, Clone, Serialize)]
pub struct ConditionReport {
    /// Its name.
    pub name: String,
    /// Fresh points.
    pub points: usize,
    /// Root mean square of its residual.
    pub residual_rms: f64,
    /// Mean of the absolute residual.
    pub residual_mean: f64,
    /// Largest absolute residual.
    pub residual_max: f64,
    /// Where that is.
    pub at: Vec<f64>,
    /// `residual_rms` over the root mean square of the size of its terms.
    pub relative: f64,
}

/// The same problem by a classical method.
#[derive(Debug, Clone, Serialize)]
pub struct BaselineReport {
    /// The method.
    pub method: String,
    /// Its unknowns.
    pub unknowns: usize,
    /// As [`PdeReport::relative_l2_error`].
    pub relative_l2_error: Option<f64>,
    /// ‖u − u_baseline‖₂/‖u_baseline‖₂ of the first seed, where there is no other reference.
    pub relative_difference: Option<f64>,
    /// ‖u − v‖₂/‖u‖₂ with its own solution v on the next coarser resolution.
    pub own_difference: f64,
    /// Order of convergence that it observed on its grids; null for polynomials.
    pub order: Option<f64>,
    /// Seconds.
    pub seconds: f64,
}
