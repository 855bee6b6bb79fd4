//! Deflation with recycled vectors: what conjugate gradients found out about A for one right-hand side helps with the next (Saad, Yeung,
//! Erhel and Guyomarc'h, SIAM J. Sci. Comput. 21, 2000, section 5).
//!
//! ```text
//! V = (W, p₀, p₁, …)                  the space so far, and the first directions of the solve
//! VᵀAV y = θ VᵀDV y                   Rayleigh–Ritz for D⁻¹A, D = I without a preconditioner, else the diagonal of A
//! W ← V (y₁, …, y_k)                  the smallest θ
//! ```

use std::fmt;
use std::str::FromStr;

use faer::linalg::solvers::SelfAdjointEigen;
use faer::{Mat, Side};
use rayon::prelude::*;

use super::{Deflation, LEAST};
use crate::norms::norm;
use crate::operator::Operator;

/// What is taken over from one right-hand side to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recycling {
    /// Vectors that are deflated, 1 to [`Deflation::MOST`].
    pub count: usize,
    /// Directions of each solve that they are chosen from, `count` to [`MOST_STEPS`](Self::MOST_STEPS); as many are kept on the device.
    pub steps: usize,
}

/// Directions for each vector, if not given.
const STEPS: usize = 6;

impl Recycling {
    /// The most directions.
    pub const MOST_STEPS: usize = 256;

    /// Whether the numbers are within their bounds.
    pub(crate) fn is_valid(self) -> bool {
        (1..=Deflation::MOST).contains(&self.count) && (self.count..=Self::MOST_STEPS).contains(&self.steps)
    }
}

impl fmt::Display for Recycling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, self.steps)
    }
}

impl FromStr for Recycling {
    type Err = String;

    /// `K[:STEPS]`, six steps for each vector if not given.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.split(':').map(str::parse);
        let recycling = match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(count)), None, None) => {
                Some(Self { count, steps: (STEPS * count).min(Self::MOST_STEPS) })
            }
            (Some(Ok(count)), Some(Ok(steps)), None) => Some(Self { count, steps }),
            _ => None,
        };
        recycling.filter(|recycling| recycling.is_valid()).ok_or_else(|| {
            let (most, steps) = (Deflation::MOST, Self::MOST_STEPS);
            format!("`{text}` is not K[:STEPS], K from 1 to {most} and STEPS from K to {steps}")
        })
    }
}

impl Deflation {
    /// The `count` vectors of the smallest Ritz values in the space of `earlier` ones and some directions; none where A has no direction
    /// of positive curvature there. `diagonal` is D, where that is not I.
    pub(crate) fn recycled(
        a: &dyn Operator,
        diagonal: Option<&[f64]>,
        earlier: Option<&Self>,
        directions: &[Vec<f64>],
        count: usize,
    ) -> Option<Self> {
        let vectors: Vec<&[f64]> = earlier
            .into_iter()
            .flat_map(|space| &space.w)
            .chain(directions)
            .map(Vec::as_slice)
            .filter(|v| (f64::MIN_POSITIVE..f64::INFINITY).contains(&norm(v)))
            .collect();
        if vectors.is_empty() {
            return None;
        }
        let products: Vec<Vec<f64>> = vectors
            .par_iter()
            .map(|v| {
                let mut av = vec![0.0; v.len()];
                a.apply(v, &mut av);
                av
            })
            .collect();
        let weight = |i: usize| diagonal.map(|d| d[i]).filter(|&d| d > 0.0).unwrap_or(1.0);
        let n = a.columns();
        // Of unit length each, so that the small ones count as much.
        let lengths: Vec<f64> = vectors.iter().map(|v| norm(v)).collect();
        let v = Mat::from_fn(n, vectors.len(), |i, j| vectors[j][i] / lengths[j]);
        let av = Mat::from_fn(n, vectors.len(), |i, j| products[j][i] / lengths[j]);
        let dv = Mat::from_fn(n, vectors.len(), |i, j| weight(i) * v[(i, j)]);
        // An orthonormal basis VB in the inner product of D, without what the others span already; then the Ritz vectors VBY of it.
        let basis = whitened(&(v.transpose() * &dv), |_| true)?;
        let projected = basis.transpose() * (v.transpose() * &av) * &basis;
        let ritz = &basis * whitened(&projected, |k| k < count)?;
        let combined = |of: &Mat<f64>| -> Vec<Vec<f64>> {
            let product = of * &ritz;
            product.col_iter().map(|column| column.iter().copied().collect()).collect()
        };
        Some(Self { w: combined(&v), aw: combined(&av) })
    }
}

/// YΛ^(−1/2) of a symmetric matrix YΛYᵀ, for those of its eigenvalues, from the smallest on, that are not lost in rounding and that
/// `keep` numbers.
fn whitened(matrix: &Mat<f64>, keep: impl Fn(usize) -> bool) -> Option<Mat<f64>> {
    let symmetric =
        Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| 0.5 * (matrix[(i, j)] + matrix[(j, i)]));
    let eigen: SelfAdjointEigen<f64> = symmetric.self_adjoint_eigen(Side::Lower).ok()?;
    let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    let least = LEAST * values.iter().copied().fold(0.0, f64::max);
    let found = (0..values.len()).filter(|&k| values[k] > least).enumerate();
    let kept: Vec<usize> = found.filter(|&(number, _)| keep(number)).map(|(_, k)| k).collect();
    let y = eigen.U();
    (!kept.is_empty())
        .then(|| Mat::from_fn(values.len(), kept.len(), |i, k| y[(i, kept[k])] / values[kept[k]].sqrt()))
}
