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
        let mut along = product(&self.jacobian, rows, step);
        along.iter_mut().for_each(|slope| *slope = -*slope);
        let bend = bend(&self.residual, there, &along);
        let gradient: Vec<f64> = self
            .jacobian
            .par_chunks(rows.max(1))
            .map(|column| {
                0.5 * column.iter().zip(&bend).map(|(entry, bend)| entry.widen() * bend).sum::<f64>()
            })
            .collect();
        let correction = solution.solve_normal(&gradient)?;
        accepted(step, &correction, lengths)
    }
}

/// J v, where J has its entries column after column.
pub(super) fn product<T: Real>(entries: &[T], rows: usize, v: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; rows];
    for (column, v) in entries.chunks(rows.max(1)).zip(v) {
        product.iter_mut().zip(column).for_each(|(sum, entry)| *sum += v * entry.widen());
    }
    product
}

/// How far to look along a step −δ.
pub(super) fn probe(step: &[f64]) -> Vec<f64> {
    step.iter().map(|delta| REACH * delta).collect()
}

/// ∂²r/∂δ² from r `here` and `there` after the probe, and its first derivative `along` the step.
pub(super) fn bend(here: &[f64], there: &[f64], along: &[f64]) -> Vec<f64> {
    let differences = here.iter().zip(there).zip(along);
    differences.map(|((here, there), slope)| 2.0 / REACH * ((there - here) / REACH - slope)).collect()
}

/// A step with its correction, unless this is too long, as `lengths` measure it, or no number.
pub(super) fn accepted(step: &[f64], correction: &[f64], lengths: impl Fn(usize) -> f64) -> Option<Vec<f64>> {
    let norm = |x: &[f64]| x.iter().enumerate().map(|(j, x)| (lengths(j) * x).powi(2)).sum::<f64>().sqrt();
    // A comparison with NaN is false.
    (2.0 * norm(correction) <= MOST * norm(step))
        .then(|| step.iter().zip(correction).map(|(delta, more)| delta + more).collect())
}
