//! Gaussians on a device: the kernels of `shaders/gaussian`.

use ansatz_features::launch::{
    Family, MAX_TERMS, Shape, Specialise, Specialised, check_transposed, record_rows, record_values,
};
use ansatz_features::{DeviceFeatures, Features, MultiIndex, Rows, Transposed, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_shaders::Kernel;

use crate::form::Form;
use crate::transposed::{GaussianSums, Vectors};

/// Gaussians that have kernels.
pub(crate) trait Gaussians: Features + Clone + 'static {
    const ROWS: &'static Kernel;
    const VALUES: &'static Kernel;

    fn form(&self) -> Form;

    /// Where the numbers of the first four features begin in their buffer, which one group after another follows.
    fn first4(&self) -> usize;

    /// Per feature and point, without the terms.
    fn flops(&self) -> u64;

    /// The parameters as the kernels want them.
    fn packed(&self) -> Vec<f64>;

    /// The constants of the kernels for these terms, and the twin.
    fn specialise<T: Real>(&self, terms: &[MultiIndex]) -> Specialised<T>;
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
        let packed: Vec<T> = host.packed().into_iter().map(T::from_f64).collect();
        Ok(Self { gpu: gpu.clone(), host: host.clone(), features: gpu.upload("features", &packed)? })
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

    fn numbers(&self) -> Vec<&Buffer<T>> {
        vec![&self.features]
    }

    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        record_rows(&self.gpu, plan, &self.family(&|terms| Ok(self.host.specialise(terms))), rows)
    }

    fn record_values(&self, plan: &mut Plan, values: &Values<'_, T>) -> Result<(), GpuError> {
        record_values(&self.gpu, plan, &self.family(&|terms| Ok(self.host.specialise(terms))), values)
    }

    fn record_transposed(&self, plan: &mut Plan, sums: &Transposed<'_, T>) -> Result<(), GpuError> {
        self.record_shifted(plan, &[MultiIndex::VALUE], sums)
    }
}

/// Gaussians on a device, whose derivatives are sums over points too.
pub(crate) trait Shifted<T>: DeviceFeatures<T> {
    /// The parameters as the kernels want them.
    fn packed(&self) -> &Buffer<T>;

    /// Records sums over points of the derivatives of all features with each of the shifts added.
    fn record_shifted(
        &self,
        plan: &mut Plan,
        shifts: &[MultiIndex],
        sums: &Transposed<'_, T>,
    ) -> Result<(), GpuError>;
}

impl<T: Real, G: Gaussians> Shifted<T> for DeviceGaussians<T, G> {
    fn packed(&self) -> &Buffer<T> {
        &self.features
    }

    fn record_shifted(
        &self,
        plan: &mut Plan,
        shifts: &[MultiIndex],
        sums: &Transposed<'_, T>,
    ) -> Result<(), GpuError> {
        let (form, stride4) = (self.host.form(), sums.count.div_ceil(4));
        let (dimensions, kernel) = (form.dimensions(), ansatz_shaders::gaussian::TRANSPOSED.name);
        let added = shifts.iter().map(MultiIndex::order).max().unwrap_or(0);
        let (len, max_order) = (self.host.len() * shifts.len(), self.host.max_order() - added);
        check_transposed(&Shape { kernel, dimensions, len, max_order }, sums)?;
        // No terms: sums of nothing.
        let (terms, count) = match sums.terms {
            [] => (&[MultiIndex::VALUE][..], 0),
            terms => (terms, sums.count),
        };
        for (chunk, terms) in terms.chunks(MAX_TERMS).enumerate() {
            GaussianSums {
                form: &form,
                len: self.host.len(),
                features: Vectors {
                    buffer: &self.features,
                    stride4: form.numbers(),
                    first4: self.host.first4(),
                },
                points: Vectors { buffer: sums.points, stride4, first4: 0 },
                count,
                terms,
                coefficients: Vectors {
                    buffer: sums.coefficients,
                    stride4,
                    first4: (sums.first_coefficient + chunk * MAX_TERMS) * stride4,
                },
                shifts,
                sums: sums.sums,
                first_sum: sums.first_sum,
                accumulate: sums.accumulate || chunk > 0,
            }
            .record(plan)?;
        }
        Ok(())
    }
}
