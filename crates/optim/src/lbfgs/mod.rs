//! Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.5), in f64 on the host: what costs is f.

mod line_search;
mod memory;
mod outcome;
mod run;

use std::ops::ControlFlow;

use crate::vector::{dot, norm, norm_max};
use line_search::Line;
use memory::Memory;

pub use outcome::{LbfgsProgress, LbfgsReason, Minimum};
pub use run::LbfgsRun;

/// How a function is minimised from its values and gradients.
///
/// ```
/// use std::convert::Infallible;
/// use std::ops::ControlFlow;
///
/// use ansatz_optim::{Lbfgs, LbfgsReason};
///
/// // f = (θ₀ − 1)² + 10 (θ₁ + 2)⁴
/// let f = |theta: &[f64], gradient: &mut [f64]| {
///     let (x, y) = (theta[0] - 1.0, theta[1] + 2.0);
///     gradient.copy_from_slice(&[2.0 * x, 40.0 * y.powi(3)]);
///     Ok::<_, Infallible>(x * x + 10.0 * y.powi(4))
/// };
/// let minimum = Lbfgs::default().minimise(vec![0.0, 0.0], f, |_| ControlFlow::Continue(()))?;
/// assert_eq!(minimum.reason, LbfgsReason::GradientSmall);
/// assert!((minimum.theta[0] - 1.0).abs() < 1e-8);
/// # Ok::<(), Infallible>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lbfgs {
    /// Pairs of steps and changes of the gradient that are kept.
    pub memory: usize,
    /// Steps at most.
    pub max_iterations: usize,
    /// Converged when ‖∇f‖∞ is at most this.
    pub gtol: f64,
    /// c₁ of the Wolfe conditions: the part of the decrease that the slope promises which a step must bring.
    pub c1: f64,
    /// c₂, between c₁ and 1: the part of the slope that it may leave.
    pub c2: f64,
    /// How far rounding moves f, relative to |f|: about 1e-6 where f is a sum in f32.
    pub noise: f64,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self { memory: 10, max_iterations: 1000, gtol: 1e-8, c1: 1e-4, c2: 0.9, noise: 1e-14 }
    }
}

/// θ with f and ∇f there.
#[derive(Debug, Clone)]
struct Point {
    theta: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl Point {
    fn new<E>(
        theta: Vec<f64>,
        mut objective: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
    ) -> Result<Self, E> {
        let mut gradient = vec![0.0; theta.len()];
        let value = objective(&theta, &mut gradient)?;
        Ok(Self { theta, value, gradient })
    }

    fn is_finite(&self) -> bool {
        self.value.is_finite() && norm_max(&self.gradient).is_finite()
    }
}

/// So many steps in a row that lower neither the least f nor the least ‖∇f‖ are the last.
const PATIENCE: usize = 20;

impl Lbfgs {
    /// Minimises f from `theta` on. `objective` gives f(θ) and writes ∇f(θ), which may be infinite or NaN where f is not
    /// defined: the line search steps back from there. `watch` sees every iterate and may break.
    ///
    /// # Errors
    /// Those of `objective`, at once.
    pub fn minimise<E>(
        &self,
        theta: Vec<f64>,
        mut objective: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
        mut watch: impl FnMut(&LbfgsProgress<'_>) -> ControlFlow<()>,
    ) -> Result<Minimum, E> {
        let mut run = self.begin(theta, &mut objective)?;
        let reason = loop {
            if let Some(reason) = run.advance(&mut objective)? {
                break reason;
            }
            if watch(&run.progress()).is_break() {
                break LbfgsReason::Stopped;
            }
        };
        Ok(run.minimum(reason))
    }

    /// Begins such a minimisation, of which [`LbfgsRun::advance`] takes the steps.
    ///
    /// # Errors
    /// Those of `objective`.
    pub fn begin<E>(
        &self,
        theta: Vec<f64>,
        objective: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
    ) -> Result<LbfgsRun, E> {
        let at = Point::new(theta, objective)?;
        Ok(LbfgsRun { options: *self, memory: Memory::default(), run: Run::new(&at), at, step: 0.0 })
    }

    /// A step along −H∇f, or why there is none.
    fn step<E>(
        &self,
        at: &Point,
        memory: &Memory,
        objective: &mut impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
        run: &mut Run,
    ) -> Result<Result<Point, LbfgsReason>, E> {
        let direction = memory.direction(&at.gradient);
        let slope = dot(&at.gradient, &direction);
        if !(slope < 0.0 && slope.is_finite()) {
            return Ok(Err(LbfgsReason::NoDescent));
        }
        // Without any curvature, a step of length one.
        let first = if memory.is_empty() { (1.0 / norm(&direction)).min(1.0) } else { 1.0 };
        let mut line = Line {
            from: at,
            direction: &direction,
            slope,
            wolfe: [self.c1, self.c2],
            noise: self.noise * at.value.abs(),
            objective,
            evaluations: 0,
            finite: false,
        };
        let found = line.search(first)?;
        run.evaluations += line.evaluations;
        let nothing_finite = line.evaluations > 0 && !line.finite;
        let missed = if nothing_finite { LbfgsReason::NonFinite } else { LbfgsReason::LineSearch };
        Ok(found.ok_or(missed))
    }
}

/// What is counted on the way.
#[derive(Debug, Clone)]
struct Run {
    iterations: usize,
    evaluations: usize,
    history: Vec<f64>,
    least: [f64; 2],
    idle: usize,
}

impl Run {
    fn new(at: &Point) -> Self {
        let least = [at.value, norm_max(&at.gradient)];
        Self { iterations: 0, evaluations: 1, history: vec![at.value], least, idle: 0 }
    }

    fn count(&mut self, at: &Point) {
        self.iterations += 1;
        self.history.push(at.value);
        self.idle += 1;
        for (least, now) in self.least.iter_mut().zip([at.value, norm_max(&at.gradient)]) {
            if now < *least {
                (*least, self.idle) = (now, 0);
            }
        }
    }
}
