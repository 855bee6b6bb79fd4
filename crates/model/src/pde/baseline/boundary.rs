//! Dirichlet values anywhere on the boundary of a domain in the plane.

use ansatz_expr::Jet;
use ansatz_problem::{PointSet, Problem, Region, Sampler};

use super::BaselineError;
use crate::pde::equation::Equation;

/// Points by which a condition's part of the boundary is known.
const MARKS: usize = 4096;

/// The Dirichlet conditions and where they hold.
pub(super) struct Boundary<'a> {
    conditions: Vec<(&'a Equation, PointSet)>,
}

impl<'a> Boundary<'a> {
    /// Takes the conditions on the boundary; each must be linear in u and contain nothing else.
    pub fn new(problem: &Problem, equations: &'a [Equation]) -> Result<Self, BaselineError> {
        let mut conditions = Vec::new();
        for (condition, equation) in problem.conditions.iter().zip(equations) {
            if let Region::Boundary(_) = condition.region {
                if equation.jets != [Jet::value(0)] || !equation.linear {
                    return Err(BaselineError::Equation("only Dirichlet conditions are discretised"));
                }
                conditions.push((equation, problem.sample(&condition.region, MARKS, Sampler::Sobol, 0)?));
            } else if condition.region != Region::Interior {
                return Err(BaselineError::Equation(
                    "a condition holds elsewhere than inside or on the boundary",
                ));
            }
        }
        Ok(Self { conditions })
    }

    /// u at points of the boundary, by the condition whose marks are nearest to each.
    pub fn values(&self, points: &[[f64; 2]]) -> Vec<f64> {
        let nearest: Vec<(usize, usize)> = points.iter().map(|x| self.nearest(x)).collect();
        let mut values = vec![f64::NAN; points.len()];
        for (number, (equation, marks)) in self.conditions.iter().enumerate() {
            let own: Vec<usize> = (0..points.len()).filter(|&p| nearest[p].0 == number).collect();
            let mut set = PointSet::new(2, own.iter().flat_map(|&p| points[p]).collect());
            let normal = |&p: &usize| marks.normals.as_deref().map_or([0.0; 2], |n| at(n, nearest[p].1));
            set.normals = Some(own.iter().flat_map(normal).collect());
            let found = equation.linearise(&set, &[vec![0.0; own.len()]]);
            for (i, &p) in own.iter().enumerate() {
                // R = a u + R(0)
                values[p] = -found.residual[i] / found.partials[0][i];
            }
        }
        values
    }

    /// The condition and the place of its mark nearest to x.
    fn nearest(&self, x: &[f64; 2]) -> (usize, usize) {
        let mut best = (f64::INFINITY, (0, 0));
        for (number, (_, marks)) in self.conditions.iter().enumerate() {
            for place in 0..marks.len() {
                let mark = at(&marks.coordinates, place);
                let distance = (mark[0] - x[0]).powi(2) + (mark[1] - x[1]).powi(2);
                if distance < best.0 {
                    best = (distance, (number, place));
                }
            }
        }
        best.1
    }
}

fn at(values: &[f64], place: usize) -> [f64; 2] {
    [values[2 * place], values[2 * place + 1]]
}
