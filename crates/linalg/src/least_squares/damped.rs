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
    /// let mean = problem.solve(|_| 0.0);
    /// assert!((mean.x[0] - 2.0).abs() < 1e-12 && (mean.decrease - 8.0).abs() < 1e-12);
    /// // Of the same triangle: AᵀA x = g.
    /// assert!(mean.solve_normal(&[6.0]).is_some_and(|x| (x[0] - 3.0).abs() < 1e-12));
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
        self.factor_as(gpu, matrix, rhs, matrix.rows() < matrix.columns())
    }

    /// The same in the kernel form, whatever the shape of A: (rows)³ operations for each damping.
    ///
    /// # Errors
    /// As [`LeastSquares::factor`].
    pub fn factor_kernel<T: Real>(
        &self,
        gpu: &Gpu,
        matrix: &Matrix<T>,
        rhs: &Matrix<T>,
    ) -> Result<Result<DampedLeastSquares, LeastSquaresReason>, GpuError> {
        self.factor_as(gpu, matrix, rhs, true)
    }

    fn factor_as<T: Real>(
        &self,
        gpu: &Gpu,
        matrix: &Matrix<T>,
        rhs: &Matrix<T>,
        wide: bool,
    ) -> Result<Result<DampedLeastSquares, LeastSquaresReason>, GpuError> {
        let problem = Problem::new(gpu, matrix, rhs, 0.0)?;
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

    /// x for the first right-hand side; `damping` gives the entries of Λ. With fewer rows than
    /// columns, an entry below 1e-14 counts as that: without damping, x would not be unique.
    pub fn solve(&self, damping: impl Fn(usize) -> f64) -> DampedSolution<'_> {
        let (x, decrease, triangle) = match &self.form {
            Form::Tall(triangle) => {
                let damped = triangle.with_damping(damping);
                let x = damped.back_substitute(0);
                let [before, after] = triangle.squares(0, &x);
                (x, before - after, Some(damped))
            }
            Form::Wide(wide) => {
                let (x, decrease) = wide.solve(damping);
                (x, decrease, None)
            }
        };
        let scale = self.lengths.scale_of_rhs(0);
        let (x, decrease) = (self.lengths.unscale(0, x), decrease / (scale * scale));
        DampedSolution { x, decrease, triangle, lengths: &self.lengths }
    }
}

/// The solution for one damping, and the triangle that it came from.
#[derive(Debug, Clone)]
pub struct DampedSolution<'a> {
    /// x.
    pub x: Vec<f64>,
    /// ‖b‖² − ‖A x − b‖².
    pub decrease: f64,
    triangle: Option<Triangle>,
    lengths: &'a Lengths,
}

impl DampedSolution<'_> {
    /// Whether there is a triangle: not in the kernel form.
    pub fn has_triangle(&self) -> bool {
        self.triangle.is_some()
    }

    /// The x of (AᵀA + DΛ²D) x = g; `None` in the kernel form, in which there is no triangle.
    pub fn solve_normal(&self, gradient: &[f64]) -> Option<Vec<f64>> {
        let scaled = gradient.iter().zip(self.lengths.scales()).map(|(g, scale)| g * scale).collect();
        let x = self.triangle.as_ref()?.solve_normal(scaled);
        Some(x.into_iter().zip(self.lengths.scales()).map(|(x, scale)| x * scale).collect())
    }
}
