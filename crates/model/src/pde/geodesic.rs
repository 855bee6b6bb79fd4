//! Geodesic acceleration of a step of Levenberg and Marquardt (Transtrum & Sethna, arXiv 1201.5885).

use ansatz_gpu::{Gpu, Real};
use ansatz_linalg::{DampedSolution, Matrix};
use rayon::prelude::*;

use super::PdeError as Error;

/// The part of the step over which the residual's second derivative is differenced.
const REACH: f64 = 0.1;
/// A correction of more than this part of the step says that the step is too long for it to mean anything.
const MOST: f64 = 0.75;

/// The Jacobian and the residual of one state, on the host.
pub(super) struct Geodesic<T> {
    /// Column after column.
    jacobian: Vec<T>,
    residual: Vec<f64>,
}

impl<T: Real> Geodesic<T> {
    pub fn new(gpu: &Gpu, jacobian: &Matrix<T>, residual: Vec<f64>) -> Result<Self, Error> {
        Ok(Self { jacobian: jacobian.read(gpu)?, residual })
    }

    /// How far to look along a step −δ.
    pub fn probe(&self, step: &[f64]) -> Vec<f64> {
        step.iter().map(|delta| REACH * delta).collect()
    }

    /// `step`, δ, with half the second-order correction, −½ (JᵀJ + λ²D²)⁻¹ Jᵀ ∂²r/∂δ², from the residual `there` after the probe;
    /// `lengths` measure δ. `None` where the correction is too long, or no number.
    pub fn corrected(
        &self,
        (step, solution): (&[f64], &DampedSolution<'_>),
        there: &[f64],
        lengths: impl Fn(usize) -> f64,
    ) -> Option<Vec<f64>> {
        let rows = self.residual.len();
        // The step is −δ, so its first derivative is −Jδ.
        let mut along = vec![0.0; rows];
        for (column, delta) in self.jacobian.chunks(rows.max(1)).zip(step) {
            along.iter_mut().zip(column).for_each(|(sum, entry)| *sum -= delta * entry.widen());
        }
        let bend: Vec<f64> = self
            .residual
            .iter()
            .zip(there)
            .zip(&along)
            .map(|((here, there), slope)| 2.0 / REACH * ((there - here) / REACH - slope))
            .collect();
        let gradient: Vec<f64> = self
            .jacobian
            .par_chunks(rows.max(1))
            .map(|column| {
                0.5 * column.iter().zip(&bend).map(|(entry, bend)| entry.widen() * bend).sum::<f64>()
            })
            .collect();
        let correction = solution.solve_normal(&gradient)?;
        let norm =
            |x: &[f64]| x.iter().enumerate().map(|(j, x)| (lengths(j) * x).powi(2)).sum::<f64>().sqrt();
        // A comparison with NaN is false.
        (2.0 * norm(&correction) <= MOST * norm(step))
            .then(|| step.iter().zip(&correction).map(|(delta, more)| delta + more).collect())
    }
}
