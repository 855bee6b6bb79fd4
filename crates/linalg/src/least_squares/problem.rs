//! A problem that was checked, and what becomes of its triangle.

use ansatz_gpu::{Gpu, GpuError, Real};
use faer::Mat;
use rayon::prelude::*;

use super::householder::{BLOCK, triangularise};
use super::{LeastSquaresReason, LeastSquaresSolution};
use crate::Matrix;

/// min ‖A x − b‖² + λ² ‖D x‖², with shapes that fit.
pub(super) struct Problem<'a, T> {
    pub gpu: &'a Gpu,
    pub matrix: &'a Matrix<T>,
    pub rhs: &'a Matrix<T>,
    pub tikhonov: f64,
}

/// How the columns are scaled: by powers of two.
#[derive(Debug, Clone)]
pub(super) struct Lengths {
    /// Those of A, then those of the right-hand sides.
    exponents: Vec<i32>,
    /// Columns of A that hold nothing.
    empty: Vec<bool>,
}

impl Lengths {
    pub fn new<T: Real>(columns: Vec<f64>, rhs: Vec<f64>) -> Self {
        // Scales that `T` holds.
        let most = if T::IS_F64 { 1022 } else { 126 };
        let exponents = columns.iter().chain(&rhs).map(|&length| exponent_for(length).clamp(-most, most));
        Self { exponents: exponents.collect(), empty: columns.iter().map(|&length| length == 0.0).collect() }
    }

    /// The factors.
    pub fn scales(&self) -> impl Iterator<Item = f64> {
        self.exponents.iter().map(|&exponent| scale(1.0, exponent))
    }

    /// The lengths of the columns of A, to within a factor √2.
    pub fn of_columns(&self) -> Vec<f64> {
        let length = |(&empty, &exponent): (&bool, &i32)| if empty { 0.0 } else { scale(1.0, -exponent) };
        self.empty.iter().zip(&self.exponents).map(length).collect()
    }

    /// The factor of right-hand side k.
    pub fn scale_of_rhs(&self, k: usize) -> f64 {
        scale(1.0, self.exponents[self.empty.len() + k])
    }

    /// x of the problem as it was given, from that of the scaled one with right-hand side k.
    pub fn unscale(&self, k: usize, mut x: Vec<f64>) -> Vec<f64> {
        let rhs = self.exponents[x.len() + k];
        x.iter_mut().zip(&self.exponents).for_each(|(x, &exponent)| *x = scale(*x, exponent - rhs));
        x
    }
}

/// The triangle [R c] that [A b] became, of scaled columns: R and below its rows nothing, in f64.
#[derive(Debug, Clone)]
pub(super) struct Triangle {
    n: usize,
    /// Column after column, each n long.
    entries: Vec<f64>,
}

impl Triangle {
    pub fn zeros(n: usize, rhs: usize) -> Self {
        Self { n, entries: vec![0.0; n * (n + rhs)] }
    }

    /// Sets the upper part of a column.
    pub fn set(&mut self, column: usize, entries: impl Iterator<Item = f64>) {
        let to = &mut self.entries[column * self.n..][..self.n];
        to.iter_mut().zip(entries).for_each(|(to, from)| *to = from);
    }

    /// [R c] of [R c; λI 0].
    pub fn with_tikhonov(self, tikhonov: f64) -> Self {
        if tikhonov == 0.0 { self } else { self.with_damping(|_| tikhonov) }
    }

    /// [R c] of [R c; Λ 0], where Λ is diagonal.
    pub fn with_damping(&self, damping: impl Fn(usize) -> f64) -> Self {
        let n = self.n;
        if n == 0 {
            return self.clone();
        }
        // A block of R, the rows of λI for it, the next block: so the rows that meet in a block lie together.
        let place = |i: usize| i + i / BLOCK * BLOCK;
        let below = |i: usize| i + ((i / BLOCK + 1) * BLOCK).min(n);
        let mut work = Mat::<f64>::zeros(2 * n, self.entries.len() / n);
        for (j, column) in self.entries.chunks(n).enumerate() {
            column.iter().enumerate().for_each(|(i, &r)| work[(place(i), j)] = r);
        }
        (0..n).for_each(|j| work[(below(j), j)] = damping(j));
        triangularise(work.as_mut(), n, |end| 2 * end);
        let mut triangle = Self::zeros(n, work.ncols() - n);
        for j in 0..work.ncols() {
            triangle.set(j, work.col_as_slice(j)[..n.min(j + 1)].iter().copied());
        }
        triangle
    }

    /// ‖c‖² of right-hand side k, and ‖R x − c‖².
    pub fn squares(&self, k: usize, x: &[f64]) -> [f64; 2] {
        let n = self.n;
        let c = &self.entries[(n + k) * n..][..n];
        let mut rest: Vec<f64> = c.iter().map(|c| -c).collect();
        for (j, &xj) in x.iter().enumerate() {
            rest.iter_mut().zip(&self.entries[j * n..][..=j]).for_each(|(rest, r)| *rest += r * xj);
        }
        [c, &rest].map(|values| values.iter().map(|value| value * value).sum())
    }

    fn diagonal(&self) -> Vec<f64> {
        (0..self.n).map(|j| self.entries[j * self.n + j]).collect()
    }

    /// R x = c for right-hand side k.
    pub fn back_substitute(&self, k: usize) -> Vec<f64> {
        self.substitute(self.entries[(self.n + k) * self.n..][..self.n].to_vec())
    }

