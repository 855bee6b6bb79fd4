//! What can go wrong with scalable kernels.

use ansatz_features::FeatureError;
use ansatz_gpu::GpuError;
use ansatz_linalg::LeastSquaresReason;

/// An error of scalable neural network kernels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnnkError {
    /// A parameter, a point or a weight is wrong.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// A feature would be too large for a number.
    #[error(
        "feature {feature} would be exp({exponent:.3e}), above the limit exp({limit}); scale the points and the weights \
         down, or set the balance to their ratio"
    )]
    Overflow {
        /// Which feature, counted from 0; in a batch on a device, the first that is too large at any point.
        feature: usize,
        /// The exponent; in a batch on a device, the largest.
        exponent: f64,
        /// What it may be at most.
        limit: f64,
    },
    /// The arc-cosine kernel has no bias.
    #[error(
        "a bias of {bias} with the arc-cosine kernel, which has none; append 1 to the points and the bias to the weights"
    )]
    Bias {
        /// The bias.
        bias: f64,
    },
    /// The least-squares problem has no solution.
    #[error("no least-squares solution: {0}. {hint}", hint = .0.hint())]
    Unsolved(LeastSquaresReason),
    /// The solver was misused, or the device failed.
    #[error(transparent)]
    Gpu(#[from] GpuError),
}
