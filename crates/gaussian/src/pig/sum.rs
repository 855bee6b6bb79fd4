//! A network without hidden units: Gaussians themselves as features, whose centres and widths are trained.

use std::sync::Arc;

use ansatz_features::{
    DeviceFeatures, FeatureError, Features, MultiIndex, Resident, Rows, Trainable, Transposed, Values,
};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::TrainedGaussians;
use super::embedding::{Embedding, Shift};
use super::resident_sum::ResidentSum;
use crate::device::Shifted;

/// u = Σ_i c_i exp(−½ Σ_d ((x_d − μ_id)/σ_id)²) with trained centres and widths, or likewise with full covariances: the identity as the head of
/// [`super::PigNetwork`]. u is linear in all its coefficients, so these can be solved for first. Derivatives to order two.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianSum {
    gaussians: TrainedGaussians,
}

impl GaussianSum {
    /// Over these Gaussians.
    pub fn new(gaussians: impl Into<TrainedGaussians>) -> Self {
        Self { gaussians: gaussians.into() }
    }

    pub(super) fn embedding(&self, c: &[f64]) -> Embedding {
        Embedding { gaussians: self.gaussians.clone(), amplitudes: c.to_vec() }
    }
}

impl Features for GaussianSum {
    fn dimensions(&self) -> usize {
        self.gaussians.dimensions()
    }

    fn len(&self) -> usize {
        self.gaussians.len()
    }

    fn max_order(&self) -> usize {
        SumTangent::MAX_ORDER
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        self.gaussians.jets(x, terms, out);
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        self.gaussians.numbers()
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        self.gaussians.upload_f32(gpu)
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        self.gaussians.upload_f64(gpu)
    }
}

impl Trainable for GaussianSum {
    fn parameters(&self) -> usize {
        self.len() * (1 + self.embedding(&[]).shifts().len())
    }

    fn tangent(&self, _c: &[f64]) -> Arc<dyn Features> {
        // Those by centres and widths are scaled by 1/c, which `moved` undoes.
        Arc::new(SumTangent::new(&self.gaussians))
    }

    fn units(&self, c: &[f64]) -> Vec<f64> {
        self.embedding(c).step_units().split_off(self.len())
    }

    fn theta(&self) -> Vec<f64> {
        self.gaussians.theta()
    }

    fn with_theta(&self, theta: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        FeatureError::length("trained parameters", theta.len(), self.theta().len())?;
        FeatureError::values("trained parameter", theta, "finite", |_| true)?;
        Ok(Arc::new(Self::new(self.gaussians.with_theta(theta)?)))
    }

    fn translated(&self, by: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        Ok(Arc::new(Self { gaussians: self.gaussians.translated(by)? }))
    }

    fn moved(&self, c: &[f64], step: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        FeatureError::length("coefficients", c.len(), self.len())?;
        FeatureError::length("numbers of a step", step.len(), self.parameters())?;
        FeatureError::values("step", step, "finite", |_| true)?;
        let moved = self.embedding(c).moved(step)?;
        Ok((Arc::new(Self::new(moved.gaussians)), moved.amplitudes))
    }

    fn resident_f32(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f32>>>, GpuError> {
        Ok(Some(Box::new(ResidentSum::<f32>::new(gpu, self, c)?)))
    }

    fn resident_f64(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f64>>>, GpuError> {
        Ok(Some(Box::new(ResidentSum::<f64>::new(gpu, self, c)?)))
    }
}

/// G_i, then its first or second derivatives for each shift.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SumTangent {
    gaussians: TrainedGaussians,
    shifts: Vec<Shift>,
}

impl SumTangent {
    pub fn new(gaussians: &TrainedGaussians) -> Self {
        let embedding = Embedding { gaussians: gaussians.clone(), amplitudes: Vec::new() };
        Self { shifts: embedding.shifts(), gaussians: embedding.gaussians }
    }

    /// Widths take two of the Gaussians' four.
    const MAX_ORDER: usize = 2;

    /// The derivatives of G that stand for `terms` in the columns of the amplitudes, and of each shift.
    fn shifted(&self, terms: &[MultiIndex]) -> Vec<Vec<MultiIndex>> {
        let by = |shift: &Shift| terms.iter().map(|term| shift.of(term)).collect();
        std::iter::once(terms.to_vec()).chain(self.shifts.iter().map(by)).collect()
    }
}

impl Features for SumTangent {
    fn dimensions(&self) -> usize {
        self.gaussians.dimensions()
    }

    fn len(&self) -> usize {
        self.gaussians.len() * (1 + self.shifts.len())
    }

    fn max_order(&self) -> usize {
        Self::MAX_ORDER
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let (n, all) = (self.gaussians.len(), self.len());
        let mut jets = vec![0.0; n * terms.len()];
        for (part, derivatives) in self.shifted(terms).iter().enumerate() {
            self.gaussians.jets(x, derivatives, &mut jets);
            for (t, jets) in jets.chunks(n.max(1)).enumerate() {
                out[t * all + part * n..][..n].copy_from_slice(jets);
            }
        }
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        self.gaussians.numbers()
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        Ok(Box::new(DeviceSumTangent::<f32>::new(gpu, self)?))
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        Ok(Box::new(DeviceSumTangent::<f64>::new(gpu, self)?))
    }
}

/// The tangent functions on a device, by the kernels of the Gaussians.
pub(super) struct DeviceSumTangent<T> {
    tangent: SumTangent,
    gaussians: Arc<dyn Shifted<T>>,
}

impl<T: Real> DeviceSumTangent<T> {
    fn new(gpu: &Gpu, tangent: &SumTangent) -> Result<Self, GpuError> {
        Ok(Self::over(&tangent.gaussians, tangent.gaussians.on(gpu)?))
    }

    /// Those of Gaussians on a device, which may move there; of `host` the shape alone is used.
    pub fn over(host: &TrainedGaussians, gaussians: Arc<dyn Shifted<T>>) -> Self {
        Self { tangent: SumTangent::new(host), gaussians }
    }
}

impl<T: Real> DeviceFeatures<T> for DeviceSumTangent<T> {
    fn len(&self) -> usize {
        self.tangent.len()
    }

    fn numbers(&self) -> Vec<&Buffer<T>> {
        vec![self.gaussians.packed()]
    }

    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError> {
        let n = self.tangent.gaussians.len();
        for (part, terms) in self.tangent.shifted(rows.terms).iter().enumerate() {
            let first_column = rows.first_column + part * n;
            self.gaussians.record_rows(plan, &Rows { terms, first_column, ..*rows })?;
        }
        Ok(())
    }

    fn record_values(&self, _plan: &mut Plan, _values: &Values<'_, T>) -> Result<(), GpuError> {
        let message = "tangent functions have rows alone".to_owned();
        Err(GpuError::Misuse { what: "sum of Gaussians".to_owned(), message })
    }

    fn record_transposed(&self, plan: &mut Plan, sums: &Transposed<'_, T>) -> Result<(), GpuError> {
        let shifts = self.tangent.shifted(&[MultiIndex::VALUE]).concat();
        self.gaussians.record_shifted(plan, &shifts, sums)
    }
}
