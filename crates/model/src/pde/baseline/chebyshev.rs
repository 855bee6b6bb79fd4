//! Chebyshev collocation on boxes of one or two coordinates, time included.
//!
//! u is a polynomial; every equation is asked for at Gauss points, one more along each coordinate than the degree, of the
//! region where it holds. That is somewhat more equations than unknowns; they are solved in the least-squares sense in
//! f64, with Gauss–Newton where they are nonlinear (Driscoll and Hale, Rectangular spectral collocation, IMA J. Numer.
//! Anal. 36, 2016). The degree is raised until two solutions agree.

use ansatz_expr::Jet;
use ansatz_gpu::{Gpu, GpuError};
use ansatz_linalg::{LeastSquares, Matrix};
use ansatz_problem::{PointSet, Problem};

use super::nodes::Sides;
use super::series::Series;
use super::{BaselineError, equations};
use crate::pde::equation::{Equation, Linearised, rms};

/// Degrees that are tried one after another.
const DEGREES: [&[usize]; 2] = [&[8, 16, 32, 64, 128, 256], &[8, 12, 16, 24, 32, 40, 48]];
/// The most coefficients of all fields: about a second for one factorisation, several of which a nonlinear problem takes.
const MOST_LINEAR: usize = 49 * 49;
const MOST_NONLINEAR: usize = 33 * 33;
/// Solutions that differ by less are the same.
const SAME: f64 = 1e-11;
/// Steps of Gauss–Newton.
const MOST_STEPS: usize = 40;
/// A step of full length that leaves more than this of the residual is the last.
const ENOUGH: f64 = 0.5;
/// The shortest step that is tried.
const SHORTEST: f64 = 1e-5;

/// The best of the solutions, and by how much it differs from the one of the next lower degree, relatively.
pub(super) fn solve(
    problem: &Problem,
    sides: &Sides,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<(Series, f64), BaselineError> {
    let equations = equations(problem);
    let bounds = problem.domain.bounds();
    let fields = problem.scope.fields().len();
    let linear = equations.iter().all(|equation| equation.linear);
    let most = if linear { MOST_LINEAR } else { MOST_NONLINEAR };

    let mut last = Series::zero(&bounds, 1, fields);
    let mut best = None;
    for &degree in DEGREES[bounds.len() - 1] {
        let start = last.raised(degree);
        if start.coefficients.len() > most {
            break;
        }
        if !goes_on() {
            return Err(BaselineError::Stopped);
        }
        let series = Collocation::new(problem, sides, &equations, start)?.solve(linear)?;
        let difference = difference(&series, &last);
        if best.as_ref().is_none_or(|(_, best)| difference <= *best) {
            best = Some((series.clone(), difference));
        }
        if difference < SAME {
            break;
        }
        last = series;
    }
    best.ok_or(BaselineError::TooManyFields { fields })
}

/// ‖u − v‖/‖u‖ at the Gauss points of u, where u is of higher degree; infinite where it is no number.
fn difference(u: &Series, v: &Series) -> f64 {
    let fields = u.coefficients.len() / u.terms();
    let points = grid(&(0..u.bounds.len()).map(|axis| u.gauss_points(axis)).collect::<Vec<_>>());
    let (mut differences, mut values) = (Vec::new(), Vec::new());
    for jet in (0..fields).map(Jet::value) {
        for x in points.chunks_exact(u.bounds.len()) {
            let value = u.jet(&jet, x);
            values.push(value);
            differences.push(value - v.jet(&jet, x));
        }
    }
    let relative = rms(&differences) / rms(&values).max(f64::MIN_POSITIVE);
    if relative.is_finite() { relative } else { f64::INFINITY }
}

/// The points of a tensor grid, point after point.
pub(super) fn grid(axes: &[Vec<f64>]) -> Vec<f64> {
    let mut points = vec![Vec::new()];
    for axis in axes {
        let extended = points.iter().flat_map(|point: &Vec<f64>| {
            axis.iter().map(move |&x| point.iter().copied().chain([x]).collect())
        });
        points = extended.collect();
    }
    points.concat()
}

/// The equations at their points, and the state of the unknown.
struct Collocation<'a> {
    equations: &'a [Equation],
    points: Vec<PointSet>,
    series: Series,
}

impl<'a> Collocation<'a> {
    fn new(
        problem: &Problem,
        sides: &Sides,
        equations: &'a [Equation],
        series: Series,
    ) -> Result<Self, BaselineError> {
        let regions = problem.conditions.iter().map(|condition| &condition.region);
        let points = regions.map(|region| sides.points(region, &series)).collect::<Result<_, _>>()?;
        Ok(Self { equations, points, series })
    }

