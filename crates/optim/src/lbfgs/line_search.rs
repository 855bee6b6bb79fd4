//! A step length that satisfies the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, 2006, algorithms
//! 3.5 and 3.6). Where φ changes by no more than its rounding, the slopes decide instead, which are known better there: the
//! approximate Wolfe conditions of Hager and Zhang (SIAM J. Optim. 16, 2005, equation 4.1).

use super::Point;
use crate::vector::{add, dot};

/// φ(α) = f(θ + α d), from θ along d.
pub(super) struct Line<'a, F> {
    pub from: &'a Point,
    pub direction: &'a [f64],
    /// φ'(0), negative.
    pub slope: f64,
    /// c₁ and c₂.
    pub wolfe: [f64; 2],
    /// What rounding does to φ.
    pub noise: f64,
    /// f and its gradient.
    pub objective: F,
    /// Calls of it.
    pub evaluations: usize,
    /// Whether one of them gave finite numbers.
    pub finite: bool,
}

/// A point on the line.
struct Trial {
    alpha: f64,
    value: f64,
    slope: f64,
    point: Point,
}

/// Evaluations of one search, at most.
const MOST_TRIALS: usize = 50;
/// By this factor a step grows while φ falls.
const GROWTH: f64 = 4.0;
/// A trial keeps this part of the interval away from its ends.
const MARGIN: f64 = 0.1;

impl<E, F: FnMut(&[f64], &mut [f64]) -> Result<f64, E>> Line<'_, F> {
    /// The point that satisfies the conditions, or one that is at least lower; α = `first` is tried first.
    pub fn search(&mut self, first: f64) -> Result<Option<Point>, E> {
        let origin =
            Trial { alpha: 0.0, value: self.from.value, slope: self.slope, point: self.from.clone() };
        let mut before = origin;
        let mut alpha = first;
        while self.evaluations < MOST_TRIALS {
            let Some(trial) = self.trial(alpha)? else { break };
            if !self.falls_enough(&trial) || self.is_beyond(&trial, &before) {
                return self.zoom(before, trial);
            }
            if self.is_flat(&trial) {
                return Ok(Some(trial.point));
            }
            if trial.slope >= 0.0 {
                return self.zoom(trial, before);
            }
            before = trial;
            alpha *= GROWTH;
        }
        Ok(self.lower(before))
    }

    /// Algorithm 3.6: `low` falls enough and slopes down towards `high`.
    fn zoom(&mut self, mut low: Trial, mut high: Trial) -> Result<Option<Point>, E> {
        while self.evaluations < MOST_TRIALS {
            let alpha = self.between(&low, &high);
            if alpha == low.alpha || alpha == high.alpha {
                break;
            }
            let Some(trial) = self.trial(alpha)? else { break };
            if !self.falls_enough(&trial) || self.is_beyond(&trial, &low) {
                high = trial;
            } else {
                if self.is_flat(&trial) {
                    return Ok(Some(trial.point));
                }
                if trial.slope * (high.alpha - low.alpha) >= 0.0 {
                    high = low;
                }
                low = trial;
            }
        }
        Ok(self.lower(low))
    }

    /// What is good enough when the evaluations are used up.
    fn lower(&self, trial: Trial) -> Option<Point> {
        (trial.value < self.from.value).then_some(trial.point)
    }

    /// f there; `None` where the step is lost in the rounding of θ.
    fn trial(&mut self, alpha: f64) -> Result<Option<Trial>, E> {
        let mut theta = self.from.theta.clone();
        add(&mut theta, alpha, self.direction);
        if theta == self.from.theta {
            return Ok(None);
        }
        let mut gradient = vec![0.0; theta.len()];
        let value = (self.objective)(&theta, &mut gradient)?;
        self.evaluations += 1;
        let slope = dot(&gradient, self.direction);
        self.finite |= value.is_finite() && slope.is_finite();
        Ok(Some(Trial { alpha, value, slope, point: Point { theta, value, gradient } }))
    }

    /// The first Wolfe condition, φ(α) ≤ φ(0) + c₁ α φ'(0); in the noise φ'(α) ≤ (2c₁ − 1) φ'(0), which is the same for a
    /// parabola.
    fn falls_enough(&self, trial: &Trial) -> bool {
        let [c1, _] = self.wolfe;
        let change = trial.value - self.from.value;
        let falls = change <= c1 * trial.alpha * self.slope;
        let is_noise = change.abs() <= self.noise;
        let turned_little = trial.slope <= (2.0 * c1 - 1.0) * self.slope;
        trial.slope.is_finite() && change.is_finite() && (falls || is_noise && turned_little)
    }

    /// The second: |φ'(α)| ≤ c₂ |φ'(0)|.
    fn is_flat(&self, trial: &Trial) -> bool {
        trial.slope.abs() <= -self.wolfe[1] * self.slope
    }

    /// Whether φ is not below what it is at `other`, beyond doubt.
    fn is_beyond(&self, trial: &Trial, other: &Trial) -> bool {
        other.alpha > 0.0 && trial.value >= other.value && trial.value - other.value > self.noise
    }

    /// A trial between two others: the minimiser of the cubic with their values and slopes (equation 3.59), in the noise of
    /// the parabola with their slopes, kept away from the ends.
    fn between(&self, low: &Trial, high: &Trial) -> f64 {
        let width = high.alpha - low.alpha;
        if !(high.value.is_finite() && high.slope.is_finite()) {
            // Nothing is known of f there; it may end anywhere before.
            return low.alpha + MARGIN * width;
        }
        let part = if (high.value - low.value).abs() <= self.noise {
            low.slope / (low.slope - high.slope)
        } else {
            let d1 = low.slope + high.slope - 3.0 * (high.value - low.value) / width;
            let d2 = width.signum() * (d1 * d1 - low.slope * high.slope).sqrt();
            1.0 - (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2)
        };
        let part = if part.is_finite() { part.clamp(MARGIN, 1.0 - MARGIN) } else { 0.5 };
        low.alpha + part * width
    }
}
