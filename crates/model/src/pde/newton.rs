//! Gauss–Newton on the weighted collocation residual; for a linear problem its first step is the solution.

use std::sync::Arc;

use ansatz_gpu::Gpu;
use ansatz_linalg::{LeastSquares, LeastSquaresReason, Place};
use ansatz_problem::Problem;

use super::balance::GradientNorm;
use super::collocation::DeviceCollocation;
use super::equation::{Equation, Linearised};
use super::jacobian::DeviceJacobian;
use super::step::StepOptions;
use super::tier::Tier;
use super::trial::Trial;
use super::trouble::Trouble;
use super::values::DeviceValues;
use super::{Collocation, PdeError as Error, Watch};

/// What a fit is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct FitOptions<'a> {
    /// For the names in it.
    pub problem: &'a Problem,
    /// λ of Tikhonov, for columns of norm 1; `None` takes what suits the precision.
    pub tikhonov: Option<f64>,
    pub place: Place,
    /// Most steps.
    pub max_steps: usize,
    /// How the steps of training are solved.
    pub step: StepOptions,
    /// Whether coefficients are solved for after every step of training.
    pub projection: bool,
    /// How losses are balanced while features are trained; `None` leaves them as they are.
    pub balance: Option<GradientNorm>,
}

/// Why the steps ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stop {
    /// The residual is as small as the linear model of the last step promised, or many steps hardly made it smaller.
    Settled,
    /// No step along the direction made the residual smaller.
    Stagnated,
    /// The steps are used up.
    MaxSteps,
    /// The matrix or the residual is not finite.
    NonFinite,
    /// Fewer rows than columns, and no regularisation.
    TooFewRows,
    /// The columns depend on each other, and there is no regularisation.
    RankDeficient,
    /// The caller stopped it.
    Stopped,
}

/// Coefficients that fit the equations, and how they were found.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub c: Vec<f64>,
    pub stop: Stop,
    /// Before the first step and after each: ω² mean R² of each condition.
    pub losses: Vec<Vec<f64>>,
    /// The roots of their sums: the weighted norm of the residual.
    pub history: Vec<f64>,
    /// The number of steps after which each of them is known.
    pub known_after: Vec<usize>,
    /// The number of steps, where the losses are not known after each.
    pub unseen_steps: Option<usize>,
    /// What was not finite, and where; or else what the optimiser says to its end.
    pub cause: Option<String>,
    /// λ of each condition at the end; of none where they were not balanced.
    pub balance: Vec<f64>,
    /// Of the last least-squares matrix, where features are not trained.
    pub rank: Option<usize>,
    pub condition: f64,
    pub rows: usize,
    /// What was fitted: coefficients, and the parameters of features that are trained.
    pub parameters: usize,
    pub tier: String,
    /// Seconds that went into it before it was resumed.
    pub earlier_seconds: f64,
}

impl Fit {
    /// Of so many rows and parameters, before its first step.
    pub fn new(rows: usize, parameters: usize, tier: String) -> Self {
        Self {
            c: Vec::new(),
            stop: Stop::MaxSteps,
            losses: Vec::new(),
            history: Vec::new(),
            known_after: Vec::new(),
            unseen_steps: None,
            cause: None,
            balance: Vec::new(),
            rank: None,
            condition: f64::INFINITY,
            rows,
            parameters,
            tier,
            earlier_seconds: 0.0,
        }
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.unseen_steps.unwrap_or(self.history.len().saturating_sub(1))
    }

    /// The norm after the last step.
    pub fn last_norm(&self) -> f64 {
        self.history.last().copied().unwrap_or(f64::NAN)
    }

    /// With the history of a fit before it.
    pub fn after(mut self, before: Self) -> Self {
        let steps = before.history.len();
        self.known_after.iter_mut().for_each(|known| *known += steps);
        self.known_after.splice(0..0, before.known_after);
        self.losses.splice(0..0, before.losses);
        self.history.splice(0..0, before.history);
        self
    }

    /// Takes in the energy after a step, which may be negative.
    pub fn note_energy(&mut self, energy: f64) {
        self.known_after.push(self.losses.len());
        self.losses.push(vec![energy]);
        self.history.push(energy);
    }

    /// Takes in the losses after a step; their norm.
    pub fn note(&mut self, losses: Vec<f64>) -> f64 {
        self.note_after(self.losses.len(), losses)
    }

    /// The same after so many steps.
    pub fn note_after(&mut self, steps: usize, losses: Vec<f64>) -> f64 {
        let norm = norm(&losses);
        self.known_after.push(steps);
        self.losses.push(losses);
        self.history.push(norm);
        norm
    }
}

