//! The inverse of the empirical Fisher matrix F = λI + (1/m) Σ g gᵀ of m gradients, as a preconditioner: M-FAC (Frantar,
//! Kurtic and Alistarh, NeurIPS 2021). F is never formed: what is kept are vectors as long as a gradient, m of them.
//!
//! With d parameters, [`StaticFisher`] takes O(dm²) to set up and O(dm) to apply. [`SlidingFisher`] takes O(dm + m²) to take
//! a gradient in, to leave one out, and to apply.

mod device;
mod fixed;
mod sliding;

pub use device::DeviceFisher;
pub use fixed::StaticFisher;
pub use sliding::SlidingFisher;

/// Why there is no such preconditioner.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FisherError {
    /// λ is not a positive number.
    #[error("the damping of the Fisher matrix is {0}; it must be positive and finite")]
    Damping(f64),
    /// There is no gradient to make it from, or no room for one.
    #[error("a Fisher matrix of no gradients")]
    Empty,
    /// A gradient has another length than the others.
    #[error("a gradient has {found} entries; there are {expected} parameters")]
    Length {
        /// Its length.
        found: usize,
        /// The number of parameters.
        expected: usize,
    },
    /// A gradient is not finite, or its square is not.
    #[error("a gradient is infinite, NaN, or too long for its square")]
    NonFinite,
}

/// Checks a gradient of `expected` entries.
fn check(gradient: &[f64], expected: usize) -> Result<(), FisherError> {
    if gradient.len() != expected {
        return Err(FisherError::Length { found: gradient.len(), expected });
    }
    if crate::vector::dot(gradient, gradient).is_finite() { Ok(()) } else { Err(FisherError::NonFinite) }
}

fn check_damping(damping: f64) -> Result<(), FisherError> {
    if damping > 0.0 && damping.is_finite() { Ok(()) } else { Err(FisherError::Damping(damping)) }
}
