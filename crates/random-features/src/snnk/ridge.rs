//! The best weights of a kernel layer under the squared loss.

use ansatz_features::FeatureError;
use ansatz_gpu::{Gpu, Real};
use ansatz_linalg::{LeastSquares, Matrix};

use super::SnnkError;

/// W of min ‖ΦW − Y‖² + λ²‖W‖², that is (ΦᵀΦ + λ²I)⁻¹ΦᵀY, by reflections of [Φ; λI].
///
/// ```
/// use ansatz_gpu::{Gpu, Plan};
/// use ansatz_linalg::Matrix;
/// use ansatz_random_features::snnk::{Kernel, Ridge, Snnk, SnnkError};
///
/// # fn main() -> Result<(), SnnkError> {
/// // e^{−x²/2} at 30 points, by 20 features.
/// let gpu = Gpu::cpu();
/// let x: Vec<f64> = (0..30).map(|p| f64::from(p) / 29.0).collect();
/// let points = Matrix::upload(&gpu, "points", 30, 1, &x)?;
/// let map = Snnk { count: 20, ..Snnk::new(Kernel::cosine()) }.features(1)?.upload::<f64>(&gpu)?;
/// let ridge = Ridge::new(&gpu, 30, 20, 1e-8)?;
/// let mut plan = Plan::new(&gpu, "Φ");
/// map.record(&mut plan, &points, ridge.features())?;
/// plan.run()?;
/// map.check()?;
/// let targets: Vec<Vec<f64>> = x.iter().map(|x| vec![(-0.5 * x * x).exp()]).collect();
/// assert_eq!(ridge.solve(&gpu, &targets)?[0].len(), 20);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Ridge<T> {
    /// [Φ; λI].
    matrix: Matrix<T>,
    points: usize,
}

impl<T: Real> Ridge<T> {
    /// With λI in its place, and zeros in that of Φ, for so many points and features. With λ = 0, there must be as many points
    /// as features, and no feature may depend on others.
    ///
    /// # Errors
    /// [`SnnkError::Features`] where λ is negative, [`SnnkError::Gpu`].
    pub fn new(gpu: &Gpu, points: usize, features: usize, lambda: f64) -> Result<Self, SnnkError> {
        FeatureError::values("λ", &[lambda], "zero or positive", |lambda| lambda >= 0.0)?;
        // Φ is written by fours.
        let (first, below) = if lambda > 0.0 { (points.next_multiple_of(4), features) } else { (points, 0) };
        let matrix = Matrix::zeros(gpu, "[Φ; λI]", first + below, features)?;
        if below > 0 {
            for (slab, columns) in matrix.slabs() {
                for (i, j) in columns.enumerate() {
                    gpu.write(slab, i * matrix.stride() + first + j, &[T::from_f64(lambda)])?;
                }
            }
        }
        Ok(Self { matrix, points })
    }

    /// Where Φ belongs: a row for each point, from the first on.
    pub fn features(&self) -> &Matrix<T> {
        &self.matrix
    }

    /// The weights for the outputs at each point: a list per output.
    ///
    /// # Errors
    /// [`SnnkError::Features`] where there are not as many targets as points, or they differ in length;
    /// [`SnnkError::Unsolved`], [`SnnkError::Gpu`].
    pub fn solve(&self, gpu: &Gpu, targets: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, SnnkError> {
        FeatureError::length("targets", targets.len(), self.points)?;
        let outputs = targets.first().map_or(0, Vec::len);
        for y in targets {
            FeatureError::length("targets of a point", y.len(), outputs)?;
        }
        let rows = self.matrix.rows();
        let mut b = Vec::with_capacity(rows * outputs);
        for k in 0..outputs {
            b.extend(targets.iter().map(|y| T::from_f64(y[k])));
            b.resize((k + 1) * rows, T::zero());
        }
        let b = Matrix::upload(gpu, "targets", rows, outputs, &b)?;
        // λ here is not relative to the columns' lengths, as that of the solver is.
        let solver = LeastSquares { tikhonov: Some(0.0), ..LeastSquares::default() };
        let solution = solver.solve(gpu, &self.matrix, &b)?;
        if solution.solved() { Ok(solution.x) } else { Err(SnnkError::Unsolved(solution.reason)) }
    }
}