    /// RᵀR x = g.
    pub fn solve_normal(&self, mut g: Vec<f64>) -> Vec<f64> {
        let n = self.n;
        for j in 0..n {
            let column = &self.entries[j * n..][..=j];
            let known: f64 = column[..j].iter().zip(&g).map(|(r, y)| r * y).sum();
            g[j] = (g[j] - known) / column[j];
        }
        self.substitute(g)
    }

    /// R x = c.
    fn substitute(&self, mut x: Vec<f64>) -> Vec<f64> {
        let n = self.n;
        for j in (0..n).rev() {
            let column = &self.entries[j * n..][..n];
            x[j] /= column[j];
            let xj = x[j];
            x[..j].iter_mut().zip(column).for_each(|(x, r)| *x -= r * xj);
        }
        x
    }
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
        if rows >= columns || self.tikhonov > 0.0 {
            Ok(())
        } else {
            Err(LeastSquaresReason::TooFewRows { rows, columns })
        }
    }

    /// The lengths of the columns of A and of b, or what in them is not finite.
    pub fn lengths(&self, a: &[T], b: &[T]) -> Result<Lengths, LeastSquaresReason> {
        let rows = self.matrix.rows();
        if rows == 0 {
            return Ok(Lengths::new::<T>(vec![0.0; self.matrix.columns()], vec![0.0; self.rhs.columns()]));
        }
        let each = |entries: &[T]| -> Result<Vec<f64>, (usize, usize)> {
            let columns = entries.par_chunks(rows).enumerate();
            columns.map(|(j, column)| length(column).map_err(|row| (row, j))).collect()
        };
        let columns = each(a).map_err(|(row, column)| LeastSquaresReason::NonFiniteMatrix { row, column })?;
        let rhs = each(b).map_err(|(row, column)| LeastSquaresReason::NonFiniteRhs { row, column })?;
        Ok(Lengths::new::<T>(columns, rhs))
    }

    /// Judges the rank by the diagonal of R.
    pub fn judge(&self, diagonal: &[f64], lengths: &Lengths, tier: &str) -> LeastSquaresSolution {
        let sizes = || diagonal.iter().map(|r| r.abs());
        let most = sizes().fold(0.0, f64::max);
        let least = sizes().fold(f64::INFINITY, f64::min);
        // A dependent column leaves what rounding did to a sum of `rows` terms, and λ.
        let rounding = 4.0 * T::epsilon().widen() * (self.matrix.rows() as f64).sqrt();
        let threshold = (rounding * most).max(2.0 * self.tikhonov);
        let dependent = |j: &usize| lengths.empty[*j] || diagonal[*j].abs() <= threshold;
        let n = diagonal.len();
        let rank = n - (0..n).filter(dependent).count();
        let reason = match (0..n).find(dependent) {
            Some(column) if self.tikhonov == 0.0 => LeastSquaresReason::RankDeficient { rank, column },
            _ => LeastSquaresReason::Solved,
        };
        let condition = if n == 0 { 1.0 } else { most / least };
        LeastSquaresSolution { rank, condition, ..self.refused(reason, tier) }
    }

    /// Judges the rank, solves R x = c, and undoes the scaling. The residuals are left to the caller.
    pub fn finish(&self, triangle: Triangle, lengths: &Lengths, tier: &str) -> LeastSquaresSolution {
        let mut solution = self.judge(&triangle.diagonal(), lengths, tier);
        if solution.solved() {
            let x = |k| lengths.unscale(k, triangle.back_substitute(k));
            solution.x = (0..self.rhs.columns()).map(x).collect();
        }
        solution
    }

    /// ‖A x − b‖₂ in f64, for each right-hand side.
    pub fn add_residuals(&self, a: &[T], b: &[T], solution: &mut LeastSquaresSolution) {
        let norms = solution.x.iter().enumerate().map(|(k, x)| self.residual(a, b, x, k));
        solution.residual_norms = norms.collect();
    }

    fn residual(&self, a: &[T], b: &[T], x: &[f64], k: usize) -> f64 {
        const STRIP: usize = 512;
        let rows = self.matrix.rows();
        let strips = (0..rows).into_par_iter().step_by(STRIP).map(|first| {
            let strip = first..(first + STRIP).min(rows);
            let mut r: Vec<f64> = b[k * rows..][strip.clone()].iter().map(|b| -b.widen()).collect();
            for (j, &xj) in x.iter().enumerate() {
                r.iter_mut().zip(&a[j * rows..][strip.clone()]).for_each(|(r, a)| *r += a.widen() * xj);
            }
            r.iter().map(|r| r * r).sum::<f64>()
        });
        strips.sum::<f64>().sqrt()
    }
}

/// ‖column‖₂ without overflow, or the row of an entry that is not finite.
fn length<T: Real>(column: &[T]) -> Result<f64, usize> {
    if let Some(row) = column.iter().position(|x| !x.is_finite()) {
        return Err(row);
    }
    let most = column.iter().fold(0.0, |most: f64, x| most.max(x.widen().abs()));
    if most == 0.0 {
        return Ok(0.0);
    }
    let exponent = exponent_for(most);
    let sum: f64 = column.iter().map(|x| scale(x.widen(), exponent).powi(2)).sum();
    Ok(scale(sum.sqrt(), -exponent))
}

/// 2^exponent · x, also where 2^exponent itself is out of range.
fn scale(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * 2f64.powi(half) * 2f64.powi(exponent - half)
}

/// The power of two that brings a length near one: within [1/√2, √2]. 0 for the length 0.
fn exponent_for(length: f64) -> i32 {
    if length > 0.0 { -length.log2().round() as i32 } else { 0 }
}
