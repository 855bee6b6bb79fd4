//! Features whose inner parameters are found along with their coefficients.

use std::sync::Arc;

use ansatz_gpu::{Gpu, GpuError};

use crate::{FeatureError, Features, Resident};

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

    /// These features moved: φ_j(x − `by`).
    ///
    /// # Errors
    /// [`FeatureError`] where they cannot be there.
    fn translated(&self, by: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError>;

    /// The features and their coefficients after `step` along the tangent functions at c, one number for each.
    ///
    /// # Errors
    /// [`FeatureError`] where the step leads to parameters that are not finite.
    fn moved(&self, c: &[f64], step: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError>;

    /// The features with parameters that stay on a device, from these and the coefficients c on, in f32; `None` where the family has no
    /// kernels for that.
    ///
    /// # Errors
    /// What the device says.
    fn resident_f32(&self, _gpu: &Gpu, _c: &[f64]) -> Result<Option<Box<dyn Resident<f32>>>, GpuError> {
        Ok(None)
    }

    /// As [`Trainable::resident_f32`], in f64.
    ///
    /// # Errors
    /// What the device says; [`GpuError::Unsupported`] where it has no f64.
    fn resident_f64(&self, _gpu: &Gpu, _c: &[f64]) -> Result<Option<Box<dyn Resident<f64>>>, GpuError> {
        Ok(None)
    }
}
