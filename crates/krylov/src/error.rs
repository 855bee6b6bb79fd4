//! What can go wrong with a solve besides not converging.

use ansatz_gpu::GpuError;

use crate::operator::OperatorError;

/// Misuse, bad input, or a failed device. Non-convergence is no error but a [`crate::Reason`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum KrylovError {
    /// The device failed before any work was lost.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The operator cannot be laid out on the device.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// A vector does not have the length of the operator.
    #[error("{what} has {found} entries; the operator has {expected}")]
    Length {
        /// The vector.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The operator's.
        expected: usize,
    },
    /// A setting makes no sense.
    #[error("{name} is {value}; it must be {expected}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A diagonal block is not positive definite.
    #[error(
        "the diagonal block that begins at unknown {first} is not positive definite, so block-Jacobi does not exist; \
         use another preconditioner"
    )]
    IndefiniteBlock {
        /// First unknown of the block, counted from 0.
        first: usize,
    },
    /// The operator on the coarsest grid of multigrid has no Cholesky factorisation.
    #[error(
        "the coarsest grid of multigrid has no Cholesky factorisation: the coefficients differ by too many orders of \
         magnitude; use another preconditioner"
    )]
    CoarsestLevel,
    /// The device failed in the middle of a solve. Open it again and pass `iterates` as the initial guess to go on.
    #[error("after {outer_iterations} refinement steps: {source}")]
    Interrupted {
        /// What the device said.
        source: GpuError,
        /// The last iterate of each right-hand side that the host holds, in f64.
        iterates: Vec<Vec<f64>>,
        /// Refinement steps done.
        outer_iterations: usize,
    },
}
