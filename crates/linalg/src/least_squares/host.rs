//! The whole solve on the host, with faer's products.

use ansatz_gpu::{GpuError, Real};
use faer::Mat;
use faer::traits::RealField;

use super::LeastSquaresSolution;
use super::householder::triangularise;
use super::problem::{Lengths, Problem, Triangle};

impl<T: Real> Problem<'_, T> {
    /// Reads A and b, factors [A b] in `T`, and R, c with λ in f64.
    pub fn solve_on_host(&self) -> Result<LeastSquaresSolution, GpuError> {
        let tier =
            if T::IS_F64 { "f64 on the host (faer)" } else { "f32 on the host (faer), the triangle in f64" };
        if let Err(reason) = self.has_enough_rows() {
            return Ok(self.refused(reason, tier));
        }
        let (a, b) = (self.matrix.read(self.gpu)?, self.rhs.read(self.gpu)?);
        let lengths = match self.lengths(&a, &b) {
            Ok(lengths) => lengths,
            Err(reason) => return Ok(self.refused(reason, tier)),
        };
        let triangle = self.triangle_on_host(&a, &b, &lengths);
        let mut solution = self.finish(triangle.with_tikhonov(self.tikhonov), &lengths, tier);
        self.add_residuals(&a, &b, &mut solution);
        Ok(solution)
    }

    /// The triangle of the scaled [A b], in `T`.
    pub fn triangle_on_host(&self, a: &[T], b: &[T], lengths: &Lengths) -> Triangle {
        if T::IS_F64 {
            self.triangle::<f64>(bytemuck::cast_slice(a), bytemuck::cast_slice(b), lengths)
        } else {
            self.triangle::<f32>(bytemuck::cast_slice(a), bytemuck::cast_slice(b), lengths)
        }
    }

    /// The triangle of the scaled [A b].
    fn triangle<F: Real + RealField>(&self, a: &[F], b: &[F], lengths: &Lengths) -> Triangle {
        let (rows, n) = (self.matrix.rows(), self.matrix.columns());
        let mut triangle = Triangle::zeros(n, self.rhs.columns());
        if rows == 0 {
            return triangle;
        }
        let mut work = Mat::<F>::zeros(rows, n + self.rhs.columns());
        for (j, (column, scale)) in a.chunks(rows).chain(b.chunks(rows)).zip(lengths.scales()).enumerate() {
            let scale = F::from_f64(scale);
            work.col_as_slice_mut(j).iter_mut().zip(column).for_each(|(to, &from)| *to = from * scale);
        }
        triangularise(work.as_mut(), n, |_| rows);
        for j in 0..work.ncols() {
            let upper = &work.col_as_slice(j)[..rows.min(n).min(j + 1)];
            triangle.set(j, upper.iter().map(|r| r.widen()));
        }
        triangle
    }
}
