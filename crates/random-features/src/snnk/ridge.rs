//! The best weights of a kernel layer under the squared loss.

use ansatz_features::FeatureError;
use ansatz_gpu::Gpu;
use ansatz_linalg::{LeastSquares, Matrix};

use super::SnnkError;

/// W of min ‖ΦW − Y‖² + λ²‖W‖², that is (ΦᵀΦ + λ²I)⁻¹ΦᵀY, by reflections of [Φ; λI]: a list of weights per output.
///
/// `features` holds Φ(x) for each point, `targets` the outputs at each point. With λ = 0, there must be as many points as
/// features, and no feature may depend on others.
///
/// # Errors
/// [`SnnkError::Features`] where lengths do not fit or λ is negative, [`SnnkError::Unsolved`], [`SnnkError::Gpu`].
pub fn ridge(
    gpu: &Gpu,
    features: &[Vec<f64>],
    targets: &[Vec<f64>],
    lambda: f64,
) -> Result<Vec<Vec<f64>>, SnnkError> {
    FeatureError::length("targets", targets.len(), features.len())?;
    FeatureError::values("λ", &[lambda], "zero or positive", |lambda| lambda >= 0.0)?;
    let [n, outputs] = [features, targets].map(|rows| rows.first().map_or(0, Vec::len));
    for (phi, y) in features.iter().zip(targets) {
        FeatureError::length("features of a point", phi.len(), n)?;
        FeatureError::length("targets of a point", y.len(), outputs)?;
    }
    let below = if lambda > 0.0 { n } else { 0 };
    let rows = features.len() + below;
    let mut a = Vec::with_capacity(rows * n);
    for j in 0..n {
        a.extend(features.iter().map(|phi| phi[j]));
        a.extend((0..below).map(|i| if i == j { lambda } else { 0.0 }));
    }
    let mut b = Vec::with_capacity(rows * outputs);
    for k in 0..outputs {
        b.extend(targets.iter().map(|y| y[k]));
        b.resize((k + 1) * rows, 0.0);
    }
    let a = Matrix::upload(gpu, "features", rows, n, &a)?;
    let b = Matrix::upload(gpu, "targets", rows, outputs, &b)?;
    // λ here is not relative to the columns' lengths, as that of the solver is.
    let solution = LeastSquares { tikhonov: Some(0.0), ..LeastSquares::default() }.solve(gpu, &a, &b)?;
    if solution.solved() { Ok(solution.x) } else { Err(SnnkError::Unsolved(solution.reason)) }
}
