//! A network whose parameters stay on a device.

use std::sync::Arc;

use ansatz_features::{DeviceFeatures, FeatureError, Features, Resident, Trainable};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::PigNetwork;
use super::device::DevicePig;
use super::embedding::Embedding;
use super::layout::Layout;
use super::parameters::{Moved, Packed};

/// The parameters are c, c_0, b, W and of each embedding amplitudes, centres and what stands for the covariances, the latter two
/// shift by shift.
pub(super) struct ResidentPig<T> {
    network: PigNetwork,
    layout: Arc<Layout>,
    parameters: Buffer<T>,
    gaussians: Buffer<T>,
    values: DevicePig<T>,
    tangent: DevicePig<T>,
}

impl<T: Real> ResidentPig<T> {
    pub fn new(gpu: &Gpu, network: &PigNetwork, c: &[f64]) -> Result<Self, GpuError> {
        if c.len() != network.len() {
            let message = format!("{} coefficients; {} are needed", c.len(), network.len());
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        let layout = Arc::new(Layout::new(network));
        let mut numbers: Vec<f64> =
            c.iter().chain(&network.biases).chain(&network.weights).copied().collect();
        numbers.extend(network.embeddings.iter().flat_map(Embedding::parameters));
        let numbers: Vec<T> = numbers.into_iter().map(T::from_f64).collect();
        let parameters = gpu.upload("parameters", &numbers)?;
        let packed: Vec<T> = layout.pack(network).into_iter().map(T::from_f64).collect();
        let gaussians = gpu.upload("Gaussians", &packed)?;
        let device = |tangent| DevicePig::over(gpu, network, &layout, [&gaussians, &parameters], tangent);
        let (values, tangent) = (device(false), device(true));
        Ok(Self { network: network.clone(), layout, parameters, gaussians, values, tangent })
    }

    /// The parameters of each embedding.
    fn embeddings(&self) -> impl Iterator<Item = Moved<'_, T>> {
        let (mut first, share) = (self.layout.head(), 4 * self.layout.share * self.layout.group());
        self.network.embeddings.iter().enumerate().map(move |(k, embedding)| {
            let n = embedding.gaussians.len();
            let (parameters, packed) = (&self.parameters, Packed { at: k * share, amplitudes: true });
            let moved = Moved { form: &self.layout.form, packed, n, parameters, first };
            first += n * (1 + embedding.shifts().len());
            moved
        })
    }
}

impl<T: Real> Resident<T> for ResidentPig<T> {
    fn parameters(&self) -> &Buffer<T> {
        &self.parameters
    }

    fn record_load(&self, plan: &mut Plan) -> Result<(), GpuError> {
        self.embeddings().try_for_each(|embedding| embedding.record_pack(plan, &self.gaussians))
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
            return Err(GpuError::Misuse { what: "PIG".to_owned(), message });
        }
        self.embeddings().try_for_each(|embedding| embedding.record_gradient(plan, sums))
    }

    fn on_host(&self, parameters: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        FeatureError::length("parameters", parameters.len(), self.parameters.len())?;
        FeatureError::values("parameter", parameters, "finite", |_| true)?;
        let (c, rest) = parameters.split_at(self.network.len());
        let (biases, rest) = rest.split_at(self.network.units());
        let (weights, mut rest) = rest.split_at(self.network.weights.len());
        let mut embeddings = Vec::new();
        for embedding in &self.network.embeddings {
            let (own, others) = rest.split_at(embedding.gaussians.len() * (1 + embedding.shifts().len()));
            embeddings.push(embedding.with_parameters(own)?);
            rest = others;
        }
        let network = PigNetwork { embeddings, biases: biases.to_vec(), weights: weights.to_vec() };
        Ok((Arc::new(network), c.to_vec()))
    }
}