    /// Gauss–Newton from the present state on.
    fn solve(mut self, linear: bool) -> Result<Series, GpuError> {
        let mut at = self.linearise(&self.series);
        let weights = self.weights(&at);
        let mut norm = weighted_norm(&at, &weights);
        for _ in 0..if linear { 1 } else { MOST_STEPS } {
            let Some(delta) = self.direction(&at, &weights)? else { break };
            let mut length = 1.0;
            let accepted = loop {
                let mut tried = self.series.clone();
                tried.coefficients.iter_mut().zip(&delta).for_each(|(c, delta)| *c -= length * delta);
                let there = self.linearise(&tried);
                let new_norm = weighted_norm(&there, &weights);
                if new_norm < (1.0 - 1e-4 * length) * norm {
                    break Some((tried, there, new_norm));
                }
                length *= 0.5;
                if length < SHORTEST {
                    break None;
                }
            };
            let Some((series, there, new_norm)) = accepted else { break };
            let last = length == 1.0 && new_norm > ENOUGH * norm;
            (self.series, at, norm) = (series, there, new_norm);
            if last {
                break;
            }
        }
        Ok(self.series)
    }

    fn linearise(&self, series: &Series) -> Vec<Linearised> {
        let blocks = self.equations.iter().zip(&self.points);
        blocks
            .map(|(equation, points)| {
                equation.at(points, |coordinates, jets| {
                    let values = |jet| {
                        coordinates.chunks_exact(points.dimension).map(|x| series.jet(jet, x)).collect()
                    };
                    jets.iter().map(values).collect()
                })
            })
            .collect()
    }

    /// One over the root mean square of the length of the rows of each equation.
    fn weights(&self, at: &[Linearised]) -> Vec<f64> {
        let blocks = self.equations.iter().zip(&self.points).zip(at);
        let length = |((equation, points), at): ((&Equation, &PointSet), &Linearised)| {
            let rows = (0..points.len()).map(|p| self.row(equation, points, at, p));
            let squares: Vec<f64> = rows.map(|row| row.iter().map(|a| a * a).sum::<f64>().sqrt()).collect();
            rms(&squares)
        };
        blocks.map(length).map(|length| if length > 0.0 { length.recip() } else { 1.0 }).collect()
    }

    /// Σ_α ∂R/∂u_α ∂^α of every term of every field at point `p`.
    fn row(&self, equation: &Equation, points: &PointSet, at: &Linearised, p: usize) -> Vec<f64> {
        let terms = self.series.terms();
        let mut row = vec![0.0; self.series.coefficients.len()];
        for (jet, partials) in equation.jets.iter().zip(&at.partials) {
            let own = &mut row[jet.field * terms..(jet.field + 1) * terms];
            let mut add = |sign: f64, x: &[f64]| {
                let values = self.series.row(jet, x);
                own.iter_mut().zip(values).for_each(|(a, value)| *a += sign * partials[p] * value);
            };
            add(1.0, points.point(p));
            if let Some(partners) = &points.partners {
                add(-1.0, &partners[p * points.dimension..][..points.dimension]);
            }
        }
        row
    }

    /// argmin ‖J δ − R‖; none where J or R is not finite.
    fn direction(&self, at: &[Linearised], weights: &[f64]) -> Result<Option<Vec<f64>>, GpuError> {
        let rows: usize = self.points.iter().map(PointSet::len).sum();
        let columns = self.series.coefficients.len();
        let (mut jacobian, mut residual) = (vec![0.0; rows * columns], Vec::with_capacity(rows));
        for (((equation, points), at), weight) in self.equations.iter().zip(&self.points).zip(at).zip(weights)
        {
            for p in 0..points.len() {
                let place = residual.len();
                for (j, a) in self.row(equation, points, at, p).into_iter().enumerate() {
                    jacobian[j * rows + place] = weight * a;
                }
                residual.push(weight * at.residual[p]);
            }
        }
        let gpu = Gpu::cpu();
        let jacobian = Matrix::upload(&gpu, "collocation matrix", rows, columns, &jacobian)?;
        let residual = Matrix::upload(&gpu, "residual", rows, 1, &residual)?;
        let solution = LeastSquares::default().solve(&gpu, &jacobian, &residual)?;
        Ok(if solution.solved() { solution.x.into_iter().next() } else { None })
    }
}

fn weighted_norm(at: &[Linearised], weights: &[f64]) -> f64 {
    let squares =
        at.iter().zip(weights).flat_map(|(at, weight)| at.residual.iter().map(move |r| (weight * r).powi(2)));
    squares.sum::<f64>().sqrt()
}
