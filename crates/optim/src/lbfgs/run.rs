//! A minimisation step by step, which can be left and taken up again.

use super::memory::Memory;
use super::{Lbfgs, LbfgsProgress, LbfgsReason, Minimum, PATIENCE, Point, Run};
use crate::vector::{norm, norm_max};

/// A minimisation under way. `objective` is that of [`Lbfgs::minimise`].
///
/// ```
/// use std::convert::Infallible;
///
/// use ansatz_optim::{Lbfgs, LbfgsReason};
///
/// let mut f = |theta: &[f64], gradient: &mut [f64]| {
///     gradient[0] = 4.0 * theta[0].powi(3) - 4.0;
///     Ok::<_, Infallible>(theta[0].powi(4) - 4.0 * theta[0])
/// };
/// let mut run = Lbfgs::default().begin(vec![3.0], &mut f)?;
/// assert_eq!(run.advance(&mut f)?, None);
/// // Elsewhere, at another time.
/// let Some(mut again) = Lbfgs::default().resume(&run.state()) else { unreachable!() };
/// while again.advance(&mut f)?.is_none() {
///     run.advance(&mut f)?;
/// }
/// assert_eq!(run.advance(&mut f)?, Some(LbfgsReason::GradientSmall));
/// assert_eq!(run.theta(), again.theta());
/// # Ok::<(), Infallible>(())
/// ```
#[derive(Debug, Clone)]
pub struct LbfgsRun {
    pub(super) options: Lbfgs,
    pub(super) at: Point,
    pub(super) memory: Memory,
    pub(super) run: Run,
    /// The length of the last step.
    pub(super) step: f64,
}

/// Arrays and numbers of a state before its pairs.
const ARRAYS: usize = 4;
const NUMBERS: usize = 7;

impl LbfgsRun {
    /// Takes a step, or says why there are no more.
    ///
    /// # Errors
    /// Those of `objective`, at once: then it stands where it stood.
    pub fn advance<E>(
        &mut self,
        mut objective: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
    ) -> Result<Option<LbfgsReason>, E> {
        let (options, objective) = (self.options, &mut objective);
        if !self.at.is_finite() {
            return Ok(Some(LbfgsReason::NonFinite));
        }
        if norm_max(&self.at.gradient) <= options.gtol {
            return Ok(Some(LbfgsReason::GradientSmall));
        }
        if self.run.iterations >= options.max_iterations {
            return Ok(Some(LbfgsReason::MaxIterations));
        }
        if self.run.idle >= PATIENCE {
            return Ok(Some(LbfgsReason::AttainableAccuracy));
        }
        let step = match options.step(&self.at, &self.memory, objective, &mut self.run)? {
            // What was learned of the curvature may be wrong here.
            Err(_) if !self.memory.is_empty() => {
                self.memory.clear();
                options.step(&self.at, &self.memory, objective, &mut self.run)?
            }
            step => step,
        };
        let next = match step {
            Ok(next) => next,
            Err(reason) => return Ok(Some(reason)),
        };
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>();
        let s = difference(&next.theta, &self.at.theta);
        self.step = norm(&s);
        self.memory.push(s, difference(&next.gradient, &self.at.gradient), options.memory);
        self.at = next;
        self.run.count(&self.at);
        Ok(None)
    }

    /// Goes on from where it stands with another f, such as the same at other points: what was learned of the curvature is forgotten.
    ///
    /// # Errors
    /// Those of `objective`.
    pub fn change<E>(
        &mut self,
        objective: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
    ) -> Result<(), E> {
        self.at = Point::new(self.at.theta.clone(), objective)?;
        self.memory.clear();
        self.run.least = Run::new(&self.at).least;
        self.run.idle = 0;
        Ok(())
    }

    /// θ.
    pub fn theta(&self) -> &[f64] {
        &self.at.theta
    }

    /// Where it stands.
    pub fn progress(&self) -> LbfgsProgress<'_> {
        LbfgsProgress {
            iteration: self.run.iterations,
            evaluations: self.run.evaluations,
            theta: &self.at.theta,
            value: self.at.value,
            gradient_norm: norm_max(&self.at.gradient),
            step: self.step,
        }
    }

    pub(super) fn minimum(self, reason: LbfgsReason) -> Minimum {
        let gradient_norm = norm_max(&self.at.gradient);
        let Run { iterations, evaluations, history, .. } = self.run;
        let Point { theta, value, .. } = self.at;
        Minimum { theta, value, gradient_norm, reason, iterations, evaluations, history }
    }

    /// All that it knows, for [`Lbfgs::resume`].
    pub fn state(&self) -> Vec<Vec<f64>> {
        let Run { iterations, evaluations, least, idle, history } = &self.run;
        let counts = [*iterations as f64, *evaluations as f64, *idle as f64];
        let numbers = [&counts[..], least, &[self.at.value, self.step]].concat();
        let mut state = vec![self.at.theta.clone(), self.at.gradient.clone(), history.clone(), numbers];
        state.extend(self.memory.pairs().flatten().map(<[f64]>::to_vec));
        state
    }
}

impl Lbfgs {
    /// Goes on from [`LbfgsRun::state`] as if it had never been left; `None` where that is none.
    pub fn resume(&self, state: &[Vec<f64>]) -> Option<LbfgsRun> {
        let (arrays, pairs) = state.split_at_checked(ARRAYS)?;
        let [theta, gradient, history, numbers] = <&[Vec<f64>; ARRAYS]>::try_from(arrays).ok()?;
        let &[iterations, evaluations, idle, least, least_gradient, value, step] =
            <&[f64; NUMBERS]>::try_from(numbers.as_slice()).ok()?;
        let n = theta.len();
        if gradient.len() != n || pairs.iter().any(|array| array.len() != n) || pairs.len() % 2 != 0 {
            return None;
        }
        let mut memory = Memory::default();
        pairs.chunks_exact(2).for_each(|pair| memory.push(pair[0].clone(), pair[1].clone(), self.memory));
        let at = Point { theta: theta.clone(), value, gradient: gradient.clone() };
        let [iterations, evaluations, idle] = [iterations, evaluations, idle].map(|count| count as usize);
        let history = history.clone();
        let run = Run { iterations, evaluations, history, least: [least, least_gradient], idle };
        Some(LbfgsRun { options: *self, at, memory, run, step })
    }
}
