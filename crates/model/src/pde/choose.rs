//! Scales of the features by a held-out residual; the exact solution is never looked at.

use ansatz_problem::{Domain, Sampler};

use super::attempt::{Attempt, Settings, TYPICAL_SCALE, operator_size};
use super::solution::Piece;
use super::truth::{evaluate, fresh};
use super::{PdeError, Solution, Watch};

/// Features of a pilot fit.
const PILOT: usize = 500;
/// Points of each equation that a score is taken at.
const HELD_OUT: usize = 500;
/// So many scales in a row that are worse than the best end the ladder.
const ENOUGH: usize = 3;
/// A pilot fit whose score is above this part of that of u = 0 has resolved nothing.
const RESOLVED: f64 = 1e-3;
/// A score must be this much better to be taken for better.
const BETTER: f64 = 0.5;

impl Attempt<'_> {
    /// Scales for the fit that `settings` describe otherwise: a ladder of equal scales, then each coordinate by itself. The
    /// fits are small ones, unless those resolve nothing: then they are of full size.
    pub fn choose_scales(
        &self,
        domain: &Domain,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Result<Vec<f64>, PdeError> {
        let shrink = (PILOT as f64 / settings.features as f64).min(1.0);
        let pilot = Settings {
            features: settings.features.min(PILOT),
            points: settings.points.map(|points| ((points as f64 * shrink) as usize).max(1)),
            ..settings.clone()
        };
        let nothing = self.score(domain, &self.nothing(domain, &pilot)?, pilot.seed)?;
        let mut best = self.climb(domain, &pilot, watch)?;
        if shrink < 1.0 && best.0 > RESOLVED * nothing && !watch.stopped {
            best = self.climb(domain, settings, watch)?;
        }
        Ok(best.1)
    }

    /// The best score on the way, and its scales.
    fn climb(
        &self,
        domain: &Domain,
        settings: &Settings,
        watch: &mut Watch<'_>,
    ) -> Result<(f64, Vec<f64>), PdeError> {
        let dimension = settings.scales.len();
        let mut best = (f64::INFINITY, settings.scales.clone());
        let mut worse = 0;
        for scale in self.method.ladder(settings.features, dimension) {
            let better = self.try_scales(domain, settings, vec![scale; dimension], &mut best, 1.0, watch)?;
            worse = if better { 0 } else { worse + 1 };
            if worse == ENOUGH {
                break;
            }
        }
        for axis in 0..if dimension > 1 { dimension } else { 0 } {
            for factor in [2.0, 0.5] {
                let mut scales = best.1.clone();
                scales[axis] *= factor;
                if self.try_scales(domain, settings, scales, &mut best, BETTER, watch)? {
                    break;
                }
            }
        }
        Ok(best)
    }

    /// u = 0.
    fn nothing(&self, domain: &Domain, settings: &Settings) -> Result<Solution, PdeError> {
        let trial = self.trial(domain, settings)?;
        let c = vec![0.0; trial.unknowns()];
        Ok(Solution {
            dimension: domain.dimension(),
            time: None,
            pieces: vec![Piece { end: f64::INFINITY, trial, c }],
        })
    }

    /// Fits with these scales and takes them if their score is better; whether it is.
    fn try_scales(
        &self,
        domain: &Domain,
        settings: &Settings,
        scales: Vec<f64>,
        best: &mut (f64, Vec<f64>),
        factor: f64,
        watch: &mut Watch<'_>,
    ) -> Result<bool, PdeError> {
        if watch.stopped {
            return Ok(false);
        }
        let settings = Settings { scales, ..settings.clone() };
        let attempted = self.run(domain, None, &settings, watch)?;
        let score = self.score(domain, &attempted.solution(self.task), settings.seed)?;
        let better = score < factor * best.0;
        if better {
            *best = (score, settings.scales);
        }
        Ok(better)
    }

    /// √(Σ_b (rms R_b / s_b)²) at points that the fit has not seen. s_b is the size of the operator on functions of a typical
    /// frequency, the same for all scales, so that their scores can be compared.
    fn score(&self, domain: &Domain, solution: &Solution, seed: u64) -> Result<f64, PdeError> {
        let typical = vec![TYPICAL_SCALE; domain.dimension()];
        let half_sides = self.task.frame.half_sides();
        let mut sum = 0.0;
        for (number, (equation, region)) in self.task.equations.iter().zip(&self.task.regions).enumerate() {
            let points = domain.sample(region, HELD_OUT, Sampler::Uniform, fresh(seed, number))?;
            let size = operator_size(self.task, number, &points, &half_sides, &typical);
            sum += (evaluate(equation, solution, &points).rms() / size.max(f64::MIN_POSITIVE)).powi(2);
        }
        Ok(if sum.is_finite() { sum.sqrt() } else { f64::INFINITY })
    }
}
