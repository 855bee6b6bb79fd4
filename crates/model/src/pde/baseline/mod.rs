//! The same problem by a classical method, for comparison: Chebyshev collocation on boxes, else finite differences.
//!
//! A baseline knows nothing of the features: it shares only the problem's equations with them. What it gives, beside the
//! solution, is how far two of its own resolutions differ.

mod boundary;
mod chebyshev;
mod differences;
mod error;
mod nodes;
mod series;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Instant;

use ansatz_expr::Jet;
use ansatz_gpu::Gpu;
use ansatz_problem::Problem;

use super::equation::Equation;
use differences::Differences;
use nodes::Sides;
use series::Series;

pub use error::BaselineError;

/// From this difference of two polynomial solutions on, finite differences may do better: the problem is not smooth.
const ROUGH: f64 = 1e-2;
/// And from this one on, they are no solutions.
const NO_SOLUTION: f64 = 0.5;

/// Which classical method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineMethod {
    /// Collocation with polynomials of this degree in each coordinate.
    Chebyshev {
        /// The degree.
        degree: usize,
    },
    /// Second-order finite differences, solved by conjugate gradients.
    FiniteDifferences {
        /// Intervals along the longer side of the domain.
        intervals: usize,
    },
}

impl fmt::Display for BaselineMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chebyshev { degree } => write!(f, "Chebyshev collocation of degree {degree}"),
            Self::FiniteDifferences { intervals } => {
                write!(f, "finite differences on {intervals} intervals with conjugate gradients")
            }
        }
    }
}

/// A problem solved by a classical method.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The method.
    pub method: BaselineMethod,
    /// Its unknowns.
    pub unknowns: usize,
    /// ‖u − v‖₂/‖u‖₂ with the solution v of the next coarser resolution: an estimate of the error, from above where the
    /// method converges.
    pub difference: f64,
    /// Order of convergence observed on three grids; none for polynomials, which converge faster than any.
    pub order: Option<f64>,
    /// Wall-clock seconds, all resolutions together.
    pub seconds: f64,
    solution: Representation,
}

#[derive(Debug, Clone)]
enum Representation {
    Series(Series),
    Grid(Differences),
}

impl Baseline {
    /// Solves a problem by the method that suits it; `gpu` runs the conjugate gradients.
    ///
    /// # Errors
    /// Why there is no baseline: [`BaselineError`].
    pub fn solve(problem: &Problem, gpu: &Gpu) -> Result<Self, BaselineError> {
        Self::solve_while(problem, gpu, &mut || true)
    }

    /// As [`Baseline::solve`]; `goes_on` is asked before each resolution.
    ///
    /// # Errors
    /// As [`Baseline::solve`], and [`BaselineError::Stopped`].
    pub fn solve_while(
        problem: &Problem,
        gpu: &Gpu,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self, BaselineError> {
        let start = Instant::now();
        let sides = Sides::of(&problem.domain);
        let smooth = match sides {
            Some(sides) if problem.domain.dimension() <= 2 => Some(Self::by_series(problem, &sides, goes_on)),
            _ => None,
        };
        let mut baseline = match smooth {
            Some(Ok(smooth)) if smooth.difference < ROUGH => smooth,
            Some(Err(BaselineError::Stopped)) => return Err(BaselineError::Stopped),
            Some(smooth) => match (smooth, Self::by_differences(problem, gpu, goes_on)) {
                (Ok(smooth), Ok(rough)) if smooth.difference <= rough.difference => smooth,
                (Ok(smooth), Err(_)) => smooth,
                (Err(error), Err(_)) => return Err(error),
                (_, Ok(rough)) => rough,
            },
            None => Self::by_differences(problem, gpu, goes_on)?,
        };
        baseline.seconds = start.elapsed().as_secs_f64();
        Ok(baseline)
    }

    fn by_series(
        problem: &Problem,
        sides: &Sides,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self, BaselineError> {
        let (series, difference) = chebyshev::solve(problem, sides, goes_on)?;
        let degree = series.degree;
        if difference > NO_SOLUTION {
            return Err(BaselineError::Unresolved { degree, difference });
        }
        Ok(Self {
            method: BaselineMethod::Chebyshev { degree },
            unknowns: series.coefficients.len(),
            difference,
            order: None,
            seconds: 0.0,
            solution: Representation::Series(series),
        })
    }

    fn by_differences(
        problem: &Problem,
        gpu: &Gpu,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self, BaselineError> {
        let (grid, difference, order) = differences::solve(problem, gpu, goes_on)?;
        Ok(Self {
            method: BaselineMethod::FiniteDifferences { intervals: grid.intervals() },
            unknowns: grid.unknowns(),
            difference,
            order: Some(order),
            seconds: 0.0,
            solution: Representation::Grid(grid),
        })
    }

    /// The field with this number at points, whose coordinates stand point after point.
    pub fn values(&self, field: usize, coordinates: &[f64]) -> Vec<f64> {
        match &self.solution {
            Representation::Series(series) => {
                let points = coordinates.chunks_exact(series.bounds.len());
                points.map(|x| series.jet(&Jet::value(field), x)).collect()
            }
            Representation::Grid(grid) => {
                coordinates.chunks_exact(2).map(|x| grid.value([x[0], x[1]])).collect()
            }
        }
    }
}

/// The equations of all conditions, in their order.
fn equations(problem: &Problem) -> Vec<Equation> {
    let conditions = problem.conditions.iter();
    conditions.map(|condition| Equation::new(problem, condition, &condition.residual)).collect()
}
