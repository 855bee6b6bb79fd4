//! A sum of Gaussians whose parameters stay on a device.

use std::sync::Arc;

use ansatz_features::{DeviceFeatures, FeatureError, Features, Resident, Trainable};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::GaussianSum;
use super::embedding::Embedding;
use super::parameters::{Moved, Packed};
use super::sum::DeviceSumTangent;
use crate::ProductGaussians;
use crate::device::DeviceGaussians;

/// The parameters are amplitudes, centres and log σ, the latter two coordinate by coordinate.
pub(super) struct ResidentSum<T> {
    host: Embedding,
    parameters: Buffer<T>,
    values: DeviceGaussians<T, ProductGaussians>,
    tangent: DeviceSumTangent<T>,
}

impl<T: Real> ResidentSum<T> {
    pub fn new(gpu: &Gpu, sum: &GaussianSum, c: &[f64]) -> Result<Self, GpuError> {
        if c.len() != sum.len() {
            let message = format!("{} coefficients; {} are needed", c.len(), sum.len());
            return Err(GpuError::Misuse { what: "sum of Gaussians".to_owned(), message });
        }
        let host = sum.embedding(c);
        let numbers: Vec<T> = host.parameters().into_iter().map(T::from_f64).collect();
        let parameters = gpu.upload("parameters", &numbers)?;
        let values = DeviceGaussians::new(gpu, &host.gaussians)?;
        let tangent = DeviceSumTangent::over(values.shared());
        Ok(Self { host, parameters, values, tangent })
    }

    fn moved(&self) -> Moved<'_, T> {
        let gaussians = &self.host.gaussians;
        // Periods stand before the Gaussians.
        let packed = Packed { at: 4 * gaussians.dimensions(), amplitudes: false };
        let (periods, n) = (gaussians.periods(), gaussians.len());
        Moved { periods, packed, n, parameters: &self.parameters, first: 0 }
    }
}

impl<T: Real> Resident<T> for ResidentSum<T> {
    fn parameters(&self) -> &Buffer<T> {
        &self.parameters
    }

    fn record_load(&self, plan: &mut Plan) -> Result<(), GpuError> {
        self.moved().record_pack(plan, self.values.features())
    }

    fn features(&self) -> &dyn DeviceFeatures<T> {
        &self.values
    }

    fn tangent(&self) -> &dyn DeviceFeatures<T> {
        &self.tangent
    }

    fn record_gradient(&self, plan: &mut Plan, sums: &Buffer<T>) -> Result<(), GpuError> {
        if sums.len() != self.parameters.len() {
            let message = format!("{} sums for {} parameters", sums.len(), self.parameters.len());
            return Err(GpuError::Misuse { what: "sum of Gaussians".to_owned(), message });
        }
        self.moved().record_gradient(plan, sums)
    }

    fn on_host(&self, parameters: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        FeatureError::length("parameters", parameters.len(), self.parameters.len())?;
        FeatureError::values("parameter", parameters, "finite", |_| true)?;
        let moved = self.host.with_parameters(parameters)?;
        Ok((Arc::new(GaussianSum::new(moved.gaussians)), moved.amplitudes))
    }
}
