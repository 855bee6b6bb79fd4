//! The trial space on a device.

use ansatz_features::{DeviceFeatures, load};
use ansatz_gpu::{Gpu, GpuError};

use super::tier::Tier;
use super::trial::Trial;

/// Features of every field on a device.
pub(super) struct DeviceSpace<T> {
    features: Vec<Box<dyn DeviceFeatures<T>>>,
}

impl<T: Tier> DeviceSpace<T> {
    pub fn new(gpu: &Gpu, trial: &Trial) -> Result<Self, GpuError> {
        let features =
            trial.fields().iter().map(|features| T::upload(&**features, gpu)).collect::<Result<_, _>>()?;
        Ok(Self { features })
    }

    /// Puts other features of the same shape there: what was recorded is of these, then.
    pub fn load(&self, gpu: &Gpu, trial: &Trial) -> Result<(), GpuError> {
        let mut pairs = self.features.iter().zip(trial.fields());
        pairs.try_for_each(|(device, features)| load(gpu, &**device, &**features))
    }

    /// Those of each field.
    pub fn features(&self) -> &[Box<dyn DeviceFeatures<T>>] {
        &self.features
    }
}
