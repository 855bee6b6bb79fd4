//! The precision of the device's part: f32 or f64.

use ansatz_features::{DeviceFeatures, Features, Resident, Trainable};
use ansatz_gpu::{Gpu, GpuError, Real};
use ansatz_linalg::Place;

/// A scalar that features can be uploaded in.
pub trait Tier: Real {
    /// The features on `gpu`.
    ///
    /// # Errors
    /// What the device says.
    fn upload(features: &dyn Features, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<Self>>, GpuError>;

    /// Trained features whose parameters stay on `gpu`, if the family has kernels for that.
    ///
    /// # Errors
    /// What the device says.
    fn resident(
        features: &dyn Trainable,
        gpu: &Gpu,
        c: &[f64],
    ) -> Result<Option<Box<dyn Resident<Self>>>, GpuError>;

    /// Where least-squares problems are factored, in words.
    fn describe(gpu: &Gpu, place: Place) -> String {
        let precision = if Self::IS_F64 { "f64" } else { "f32" };
        match place.for_device::<Self>(gpu) {
            Place::Host => format!("{precision} on the host (faer), the triangle in f64"),
            _ => format!("{precision} on the device, the triangle in f64 on the host (faer)"),
        }
    }
}

impl Tier for f32 {
    fn upload(features: &dyn Features, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<Self>>, GpuError> {
        features.upload_f32(gpu)
    }

    fn resident(
        features: &dyn Trainable,
        gpu: &Gpu,
        c: &[f64],
    ) -> Result<Option<Box<dyn Resident<Self>>>, GpuError> {
        features.resident_f32(gpu, c)
    }
}

impl Tier for f64 {
    fn upload(features: &dyn Features, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<Self>>, GpuError> {
        features.upload_f64(gpu)
    }

    fn resident(
        features: &dyn Trainable,
        gpu: &Gpu,
        c: &[f64],
    ) -> Result<Option<Box<dyn Resident<Self>>>, GpuError> {
        features.resident_f64(gpu, c)
    }
}
