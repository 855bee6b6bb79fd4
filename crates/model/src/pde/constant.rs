//! The function 1: what an unknown parameter, as a field, is a multiple of.

use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;

use ansatz_features::{DeviceFeatures, FeatureError, Features, MultiIndex, Resident, Trainable};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_random_features::{Activation, RandomFeatures};

/// One feature, φ(x) = 1, as sin(0·x + π/2).
#[derive(Debug, Clone)]
pub(super) struct Constant {
    sine: RandomFeatures,
    reach: f64,
}

impl Constant {
    /// In so many coordinates; no step moves its coefficient by more than `reach`.
    pub fn new(dimensions: usize, reach: f64) -> Result<Self, FeatureError> {
        let sine = RandomFeatures::new(Activation::Sine, dimensions, vec![0.0; dimensions], vec![FRAC_PI_2])?;
        Ok(Self { sine, reach })
    }

    /// With another coefficient.
    fn with(&self, c: Vec<f64>) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        FeatureError::values("coefficient", &c, "finite", |_| true)?;
        Ok((Arc::new(self.clone()), c))
    }
}

impl Features for Constant {
    fn dimensions(&self) -> usize {
        self.sine.dimensions()
    }

    fn len(&self) -> usize {
        1
    }

    fn max_order(&self) -> usize {
        self.sine.max_order()
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        self.sine.jets(x, terms, out);
    }

    /// There is but one.
    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        Some(Vec::new())
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        self.sine.upload_f32(gpu)
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        self.sine.upload_f64(gpu)
    }
}

/// There is a coefficient to be found, and nothing else.
impl Trainable for Constant {
    fn parameters(&self) -> usize {
        1
    }

    fn tangent(&self, _c: &[f64]) -> Arc<dyn Features> {
        Arc::new(self.clone())
    }

    fn units(&self, _c: &[f64]) -> Vec<f64> {
        Vec::new()
    }

    fn theta(&self) -> Vec<f64> {
        Vec::new()
    }

    fn with_theta(&self, theta: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        FeatureError::length("parameters", theta.len(), 0)?;
        Ok(Arc::new(self.clone()))
    }

    fn translated(&self, _by: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        Ok(Arc::new(self.clone()))
    }

    fn moved(&self, c: &[f64], step: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        self.with(c.iter().zip(step).map(|(c, step)| c + step.clamp(-self.reach, self.reach)).collect())
    }

    fn resident_f32(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f32>>>, GpuError> {
        let rounded: Vec<f32> = c.iter().map(|&c| c as f32).collect();
        let (parameters, device) = (gpu.upload("coefficient", &rounded)?, self.upload_f32(gpu)?);
        Ok(Some(Box::new(OnDevice { constant: self.clone(), parameters, device })))
    }

    fn resident_f64(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f64>>>, GpuError> {
        let (parameters, device) = (gpu.upload("coefficient", c)?, self.upload_f64(gpu)?);
        Ok(Some(Box::new(OnDevice { constant: self.clone(), parameters, device })))
    }
}

/// The function with its coefficient on a device.
struct OnDevice<T> {
    constant: Constant,
    parameters: Buffer<T>,
    device: Box<dyn DeviceFeatures<T>>,
}

impl<T> Resident<T> for OnDevice<T> {
    fn parameters(&self) -> &Buffer<T> {
        &self.parameters
    }

    fn record_load(&self, _plan: &mut Plan) -> Result<(), GpuError> {
        Ok(())
    }

    fn features(&self) -> &dyn DeviceFeatures<T> {
        &*self.device
    }

    fn tangent(&self) -> &dyn DeviceFeatures<T> {
        &*self.device
    }

    fn record_gradient(&self, _plan: &mut Plan, _sums: &Buffer<T>) -> Result<(), GpuError> {
        Ok(())
    }

    fn on_host(&self, parameters: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        self.constant.with(parameters.to_vec())
    }
}
