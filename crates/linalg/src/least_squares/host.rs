//! The whole solve on the host, with faer's products.

use ansatz_gpu::{GpuError, Real};
use faer::Mat;
use faer::traits::RealField;
use rayon::prelude::*;

use super::householder::triangularise;
use super::problem::{Problem, Triangle, exponent_for, scale};
use super::{LeastSquaresReason, LeastSquaresSolution};

impl<T: Real> Problem<'_, T> {
    /// Reads A and b, and solves in `T` by faer.
    pub fn solve_on_host(&self) -> Result<LeastSquaresSolution, GpuError> {
        let tier = if T::IS_F64 { "f64 on the host (faer)" } else { "f32 on the host (faer)" };
        if let Err(reason) = self.has_enough_rows() {
            return Ok(self.refused(reason, tier));
        }
        let (a, b) = (self.matrix.read(self.gpu)?, self.rhs.read(self.gpu)?);
        let (column_lengths, rhs_lengths) = match (self.lengths(&a), self.lengths(&b)) {
            (Err((row, column)), _) => {
                return Ok(self.refused(LeastSquaresReason::NonFiniteMatrix { row, column }, tier));
            }
            (_, Err((row, column))) => {
                return Ok(self.refused(LeastSquaresReason::NonFiniteRhs { row, column }, tier));
            }
            (Ok(a), Ok(b)) => (a, b),
        };
        let column_exponents: Vec<i32> = column_lengths.iter().copied().map(exponent_for).collect();
        let rhs_exponents: Vec<i32> = rhs_lengths.iter().copied().map(exponent_for).collect();
        let entries = if T::IS_F64 {
            let (a, b) = (bytemuck::cast_slice::<T, f64>(&a), bytemuck::cast_slice(&b));
            self.triangle(a, &column_exponents, b, &rhs_exponents)
        } else {
            let (a, b) = (bytemuck::cast_slice::<T, f32>(&a), bytemuck::cast_slice(&b));
            self.triangle(a, &column_exponents, b, &rhs_exponents)
        };
        let empty = column_lengths.iter().map(|&length| length == 0.0).collect();
        let triangle = Triangle { entries, column_exponents, rhs_exponents, empty };
        let mut solution = self.finish(&triangle, tier);
        solution.residual_norms =
            solution.x.iter().enumerate().map(|(k, x)| self.residual(&a, &b, x, k)).collect();
        Ok(solution)
    }

    /// The length of each column, or the place of an entry that is not finite.
    fn lengths(&self, entries: &[T]) -> Result<Vec<f64>, (usize, usize)> {
        if self.matrix.rows() == 0 {
            return Ok(vec![0.0; self.matrix.columns().max(self.rhs.columns())]);
        }
        let columns = entries.par_chunks(self.matrix.rows()).enumerate();
        columns.map(|(j, column)| length(column).map_err(|row| (row, j))).collect()
    }

    /// The first rows of the triangle of the scaled [A b; λI 0].
    fn triangle<F: Real + RealField>(&self, a: &[F], exponents: &[i32], b: &[F], rhs: &[i32]) -> Vec<f64> {
        let (rows, n) = (self.matrix.rows(), self.matrix.columns());
        let mut work = Mat::<F>::zeros(self.all_rows(), n + self.rhs.columns());
        if rows > 0 {
            let columns = a.chunks(rows).chain(b.chunks(rows)).zip(exponents.iter().chain(rhs));
            for (j, (column, &exponent)) in columns.enumerate() {
                for (to, &from) in work.col_as_slice_mut(j).iter_mut().zip(column) {
                    *to = F::from_f64(scale(from.widen(), exponent));
                }
            }
        }
        for j in (0..n).filter(|_| self.tikhonov > 0.0) {
            work[(rows + j, j)] = F::from_f64(self.tikhonov);
        }
        triangularise(work.as_mut(), rows, n);
        (0..work.ncols()).flat_map(|j| work.col_as_slice(j)[..n].iter().map(|r| r.widen())).collect()
    }

    /// ‖A x − b‖₂ in f64, for right-hand side k.
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
