//! Why there is no baseline.

/// No classical method here fits the problem, or it failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// Only boxes of one or two coordinates and domains in the plane have one.
    #[error(
        "no baseline for {coordinates} coordinates on this domain: boxes of one or two, time included, have one, and any domain in the plane"
    )]
    Domain {
        /// Coordinates, time included.
        coordinates: usize,
    },
    /// A condition holds where this domain has no points.
    #[error("no baseline: a condition has no place on this domain")]
    Region,
    /// Even the lowest degree has more unknowns than are taken.
    #[error("no baseline for {fields} fields")]
    TooManyFields {
        /// Fields.
        fields: usize,
    },
    /// Polynomials of the highest degree are not enough, and finite differences do not apply.
    #[error("no baseline: polynomials of degree {degree} still change by {difference:.1e}")]
    Unresolved {
        /// The degree.
        degree: usize,
        /// Relative difference to the one of the next lower degree.
        difference: f64,
    },
    /// Finite differences are for less than was asked.
    #[error("no baseline by finite differences: {0}")]
    Equation(&'static str),
    /// Conjugate gradients did not converge.
    #[error("no baseline: conjugate gradients ended with {0:?}")]
    Unconverged(ansatz_krylov::Reason),
    /// The caller stopped it.
    #[error("it was stopped")]
    Stopped,
    /// The domain cannot be sampled.
    #[error(transparent)]
    Sampling(#[from] ansatz_problem::DomainError),
    /// The linear solver was misused, or its device failed.
    #[error(transparent)]
    Krylov(#[from] ansatz_krylov::KrylovError),
    /// The device failed.
    #[error(transparent)]
    Gpu(#[from] ansatz_gpu::GpuError),
}
