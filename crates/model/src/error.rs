//! What can go wrong above the solvers.

use crate::io;

/// An error of this crate or of one below it. Non-convergence is no error but a [`crate::Reason`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read or is not what it should be.
    #[error(transparent)]
    Read(#[from] io::ReadError),
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] io::WriteError),
    /// The device failed.
    #[error(transparent)]
    Gpu(#[from] ansatz_gpu::GpuError),
    /// The solver was misused, or the device failed under it.
    #[error(transparent)]
    Krylov(#[from] ansatz_krylov::KrylovError),
    /// No operator can be made from the input.
    #[error(transparent)]
    Operator(#[from] ansatz_krylov::operator::OperatorError),
    /// The matrix in a file cannot be solved with.
    #[error("{file}: {source}")]
    Matrix {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: ansatz_krylov::operator::OperatorError,
    },
    /// A matrix has hardly any entries for its size.
    #[error(
        "{file}: {rows} rows with only {entries} entries, so nearly every row is empty and the matrix is singular; \
         expected at least one entry per row — check the size line"
    )]
    MostlyEmpty {
        /// The file.
        file: String,
        /// Rows of the matrix.
        rows: usize,
        /// Its entries.
        entries: usize,
    },
    /// A problem is not what it should be.
    #[error(transparent)]
    Problem(Box<ansatz_problem::ProblemError>),
    /// A PDE cannot be solved as asked.
    #[error(transparent)]
    Pde(Box<crate::pde::PdeError>),
    /// Parameters of features are wrong.
    #[error(transparent)]
    Features(#[from] ansatz_features::FeatureError),
    /// Scalable neural network kernels are wrong, or too large.
    #[error(transparent)]
    Snnk(#[from] ansatz_random_features::snnk::SnnkError),
    /// The text of a generated system is wrong.
    #[error(transparent)]
    Generate(#[from] ansatz_krylov::generate::GenerateError),
}

// Boxed, so that every result of this crate stays small.
impl From<ansatz_problem::ProblemError> for Error {
    fn from(error: ansatz_problem::ProblemError) -> Self {
        Self::Problem(Box::new(error))
    }
}

impl From<crate::pde::PdeError> for Error {
    fn from(error: crate::pde::PdeError) -> Self {
        Self::Pde(Box::new(error))
    }
}
