//! What can go wrong with a PDE.

use ansatz_gpu::GpuError;

/// An error of the PDE solver. Non-convergence is no error but a [`super::PdeReason`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdeError {
    /// A setting is out of its range.
    #[error("{name} is {value}; expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// No example has this name.
    #[error("there is no example `{name}`; the nearest is `{nearest}`")]
    NoExample {
        /// What was asked for.
        name: String,
        /// The name that is nearest.
        nearest: String,
    },
    /// The problem itself is wrong.
    #[error(transparent)]
    Problem(#[from] ansatz_problem::ProblemError),
    /// An equation has derivatives that the method has not.
    #[error(
        "`{condition}` has a derivative of order {order}; {method} have derivatives up to order {most}: choose another method or write the equation as a system of lower order"
    )]
    Order {
        /// The condition.
        condition: String,
        /// The order of its highest derivative.
        order: usize,
        /// The method.
        method: &'static str,
        /// The highest order it has.
        most: usize,
    },
    /// The collocation matrix would be too large.
    #[error(
        "{points} points and {unknowns} unknowns make a matrix of {gigabytes:.0} GB; use fewer points or features, or time windows"
    )]
    TooLarge {
        /// Rows.
        points: usize,
        /// Columns.
        unknowns: usize,
        /// Its size.
        gigabytes: f64,
    },
    /// The domain has no such points.
    #[error(transparent)]
    Domain(#[from] ansatz_problem::DomainError),
    /// Features cannot be made with these parameters.
    #[error(transparent)]
    Features(#[from] ansatz_features::FeatureError),
    /// The problem file or the reference solution cannot be read.
    #[error(transparent)]
    Read(#[from] crate::io::ReadError),
    /// A checkpoint cannot be written.
    #[error(transparent)]
    Write(#[from] crate::io::WriteError),
    /// M-FAC's matrix cannot be made.
    #[error(transparent)]
    Fisher(#[from] ansatz_optim::FisherError),
    /// The device failed.
    #[error(transparent)]
    Gpu(#[from] GpuError),
}
