//! The precision of the device's part: f32 or f64.

use ansatz_features::{DeviceFeatures, Features};
use ansatz_gpu::{Gpu, GpuError, Real};

/// A scalar that features can be uploaded in.
pub(super) trait Tier: Real {
    fn upload(features: &dyn Features, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<Self>>, GpuError>;
}

impl Tier for f32 {
    fn upload(features: &dyn Features, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<Self>>, GpuError> {
        features.upload_f32(gpu)
    }
}

impl Tier for f64 {
    fn upload(features: &dyn Features, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<Self>>, GpuError> {
        features.upload_f64(gpu)
    }
}
