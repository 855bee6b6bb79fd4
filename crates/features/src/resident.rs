//! Trained features whose parameters stay on a device.

use std::sync::Arc;

use ansatz_gpu::{Buffer, GpuError, Plan};

use crate::{DeviceFeatures, FeatureError, Trainable};

/// u = Σ_j c_j φ_j(x; θ) on a device, with parameters that an optimiser moves there.
///
/// A step of training is [`Resident::record_load`], values of [`Resident::features`] with the parameters as weights, sums of
/// [`Resident::tangent`] over the points, [`Resident::record_gradient`], and the optimiser.
pub trait Resident<T> {
    /// c_1 … c_N, then what stands for θ, in an order and scale of the family's own: the order of the tangent functions, one for each.
    fn parameters(&self) -> &Buffer<T>;

    /// Records what follows from the parameters, after they have moved.
    ///
    /// # Errors
    /// What the device says.
    fn record_load(&self, plan: &mut Plan) -> Result<(), GpuError>;

    /// φ_1 … φ_N.
    fn features(&self) -> &dyn DeviceFeatures<T>;

    /// The tangent functions of u.
    fn tangent(&self) -> &dyn DeviceFeatures<T>;

    /// Records how sums over tangent functions become derivatives by the parameters, in place.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where there is not one sum for each parameter, and what the device says.
    fn record_gradient(&self, plan: &mut Plan, sums: &Buffer<T>) -> Result<(), GpuError>;

    /// The features and coefficients that these values of the parameters stand for.
    ///
    /// # Errors
    /// [`FeatureError`] where they are too few or too many, or not finite.
    fn on_host(&self, parameters: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError>;
}
