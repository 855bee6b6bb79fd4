//! Tall least squares min ‖A x − b‖² by orthogonal transformations, with Tikhonov's term.
//!
//! The columns are scaled to length one (by powers of two, which round nothing); Householder reflections turn [A b] into
//! [R c; 0 r], then [R c; λI 0] into another such triangle, and R x = c. The normal equations are never formed: they
//! square the condition, which for random features is past 10¹⁶ as it is (Björck, Numerical Methods for Least Squares
//! Problems, 1996, sections 2.4 and 5.3).

mod damped;
pub mod device;
mod factor;
mod host;
mod householder;
mod outcome;
mod problem;
mod truncated;
mod wide;

use std::time::Instant;

use ansatz_gpu::{Gpu, GpuError, Real};

use crate::Matrix;
use problem::Problem;

pub use damped::{DampedLeastSquares, DampedSolution};
pub use factor::Factor;
pub use outcome::{LeastSquaresReason, LeastSquaresSolution};
pub use truncated::truncated;

/// How a least-squares problem is solved.
///
/// ```
/// use ansatz_gpu::Gpu;
/// use ansatz_linalg::{LeastSquares, Matrix};
///
/// # fn main() -> Result<(), ansatz_gpu::GpuError> {
/// let gpu = Gpu::cpu();
/// // The line c₀ + c₁ t through (0, 1), (1, 3), (2, 5).
/// let a = Matrix::upload(&gpu, "a", 3, 2, &[1.0f64, 1.0, 1.0, 0.0, 1.0, 2.0])?;
/// let b = Matrix::upload(&gpu, "b", 3, 1, &[1.0, 3.0, 5.0])?;
/// let line = LeastSquares::default().solve(&gpu, &a, &b)?;
/// assert!(line.solved());
/// assert!((line.x[0][0] - 1.0).abs() < 1e-12 && (line.x[0][1] - 2.0).abs() < 1e-12);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LeastSquares {
    /// λ of the rows λI, relative to columns of length about one (their scale is within √2 of it). 0 leaves them out:
    /// then a matrix without full rank has no solution here. `None` takes [`LeastSquares::tikhonov_for`].
    pub tikhonov: Option<f64>,
    /// Where.
    pub place: Place,
}

/// Where a least-squares problem is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// On the device and the triangle on the host ([`Place::Mixed`]); all on the host for the CPU executor and for other
    /// software adapters, and for f64 on devices without it.
    #[default]
    Auto,
    /// [A b] is factored on the device. The small triangle with λ is solved on the host in f64: on random features in f32,
    /// that is five times as accurate as all in f32, at a small part of the time.
    Mixed,
    /// [A b; λI 0] is factored, and R x = c solved, on the device.
    Device,
    /// All by faer on the host.
    Host,
}

impl LeastSquares {
    /// The λ that [`LeastSquares::tikhonov`] stands for where it is `None`: as small as the rounding of `T` in A lets it
    /// be, so that directions which carry nothing but rounding are damped and the others are left alone.
    pub fn tikhonov_for<T: Real>() -> f64 {
        if T::IS_F64 { 1e-14 } else { 1e-7 }
    }

    /// min ‖A x − b‖² + λ² ‖D x‖² for each column b of `rhs`; D holds the lengths of the columns of A.
    ///
    /// A solution that does not exist, or
    /// would be rounding alone, is no error but a [`LeastSquaresReason`].
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where `rhs` has not the rows of `matrix` or λ is negative or no number,
    /// [`GpuError::OutOfMemory`], and what the device says.
    pub fn solve<T: Real>(
        &self,
        gpu: &Gpu,
        matrix: &Matrix<T>,
        rhs: &Matrix<T>,
    ) -> Result<LeastSquaresSolution, GpuError> {
        let start = Instant::now();
        let tikhonov = self.tikhonov.unwrap_or(Self::tikhonov_for::<T>());
        let problem = Problem::new(gpu, matrix, rhs, tikhonov)?;
        let mut solution = match self.place.for_device::<T>(gpu) {
            Place::Host => problem.solve_on_host()?,
            Place::Device => problem.solve_on_device()?,
            Place::Mixed | Place::Auto => problem.solve_mixed()?,
        };
        solution.seconds = start.elapsed().as_secs_f64();
        Ok(solution)
    }
}

impl Place {
    /// What [`Place::Auto`] means there.
    pub fn for_device<T: Real>(self, gpu: &Gpu) -> Self {
        // faer uses the vector units of the same processor better than a software adapter does.
        let slow = gpu.is_software() || T::IS_F64 && !gpu.capabilities().f64;
        match self {
            Self::Auto if slow => Self::Host,
            Self::Auto => Self::Mixed,
            named => named,
        }
    }
}
