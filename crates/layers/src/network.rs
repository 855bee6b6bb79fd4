//! u(x) = Σ_j c_j φ_j(x; θ): the last hidden layer of a network, and 1.

use std::sync::Arc;

use ansatz_features::{DeviceFeatures, FeatureError, Features, MultiIndex, Resident, Trainable};
use ansatz_gpu::{Gpu, GpuError};

use crate::Activation;
use crate::device::DeviceNetwork;
use crate::embedding::Embedding;
use crate::jet::{Slots, factorial};
use crate::pack::pack;
use crate::point::Point;
use crate::resident::ResidentNetwork;
use crate::shape::Shape;
use crate::tangent::Tangent;

/// Highest total order of derivative.
pub(crate) const MAX_ORDER: usize = 4;

/// A dense network as features: φ_1 … φ_{N−1} are the units of its last hidden layer and φ_N = 1, so that c holds the weights
/// and, last, the bias of a linear output.
///
/// θ holds for each hidden layer, from the first on, its weights W (row after row, a row for each of its units) and then its
/// biases b. The first layer of a gated network has those of its own units, then those of U, then those of V.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseNetwork {
    pub(crate) shape: Shape,
    pub(crate) embedding: Embedding,
    inner: Vec<f64>,
    /// As twins want it.
    packed: Vec<f64>,
}

impl DenseNetwork {
    pub(crate) fn new(shape: Shape, embedding: Embedding, inner: Vec<f64>) -> Result<Self, FeatureError> {
        FeatureError::length("inner parameters", inner.len(), shape.inner())?;
        FeatureError::values("inner parameter", &inner, "finite", |_| true)?;
        let packed = pack(&shape, &embedding, &inner, &[]);
        Ok(Self { shape, embedding, inner, packed })
    }

    /// θ.
    pub fn inner(&self) -> &[f64] {
        &self.inner
    }

    /// The same network with other parameters.
    ///
    /// # Errors
    /// [`FeatureError`] where there are too few or too many, or one is not finite.
    pub fn with_inner(&self, inner: Vec<f64>) -> Result<Self, FeatureError> {
        Self::new(self.shape.clone(), self.embedding.clone(), inner)
    }

    /// s.
    pub fn activation(&self) -> Activation {
        self.shape.activation
    }

    /// Whether it has gates, as [`crate::Design::gated`] says.
    pub fn is_gated(&self) -> bool {
        self.shape.gated
    }

    /// Units of each hidden layer.
    pub fn widths(&self) -> &[usize] {
        &self.shape.widths[1..]
    }
}

impl Features for DenseNetwork {
    fn dimensions(&self) -> usize {
        self.shape.dimensions
    }

    fn len(&self) -> usize {
        self.shape.features()
    }

    fn max_order(&self) -> usize {
        MAX_ORDER
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let n = self.len();
        for (range, slots) in Slots::parts(terms) {
            let point = Point { shape: &self.shape, slots: &slots, packed: &self.packed };
            let forward = point.forward(x);
            for t in range {
                let (place, factor) = (slots.place(&terms[t]), f64::from(factorial(&terms[t])));
                for (j, h) in forward.h[self.shape.depth()].iter().enumerate() {
                    out[t * n + j] = factor * h[place];
                }
                out[t * n + n - 1] = if place == 0 { 1.0 } else { 0.0 };
            }
        }
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        Some(vec![self.packed.clone()])
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        Ok(Box::new(DeviceNetwork::<f32>::features(gpu, self)?))
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        Ok(Box::new(DeviceNetwork::<f64>::features(gpu, self)?))
    }
}

impl Trainable for DenseNetwork {
    fn parameters(&self) -> usize {
        self.len() + self.inner.len()
    }

    fn tangent(&self, c: &[f64]) -> Arc<dyn Features> {
        Arc::new(Tangent::new(self.clone(), c))
    }

    fn units(&self, _c: &[f64]) -> Vec<f64> {
        vec![1.0; self.inner.len()]
    }

    fn theta(&self) -> Vec<f64> {
        self.inner.clone()
    }

    fn with_theta(&self, theta: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        Ok(Arc::new(self.with_inner(theta.to_vec())?))
    }

    fn translated(&self, by: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        FeatureError::length("coordinates", by.len(), self.dimensions())?;
        let mut embedding = self.embedding.clone();
        embedding.centres.iter_mut().zip(by).for_each(|(centre, by)| *centre += by);
        Ok(Arc::new(Self::new(self.shape.clone(), embedding, self.inner.clone())?))
    }

    fn moved(&self, c: &[f64], step: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        FeatureError::length("coefficients", c.len(), self.len())?;
        FeatureError::length("numbers of a step", step.len(), self.parameters())?;
        let (outer, inner) = step.split_at(self.len());
        let sum = |x: &[f64], step: &[f64]| x.iter().zip(step).map(|(x, step)| x + step).collect::<Vec<_>>();
        let c = sum(c, outer);
        FeatureError::values("coefficient", &c, "finite", |_| true)?;
        Ok((Arc::new(self.with_inner(sum(&self.inner, inner))?), c))
    }

    fn resident_f32(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f32>>>, GpuError> {
        Ok(Some(Box::new(ResidentNetwork::<f32>::new(gpu, self, c)?)))
    }

    fn resident_f64(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f64>>>, GpuError> {
        Ok(Some(Box::new(ResidentNetwork::<f64>::new(gpu, self, c)?)))
    }
}