/// A norm within this factor of what the linear model promised is at its end.
const AS_PROMISED: f64 = 1.2;
/// Far below the first norm, a full step that gains less than this factor is the last.
const SLOW: f64 = 0.5;
const FAR_BELOW: f64 = 1e-3;
/// Above that, so many full steps that gain hardly anything are.
const SLOW_STEPS: usize = 4;
/// The shortest step that is tried: far from a solution, the first ones can be this short.
const SHORTEST: f64 = 1.0 / 16384.0;
/// The part of the decrease along a direction that a step must bring (Armijo).
const ARMIJO: f64 = 1e-4;

/// Minimises Σ_b ω_b² mean_b R² from the coefficients `c` on.
pub(super) fn fit<T: Tier>(
    gpu: &Gpu,
    trial: &Trial,
    equations: &[Equation],
    collocations: &[Collocation],
    mut c: Vec<f64>,
    options: FitOptions<'_>,
    watch: &mut Watch<'_>,
) -> Result<Fit, Error> {
    let points = Arc::new(DeviceCollocation::<T>::new(gpu, trial, equations, collocations)?);
    let (mut values, mut rows) = (DeviceValues::new(&points, trial)?, DeviceJacobian::new(&points, trial)?);
    let weights: Vec<f64> = collocations.iter().map(Collocation::row_weight).collect();
    let linear = equations.iter().all(|equation| equation.linear);

    let mut at = values.linearise((trial, &c), equations, collocations)?;
    let mut fit = Fit::new(points.rows, trial.unknowns(), String::new());
    let mut norm = fit.note(losses(&at, &weights));
    let mut slow_steps = 0;
    for step in 1..=options.max_steps {
        if !watch.step(step, norm) {
            fit.stop = Stop::Stopped;
            break;
        }
        // min ‖J δ + R‖² + λ²‖D δ‖²
        let (jacobian, residual) = rows.assemble(&at, &weights)?;
        let solver = LeastSquares { tikhonov: options.tikhonov, place: options.place };
        let solution = solver.solve(gpu, jacobian, residual)?;
        (fit.rank, fit.condition) = (Some(solution.rank), solution.condition);
        fit.tier = solution.tier.clone();
        let delta = match (solution.reason, solution.x.first()) {
            (LeastSquaresReason::Solved, Some(x)) => x,
            (LeastSquaresReason::TooFewRows { .. }, _) => {
                fit.stop = Stop::TooFewRows;
                break;
            }
            (LeastSquaresReason::RankDeficient { .. }, _) => {
                fit.stop = Stop::RankDeficient;
                break;
            }
            _ => {
                fit.stop = Stop::NonFinite;
                let trouble = Trouble::of_fit(trial, &c, equations, collocations, &at);
                fit.cause = trouble.map(|trouble| trouble.describe(options.problem));
                break;
            }
        };
        // c ← c − α J⁺R with the largest α = 1, ½, ¼ … that makes the residual smaller.
        let promised = solution.residual_norms.first().copied().unwrap_or(0.0);
        let mut length = 1.0;
        let accepted = loop {
            let tried: Vec<f64> = c.iter().zip(delta).map(|(c, delta)| c - length * delta).collect();
            let there = values.linearise((trial, &tried), equations, collocations)?;
            let new_losses = losses(&there, &weights);
            let new_norm = self::norm(&new_losses);
            if new_norm < (1.0 - ARMIJO * length) * norm {
                break Some((tried, there, new_losses));
            }
            length *= 0.5;
            if length < SHORTEST {
                break None;
            }
        };
        let Some((tried, there, new_losses)) = accepted else {
            fit.stop = if norm.is_finite() { Stop::Stagnated } else { Stop::NonFinite };
            break;
        };
        let new_norm = fit.note(new_losses);
        let full = length == 1.0;
        slow_steps = if full && new_norm > SLOW * norm { slow_steps + 1 } else { 0 };
        (c, at, norm) = (tried, there, new_norm);
        let bottom = slow_steps > 0 && norm <= FAR_BELOW * fit.history[0];
        if linear && norm <= AS_PROMISED * promised || bottom || slow_steps >= SLOW_STEPS {
            fit.stop = Stop::Settled;
            break;
        }
    }
    fit.c = c;
    Ok(fit)
}

/// ω_b² mean_b R² of each condition b.
pub(super) fn losses(linearised: &[Linearised], row_weights: &[f64]) -> Vec<f64> {
    let square =
        |at: &Linearised, weight: &f64| at.residual.iter().map(|r| (weight * r).powi(2)).sum::<f64>();
    linearised.iter().zip(row_weights).map(|(at, weight)| square(at, weight)).collect()
}

/// √(Σ_b ω_b² mean_b R²).
pub(super) fn norm(losses: &[f64]) -> f64 {
    losses.iter().sum::<f64>().sqrt()
}
