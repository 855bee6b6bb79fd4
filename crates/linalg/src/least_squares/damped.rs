//! A least-squares problem that is factored once and solved with several dampings: what a trust region asks for.

use ansatz_gpu::{Gpu, GpuError, Real};

use super::problem::{Lengths, Problem, Triangle};
use super::wide::Wide;
use super::{LeastSquares, LeastSquaresReason, Place};
use crate::Matrix;

/// min ‖A x − b‖² + ‖Λ D x‖² for any diagonal Λ, with D as in [`LeastSquares::solve`].
///
/// With at least as many rows as columns, from the triangle of [A b]; with fewer, in the kernel form
/// x = (ΛD)⁻² Aᵀ (A (ΛD)⁻² Aᵀ + I)⁻¹ b, for which A is kept on the host.
#[derive(Debug, Clone)]
pub struct DampedLeastSquares {
    form: Form,
    lengths: Lengths,
}

#[derive(Debug, Clone)]
enum Form {
    Tall(Triangle),
    Wide(Wide),
}

impl LeastSquares {
    /// Factors [A b], where [`LeastSquares::place`] says, or says what in it is not finite. λ is not used. A matrix with
    /// fewer rows than columns is factored with each damping, on the host.
    ///
    /// ```
    /// use ansatz_gpu::Gpu;
    /// use ansatz_linalg::{LeastSquares, Matrix};
    ///
    /// # fn main() -> Result<(), ansatz_gpu::GpuError> {
    /// let gpu = Gpu::cpu();
    /// let a = Matrix::upload(&gpu, "a", 2, 1, &[1.0f64, 1.0])?;
    /// let b = Matrix::upload(&gpu, "b", 2, 1, &[1.0f64, 3.0])?;
    /// let Ok(problem) = LeastSquares::default().factor(&gpu, &a, &b)? else { unreachable!() };
    /// let (mean, decrease) = problem.solve(|_| 0.0);
    /// assert!((mean[0] - 2.0).abs() < 1e-12 && (decrease - 8.0).abs() < 1e-12);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`LeastSquares::solve`].
    pub fn factor<T: Real>(
        &self,
        gpu: &Gpu,
        matrix: &Matrix<T>,
        rhs: &Matrix<T>,
    ) -> Result<Result<DampedLeastSquares, LeastSquaresReason>, GpuError> {
        let problem = Problem::new(gpu, matrix, rhs, 0.0)?;
        let wide = matrix.rows() < matrix.columns();
        if !wide && self.place.for_device::<T>(gpu) != Place::Host {
            return problem.lengths_on_device()?.map_or_else(
                |reason| Ok(Err(reason)),
                |lengths| {
                    let form = Form::Tall(problem.triangle_on_device(&lengths)?);
                    Ok(Ok(DampedLeastSquares { form, lengths }))
                },
            );
        }
        let (a, b) = (matrix.read(gpu)?, rhs.read(gpu)?);
        let factored = |lengths| {
            let form = if wide {
                Form::Wide(Wide::new(matrix.rows(), matrix.columns(), &a, &b, &lengths))
            } else {
                Form::Tall(problem.triangle_on_host(&a, &b, &lengths))
            };
            DampedLeastSquares { form, lengths }
        };
        Ok(problem.lengths(&a, &b).map(factored))
    }
}

impl DampedLeastSquares {
    /// The diagonal of D: the lengths of the columns of A, to within a factor √2.
    pub fn lengths(&self) -> Vec<f64> {
        self.lengths.of_columns()
    }

    /// x for the first right-hand side, and ‖b‖² − ‖A x − b‖²; `damping` gives the entries of Λ. With fewer rows than
    /// columns, an entry below 1e-14 counts as that: without damping, x would not be unique.
    pub fn solve(&self, damping: impl Fn(usize) -> f64) -> (Vec<f64>, f64) {
        let (x, decrease) = match &self.form {
            Form::Tall(triangle) => {
                let x = triangle.with_damping(damping).back_substitute(0);
                let [before, after] = triangle.squares(0, &x);
                (x, before - after)
            }
            Form::Wide(wide) => wide.solve(damping),
        };
        let scale = self.lengths.scale_of_rhs(0);
        (self.lengths.unscale(0, x), decrease / (scale * scale))
    }
}
