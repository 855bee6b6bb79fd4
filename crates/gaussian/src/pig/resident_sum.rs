//! A sum of Gaussians whose parameters stay on a device.

use std::sync::Arc;

use ansatz_features::{DeviceFeatures, FeatureError, Features, Resident, Trainable};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::GaussianSum;
use super::embedding::Embedding;
use super::parameters::{Moved, Packed};
use super::sum::DeviceSumTangent;
use crate::device::Shifted;
use crate::form::Form;

/// The parameters are amplitudes, centres and what stands for the covariances, the latter two shift by shift.
pub(super) struct ResidentSum<T> {
    host: Embedding,
    form: Form,
    parameters: Buffer<T>,
    values: Arc<dyn Shifted<T>>,
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
        let (form, values) = (host.gaussians.form(), host.gaussians.on(gpu)?);
        let tangent = DeviceSumTangent::over(&host.gaussians, values.clone());
        Ok(Self { host, form, parameters, values, tangent })
    }

    fn moved(&self) -> Moved<'_, T> {
        let gaussians = &self.host.gaussians;
        let packed = Packed { at: gaussians.first(), amplitudes: false };
        Moved { form: &self.form, packed, n: gaussians.len(), parameters: &self.parameters, first: 0 }
    }
}

impl<T: Real> Resident<T> for ResidentSum<T> {
    fn parameters(&self) -> &Buffer<T> {
        &self.parameters
    }

    fn record_load(&self, plan: &mut Plan) -> Result<(), GpuError> {
        self.moved().record_pack(plan, self.values.packed())
    }

    fn features(&self) -> &dyn DeviceFeatures<T> {
        &*self.values
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
