//! Gaussians on a device: the kernels of `shaders/gaussian`.

use ansatz_features::launch::{Family, Specialise, Specialised, by_rows, record_rows, record_values};
use ansatz_features::{DeviceFeatures, Features, MultiIndex, Rows, Transposed, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_shaders::Kernel;

/// Gaussians that have kernels.
pub(crate) trait Gaussians: Features + Clone + 'static {
    const ROWS: &'static Kernel;
    const VALUES: &'static Kernel;

    /// Per feature and point, without the terms.
    fn flops(&self) -> u64;

    /// The parameters as the kernels want them.
    fn upload<T: Real>(&self, gpu: &Gpu) -> Result<Buffer<T>, GpuError>;

    /// The constants of the kernels for these terms, and the twin.
    fn specialise<T: Real>(&self, terms: &[MultiIndex]) -> Specialised<T>;

    /// Records sums over points.
    fn record_transposed<T: Real>(
        device: &DeviceGaussians<T, Self>,
        plan: &mut Plan,
        sums: &Transposed<'_, T>,
    ) -> Result<(), GpuError> {
        by_rows(plan, device.host.len(), |plan, rows| device.record_rows(plan, rows), sums)
    }
}

/// The override constants of `shaders/common/gaussian_terms.wgsl`.
pub(crate) fn term_constants(
    dimensions: usize,
    terms: &[MultiIndex],
    pack: impl Fn(&MultiIndex) -> u32,
) -> Vec<(&'static str, u32)> {
    const NAMES: [&str; 8] = ["TERM_0", "TERM_1", "TERM_2", "TERM_3", "TERM_4", "TERM_5", "TERM_6", "TERM_7"];
    let mut constants = vec![("DIMENSIONS", dimensions as u32), ("TERMS", terms.len() as u32)];
    constants.extend(NAMES.into_iter().zip(terms.iter().map(pack)));
    constants
}

/// Gaussians laid out on a device.
pub(crate) struct DeviceGaussians<T, G> {
    gpu: Gpu,
    pub host: G,
    features: Buffer<T>,
}

impl<T: Real, G: Gaussians> DeviceGaussians<T, G> {
    pub fn new(gpu: &Gpu, host: &G) -> Result<Self, GpuError> {
        Ok(Self { gpu: gpu.clone(), host: host.clone(), features: host.upload(gpu)? })
    }

    /// The same on the device, with what moves there.
    pub fn shared(&self) -> Self {
        Self { gpu: self.gpu.clone(), host: self.host.clone(), features: self.features.clone() }
    }

    /// The parameters as the kernels want them.
    pub fn features(&self) -> &Buffer<T> {
        &self.features
    }

    fn family<'a>(&'a self, specialise: &'a Specialise<'a, T>) -> Family<'a, T> {
        Family {
            rows: G::ROWS,
            values: G::VALUES,
            dimensions: self.host.dimensions(),
            len: self.host.len(),
            max_order: self.host.max_order(),
            features: &self.features,
            flops: self.host.flops(),
            specialise,
        }
    }
}

impl<T: Real, G: Gaussians> DeviceFeatures<T> for DeviceGaussians<T, G> {
    fn len(&self) -> usize {
        self.host.len()
    }

    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        record_rows(&self.gpu, plan, &self.family(&|terms| Ok(self.host.specialise(terms))), rows)
    }

    fn record_values(&self, plan: &mut Plan, values: &Values<'_, T>) -> Result<(), GpuError> {
        record_values(&self.gpu, plan, &self.family(&|terms| Ok(self.host.specialise(terms))), values)
    }
    fn record_transposed(&self, plan: &mut Plan, sums: &Transposed<'_, T>) -> Result<(), GpuError> {
        G::record_transposed(self, plan, sums)
    }
}
