//! A problem that was checked, and what becomes of its triangle.

use ansatz_gpu::{Gpu, GpuError, Real};

use super::{LeastSquaresReason, LeastSquaresSolution};
use crate::Matrix;

/// min ‖A x − b‖² + λ² ‖D x‖², with shapes that fit.
pub(super) struct Problem<'a, T> {
    pub gpu: &'a Gpu,
    pub matrix: &'a Matrix<T>,
    pub rhs: &'a Matrix<T>,
    pub tikhonov: f64,
}

/// The triangle that the rows [A b; λI 0] became, of scaled columns.
pub(super) struct Triangle {
    /// R, column after column, each `columns` long; then the same of c for each right-hand side.
    pub entries: Vec<f64>,
    /// A's columns were multiplied by 2 to these powers.
    pub column_exponents: Vec<i32>,
    /// The right-hand sides likewise.
    pub rhs_exponents: Vec<i32>,
    /// Columns of A that hold nothing.
    pub empty: Vec<bool>,
}

impl<'a, T: Real> Problem<'a, T> {
    pub fn new(
        gpu: &'a Gpu,
        matrix: &'a Matrix<T>,
        rhs: &'a Matrix<T>,
        tikhonov: f64,
    ) -> Result<Self, GpuError> {
        let wrong = |message| Err(GpuError::Misuse { what: "least squares".to_owned(), message });
        if matrix.rows() != rhs.rows() {
            return wrong(format!("{} rows, but {} of the right-hand side", matrix.rows(), rhs.rows()));
        }
        if !(tikhonov.is_finite() && tikhonov >= 0.0) {
            return wrong(format!("λ is {tikhonov}; it must be a number of at least zero"));
        }
        Ok(Self { gpu, matrix, rhs, tikhonov })
    }

    /// Rows of A, and those of λI below it.
    pub fn all_rows(&self) -> usize {
        self.matrix.rows() + if self.tikhonov > 0.0 { self.matrix.columns() } else { 0 }
    }

    /// An outcome without x.
    pub fn refused(&self, reason: LeastSquaresReason, tier: &str) -> LeastSquaresSolution {
        LeastSquaresSolution {
            x: Vec::new(),
            residual_norms: Vec::new(),
            rank: 0,
            condition: f64::INFINITY,
            tikhonov: self.tikhonov,
            reason,
            tier: tier.to_owned(),
            seconds: 0.0,
        }
    }

    /// Whether there are enough rows.
    pub fn has_enough_rows(&self) -> Result<(), LeastSquaresReason> {
        let (rows, columns) = (self.matrix.rows(), self.matrix.columns());
        if self.all_rows() >= columns {
            Ok(())
        } else {
            Err(LeastSquaresReason::TooFewRows { rows, columns })
        }
    }

    /// Judges the rank, solves R x = c, and undoes the scaling. `residual_norms` is left to the caller.
    pub fn finish(&self, triangle: &Triangle, tier: &str) -> LeastSquaresSolution {
        let n = self.matrix.columns();
        let diagonal: Vec<f64> = (0..n).map(|j| triangle.entries[j * n + j].abs()).collect();
        let most = diagonal.iter().copied().fold(0.0, f64::max);
        let least = diagonal.iter().copied().fold(f64::INFINITY, f64::min);
        // A dependent column leaves what rounding did to a sum of `rows` terms, and λ.
        let rounding = 4.0 * T::epsilon().widen() * (self.matrix.rows() as f64).sqrt();
        let threshold = (rounding * most).max(2.0 * self.tikhonov);
        let dependent = |j: &usize| triangle.empty[*j] || diagonal[*j] <= threshold;
        let rank = n - (0..n).filter(dependent).count();
        let mut solution = LeastSquaresSolution {
            rank,
            condition: if n == 0 { 1.0 } else { most / least },
            ..self.refused(LeastSquaresReason::Solved, tier)
        };
        if self.tikhonov == 0.0
            && let Some(column) = (0..n).find(dependent)
        {
            solution.reason = LeastSquaresReason::RankDeficient { rank, column };
            return solution;
        }
        for (c, &rhs_exponent) in triangle.entries[n * n..].chunks(n.max(1)).zip(&triangle.rhs_exponents) {
            let mut x = c.to_vec();
            back_substitute(&triangle.entries[..n * n], &mut x);
            for (x, &exponent) in x.iter_mut().zip(&triangle.column_exponents) {
                *x = scale(*x, exponent - rhs_exponent);
            }
            solution.x.push(x);
        }
        // Without columns, chunks has nothing to say.
        solution.x.resize(self.rhs.columns(), Vec::new());
        solution
    }
}

/// R x = c with R column after column; `x` holds c at first.
fn back_substitute(r: &[f64], x: &mut [f64]) {
    let n = x.len();
    for j in (0..n).rev() {
        let column = &r[j * n..(j + 1) * n];
        x[j] /= column[j];
        let xj = x[j];
        x[..j].iter_mut().zip(column).for_each(|(x, r)| *x -= r * xj);
    }
}

/// 2^exponent · x, also where 2^exponent itself is out of range.
pub(super) fn scale(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * 2f64.powi(half) * 2f64.powi(exponent - half)
}

/// The power of two that brings a length near one: within [1/√2, √2]. 0 for the length 0.
pub(super) fn exponent_for(length: f64) -> i32 {
    if length > 0.0 { -length.log2().round() as i32 } else { 0 }
}
