//! Scales of the features and the boundary weight by a held-out residual; the exact solution is never looked at.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use ansatz_problem::{Domain, Sampler};

use super::attempt::Attempt;
use super::collocate::{TYPICAL_SCALE, operator_size};
use super::settings::Settings;
use super::solution::Piece;
use super::truth::{evaluate, fresh};
use super::{FitPrecision, PdeError, Solution, Watch};

/// Features of a pilot fit.
const PILOT: usize = 500;
/// Points of each equation that a score is taken at.
const HELD_OUT: usize = 500;
/// So many scales in a row that are worse than the best end the ladder, once something is resolved.
const ENOUGH: usize = 3;
/// A pilot fit whose score is above this part of that of u = 0 has resolved nothing.
const RESOLVED: f64 = 1e-3;
/// Other scales of single coordinates, and other weights, must be this much better: of a pilot fit, since what suits it may not
/// suit the full size, and of a fit of full size.
const BETTER: [f64; 2] = [0.5, 0.95];

/// Gauss–Newton steps of a pilot fit: those of a good choice are done by then.
const PILOT_STEPS: usize = 12;
/// Boundary weights that are tried beside 1.
const WEIGHTS: [f64; 2] = [0.1, 10.0];

/// Settings with their score.
struct Best {
    score: f64,
    settings: Settings,
}

/// What scores mean.
#[derive(Debug, Clone, Copy)]
struct Goals {
    /// As good as it gets.
    exact: f64,
    /// That of a fit that resolves the solution.
    resolved: f64,
    /// A fit with other scales along one coordinate must be better by this factor.
    better: f64,
}

impl Attempt<'_> {
    /// Sets the scales: a ladder of equal ones, then each coordinate by itself, then all of them once more; and then the boundary
    /// weight, unless it is given. The fits are small ones, unless those resolve nothing: then they are of full size.
    pub fn choose(
        &self,
        domain: &Domain,
        settings: &mut Settings,
        watch: &mut Watch<'_>,
    ) -> Result<(), PdeError> {
        let shrink = (PILOT as f64 / settings.features as f64).min(1.0);
        let pilot = Settings {
            features: settings.features.min(PILOT),
            points: settings.points.map(|points| ((points as f64 * shrink) as usize).max(1)),
            max_steps: settings.max_steps.min(PILOT_STEPS),
            ..settings.clone()
        };
        let nothing = self.score(domain, &self.nothing(domain, &pilot)?, pilot.seed)?;
        let exact = nothing * if self.options.precision == FitPrecision::F32 { 1e-7 } else { 1e-13 };
        let given = self.options.boundary_weight.or(self.task.problem.method.boundary_weight);
        let weights = if given.is_none() { &WEIGHTS[..] } else { &[] };

        let resolved = RESOLVED * nothing;
        let mut goals = Goals { exact, resolved, better: BETTER[0] };
        let mut best = self.climb(domain, &pilot, goals, watch)?;
        if best.score > resolved {
            goals.better = BETTER[1];
            let full = Settings { max_steps: pilot.max_steps, ..settings.clone() };
            best = self.climb(domain, &full, goals, watch)?;
        }
        for &boundary_weight in weights {
            if best.score <= exact {
                break;
            }
            let other = Settings { boundary_weight, ..best.settings.clone() };
            self.attempt(domain, other, &mut best, goals.better, watch)?;
        }
        settings.scales = best.settings.scales;
        settings.boundary_weight = best.settings.boundary_weight;
        Ok(())
    }

    /// The best on the ladder of scales.
    fn climb(
        &self,
        domain: &Domain,
        settings: &Settings,
        Goals { exact, resolved, better }: Goals,
        watch: &mut Watch<'_>,
    ) -> Result<Best, PdeError> {
        let mut best = Best { score: f64::INFINITY, settings: settings.clone() };
        let dimension = settings.scales.len();
        let mut worse = 0;
        for scale in self.method.ladder(settings.features, dimension) {
            let next = Settings { scales: vec![scale; dimension], ..settings.clone() };
            worse = if self.attempt(domain, next, &mut best, 1.0, watch)? { 0 } else { worse + 1 };
            if worse >= ENOUGH && best.score <= resolved || best.score <= exact {
                break;
            }
        }
        let axes = if dimension > 1 && best.score > exact { dimension } else { 0 };
        let mut bent = false;
        for axis in 0..axes {
            for factor in [2.0, 0.5] {
                let mut next = best.settings.clone();
                next.scales[axis] *= factor;
                if self.attempt(domain, next, &mut best, better, watch)? {
                    bent = true;
                    break;
                }
            }
        }
        for factor in if bent { &[SQRT_2, FRAC_1_SQRT_2][..] } else { &[] } {
            let mut next = best.settings.clone();
            next.scales.iter_mut().for_each(|scale| *scale *= factor);
            if self.attempt(domain, next, &mut best, better, watch)? {
                break;
            }
        }
        Ok(best)
    }

    /// u = 0, and unknown parameters as they begin.
    fn nothing(&self, domain: &Domain, settings: &Settings) -> Result<Solution, PdeError> {
        let trial = self.trial(domain, settings)?;
        let c = self.task.unknowns.begin(trial.unknowns());
        Ok(Solution {
            dimension: domain.dimension(),
            time: None,
            pieces: vec![Piece { end: f64::INFINITY, trial, c }],
            transforms: self.task.transforms.clone(),
            unknowns: self.task.unknowns.clone(),
        })
    }

    /// Fits with these settings and takes them if their score is better by `factor`; whether it is.
    fn attempt(
        &self,
        domain: &Domain,
        settings: Settings,
        best: &mut Best,
        factor: f64,
        watch: &mut Watch<'_>,
    ) -> Result<bool, PdeError> {
        if watch.stopped {
            return Ok(false);
        }
        let attempted = self.run(domain, None, &settings, None, watch)?;
        let score = self.score(domain, &attempted.solution(self.task), settings.seed)?;
        let better = score < factor * best.score;
        if better {
            *best = Best { score, settings };
        }
        Ok(better)
    }

    /// √(Σ_b (rms R_b / s_b)²) at points that the fit has not seen. s_b is the size of the operator on functions of a typical
    /// frequency, the same for all scales, so that their scores can be compared.
    fn score(&self, domain: &Domain, solution: &Solution, seed: u64) -> Result<f64, PdeError> {
        let typical = vec![TYPICAL_SCALE; domain.dimension()];
        let half_sides = self.task.frame.half_sides();
        let mut sum = 0.0;
        for (number, (equation, region)) in self.task.stated.iter().zip(&self.task.regions).enumerate() {
            // What holds whatever is spanned tells nothing.
            if self.task.built_in[number] {
                continue;
            }
            let points = domain.sample(region, HELD_OUT, Sampler::Uniform, fresh(seed, number))?;
            let size = operator_size(self.task, number, &points, &half_sides, &typical);
            sum += (evaluate(equation, solution, &points).rms() / size.max(f64::MIN_POSITIVE)).powi(2);
        }
        Ok(if sum.is_finite() { sum.sqrt() } else { f64::INFINITY })
    }
}
