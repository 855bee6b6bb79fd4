//! Features whose inner parameters are found along with their coefficients.

use std::sync::Arc;

use crate::{FeatureError, Features};

/// Features φ_1(x; θ) … φ_N(x; θ) that can be trained: u(x) = Σ_j c_j φ_j(x; θ) moves along its tangent functions, which are
/// a family of features themselves. So whatever assembles rows of features assembles the Jacobian of a residual, too.
pub trait Trainable: Features {
    /// Number of parameters in all: c_1 … c_N, then θ.
    fn parameters(&self) -> usize;

    /// The tangent functions of u at coefficients c: φ_1 … φ_N, which are its derivatives by c, then those by θ. Each of the
    /// latter may be scaled by a factor that [`Trainable::moved`] knows.
    fn tangent(&self, c: &[f64]) -> Arc<dyn Features>;

    /// For each tangent function but those of c, at coefficients c, the step that changes its parameter by as much as matters, such as a centre by
    /// the width.
    fn units(&self, c: &[f64]) -> Vec<f64>;

    /// θ, bit for bit, as [`Trainable::with_theta`] takes it. Its order and scale are the family's own.
    fn theta(&self) -> Vec<f64>;

    /// These features with another θ.
    ///
    /// # Errors
    /// [`FeatureError`] where there are too few or too many numbers, or features cannot have them.
    fn with_theta(&self, theta: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError>;

    /// The features and their coefficients after `step` along the tangent functions at c, one number for each.
    ///
    /// # Errors
    /// [`FeatureError`] where the step leads to parameters that are not finite.
    fn moved(&self, c: &[f64], step: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError>;
}
