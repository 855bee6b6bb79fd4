//! What can be done, and said, where refinement makes no progress.

use std::ops::ControlFlow;

use ansatz_gpu::GpuError;

use super::solver::Solver;
use crate::Reason;
use crate::norms::norm;
use crate::stage::{Stage, Task};

/// A residual that rounding explains up to this factor is as small as it gets.
pub(super) const FLOOR_FACTOR: f64 = 10.0;
/// From this many times the tolerance on, better rounding may reach it.
const POLISH_FACTOR: f64 = 3.0;
const POLISH_SWEEPS: usize = 20;

impl Solver<'_> {
    /// What a direction without positive curvature proves, in f64; nothing where rounding alone made it look so.
    pub fn reason_of_direction(&self, index: usize, direction: &[f64]) -> Option<Reason> {
        let length = norm(direction);
        // A direction of AᵀA says nothing about A.
        if !(length > 0.0 && length.is_finite()) || self.least_squares.is_some() {
            return None;
        }
        let v: Vec<f64> = direction.iter().map(|v| v / length).collect();
        let mut av = vec![0.0; v.len()];
        self.a.apply(&v, &mut av);
        // |A||v|: what the entries of Av are sums of, which tells zero from small entries of A.
        let mut terms = vec![0.0; v.len()];
        for (row, sum) in terms.iter_mut().enumerate() {
            self.a.visit_row(row, &mut |column, entry| *sum += (entry * v[column]).abs());
        }
        let curvature: f64 = v.iter().zip(&av).map(|(v, av)| v * av).sum();
        let of_terms: f64 = v.iter().zip(&terms).map(|(v, sum)| v.abs() * sum).sum();
        if curvature < -1e-12 * of_terms && self.options.method.has_directions() {
            return Some(Reason::IndefiniteOperator);
        }
        // For every y, ‖b − Ay‖ ≥ |b·v| − ‖y‖ ‖Av‖.
        let column = &self.columns[index];
        let in_null_space: f64 = column.b.iter().zip(&v).map(|(b, v)| b * v).sum();
        let null = norm(&av) <= 1e-9 * norm(&terms);
        (null && in_null_space.abs() > 2.0 * column.goal).then_some(Reason::Inconsistent)
    }

    /// The residual that the rounding of x to f64 alone explains.
    pub fn floor(&self, index: usize) -> f64 {
        let column = &self.columns[index];
        let of_misfit = f64::EPSILON * (self.norm_a * norm(&column.x) + column.norm_b);
        of_misfit * self.least_squares.as_ref().map_or(1.0, |least| least.norm)
    }

    /// Where the tolerance is almost reached and only the rounding of x is in the way, looks for a better rounding.
    pub fn polish(&mut self, index: usize) -> Option<Reason> {
        let column = &self.columns[index];
        // Coordinate descent takes the rows of A for its columns.
        if column.norm_r > POLISH_FACTOR * column.goal || !self.is_plainly_symmetric() {
            return None;
        }
        let (mut x, mut r) = (column.x.clone(), column.r.clone());
        for _ in 0..POLISH_SWEEPS {
            if !self.a.descend(&mut x, &mut r) {
                return None;
            }
            let residual = self.residual(index, &x);
            r.copy_from_slice(&residual.r);
            if residual.norm_r < self.columns[index].norm_r {
                self.take(index, x.clone(), residual);
            }
        }
        // Every sweep is made, for more than the bare tolerance: others may sum in another order.
        let column = &mut self.columns[index];
        column.verified.push((column.iterations, column.norm_r / column.scale));
        self.converged(index)
    }

    /// Why refinement makes no progress.
    pub fn reason_of_standstill(&self, index: usize, stage: &mut dyn Stage) -> Result<Reason, GpuError> {
        let column = &self.columns[index];
        let floor = self.floor(index);
        if column.norm_r <= FLOOR_FACTOR * floor {
            return Ok(Reason::AttainableAccuracy { floor: floor / column.scale });
        }
        let unexplained = if column.broke_down { Reason::Breakdown } else { Reason::Stagnated };
        if !self.is_plainly_symmetric() {
            return Ok(unexplained);
        }
        // If A is singular, r less the solution of Aw = Ar, which always exists, is in its null space.
        let n = column.r.len();
        let mut ar = vec![0.0; n];
        self.a.apply(&column.r, &mut ar);
        let mut systems = vec![vec![0.0; n]; self.columns.len()];
        let mut tasks = vec![None; self.columns.len()];
        systems[index] = ar;
        tasks[index] = Some(Task { reduction: 1e-9, limit: (2 * n as u64).max(1000) });
        let corrections = stage.solve(&systems, &tasks, &mut |_| ControlFlow::Continue(()))?;
        let candidate: Vec<f64> = column.r.iter().zip(&corrections[index].d).map(|(r, w)| r - w).collect();
        let proven = self.reason_of_direction(index, &candidate);
        Ok(proven.filter(|reason| *reason == Reason::Inconsistent).unwrap_or(unexplained))
    }
}
