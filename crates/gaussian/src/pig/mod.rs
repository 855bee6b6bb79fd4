//! Physics-informed Gaussians (Kang et al., ICLR 2025, arXiv 2412.05994): a small network over sums of Gaussians whose
//! centres and widths are trained.

mod device;
mod embedding;
mod free;
mod full_step;
mod head;
mod layout;
mod parameters;
mod resident;
mod resident_sum;
mod reverse;
mod sum;
mod tangent;
mod terms;
#[cfg(test)]
mod tests;
mod trained;
mod values;

use std::sync::Arc;

use ansatz_features::{DeviceFeatures, FeatureError, Features, MultiIndex, Resident, Trainable};
use ansatz_gpu::{Gpu, GpuError};
use ansatz_random::Philox;

use device::DevicePig;
use embedding::Embedding;
use head::Unit;
use resident::ResidentPig;
pub use sum::GaussianSum;
use tangent::PigTangent;
use terms::{MAX_ORDER, Terms};
pub use trained::TrainedGaussians;

/// Embeddings that a network has at most.
pub const MAX_EMBEDDINGS: usize = 8;
/// Hidden units that a network has at most.
pub const MAX_UNITS: usize = 64;

/// Hidden units y_h = tanh(b_h + Σ_k W_hk φ_k) over embeddings φ_k = Σ_i w_ki exp(−½ Σ_d ((x_d − μ_kid)/σ_kid)²), or with full
/// covariances Σ_i w_ki exp(−½ (x − μ_ki)ᵀS_kiS_kiᵀ(x − μ_ki)), and the constant 1 as the last feature: u = c_0 + Σ_h c_h y_h.
/// Derivatives to order two.
#[derive(Debug, Clone, PartialEq)]
pub struct PigNetwork {
    embeddings: Vec<Embedding>,
    /// b_h.
    biases: Vec<f64>,
    /// `[h * K + k]`
    weights: Vec<f64>,
}

/// The streams of the amplitudes, and of the weights of the head.
const AMPLITUDES: u32 = 0x7069_6761;
const HEAD: u32 = AMPLITUDES + MAX_EMBEDDINGS as u32;

impl PigNetwork {
    /// One embedding over each of `gaussians`, with amplitudes of variance `spread`², and a head of `units` hidden units with
    /// weights as Glorot and Bengio (2010) draw them.
    ///
    /// # Errors
    /// [`FeatureError`] where there are no or too many embeddings or units, or the embeddings differ in their coordinates
    /// or periods, or in the form of their covariances.
    pub fn new<G: Into<TrainedGaussians>>(
        gaussians: Vec<G>,
        units: usize,
        spread: f64,
        seed: u64,
    ) -> Result<Self, FeatureError> {
        let gaussians: Vec<TrainedGaussians> = gaussians.into_iter().map(G::into).collect();
        let inner = gaussians.len();
        FeatureError::values("number of embeddings", &[inner as f64], "from 1 to 8", |n| {
            (1.0..=MAX_EMBEDDINGS as f64).contains(&n)
        })?;
        FeatureError::values("number of hidden units", &[units as f64], "from 1 to 64", |n| {
            (1.0..=MAX_UNITS as f64).contains(&n)
        })?;
        FeatureError::values("spread of the amplitudes", &[spread], "positive", |spread| spread > 0.0)?;
        let dimensions = gaussians[0].dimensions();
        for (index, other) in gaussians.iter().enumerate() {
            FeatureError::length("coordinates", other.dimensions(), dimensions)?;
            if other.form() != gaussians[0].form() {
                return Err(FeatureError::Periods { index });
            }
        }
        let embedding = |(k, gaussians): (usize, TrainedGaussians)| {
            let random = Philox::new(seed, AMPLITUDES + k as u32);
            let amplitudes = (0..gaussians.len() as u64).map(|i| spread * random.normal(i)).collect();
            Embedding { gaussians, amplitudes }
        };
        let embeddings = gaussians.into_iter().enumerate().map(embedding).collect();
        let random = Philox::new(seed, HEAD);
        let limit = (6.0 / (inner + units) as f64).sqrt();
        let weights = (0..(units * inner) as u64).map(|i| random.uniform_in(i, -limit, limit)).collect();
        Ok(Self { embeddings, biases: vec![0.0; units], weights })
    }

    fn units(&self) -> usize {
        self.biases.len()
    }

    /// The weights of hidden unit h.
    fn weights_of(&self, h: usize) -> &[f64] {
        &self.weights[h * self.embeddings.len()..][..self.embeddings.len()]
    }

    /// The terms of φ at x, k after k.
    fn inner(&self, x: &[f64], terms: &[MultiIndex]) -> Vec<f64> {
        let mut inner = Vec::with_capacity(self.embeddings.len() * terms.len());
        for Embedding { gaussians, amplitudes } in &self.embeddings {
            let n = gaussians.len();
            let mut jets = vec![0.0; n * terms.len()];
            gaussians.jets(x, terms, &mut jets);
            inner.extend(jets.chunks(n.max(1)).map(|jets| dot(amplitudes, jets)));
        }
        inner
    }

    fn hidden(&self, terms: &Terms, inner: &[f64]) -> impl Iterator<Item = Unit<f64>> {
        (0..self.units()).map(move |h| Unit::new(terms, self.biases[h], self.weights_of(h), inner))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Features for PigNetwork {
    fn dimensions(&self) -> usize {
        self.embeddings[0].gaussians.dimensions()
    }

    fn len(&self) -> usize {
        self.units() + 1
    }

    fn max_order(&self) -> usize {
        MAX_ORDER
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let n = self.len();
        let terms = Terms::new(terms);
        let inner = self.inner(x, &terms.all);
        for (h, unit) in self.hidden(&terms, &inner).enumerate() {
            terms.asked.iter().enumerate().for_each(|(t, &place)| out[t * n + h] = unit.y[place]);
        }
        for (t, &place) in terms.asked.iter().enumerate() {
            out[t * n + n - 1] = if place == 0 { 1.0 } else { 0.0 };
        }
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        Some(device::numbers(self, &vec![0.0; self.len()]).to_vec())
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        Ok(Box::new(DevicePig::<f32>::new(gpu, self)?))
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        Ok(Box::new(DevicePig::<f64>::new(gpu, self)?))
    }
}

impl Trainable for PigNetwork {
    fn parameters(&self) -> usize {
        let embedding = |embedding: &Embedding| embedding.gaussians.len() * (1 + embedding.shifts().len());
        let (units, inner) = (self.units(), self.embeddings.len());
        2 * units + 1 + units * inner + self.embeddings.iter().map(embedding).sum::<usize>()
    }

    fn tangent(&self, c: &[f64]) -> Arc<dyn Features> {
        Arc::new(PigTangent { network: self.clone(), c: c.to_vec() })
    }

    fn units(&self, _c: &[f64]) -> Vec<f64> {
        let mut units = vec![1.0; self.units() + self.weights.len()];
        units.extend(self.embeddings.iter().flat_map(Embedding::step_units));
        units
    }

    /// Biases and weights of the head; then of each embedding amplitudes, centres and precisions.
    fn theta(&self) -> Vec<f64> {
        let mut theta = self.biases.clone();
        theta.extend(&self.weights);
        for Embedding { gaussians, amplitudes } in &self.embeddings {
            theta.extend(amplitudes);
            theta.extend(gaussians.theta());
        }
        theta
    }

    fn with_theta(&self, theta: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        FeatureError::length("trained parameters", theta.len(), self.theta().len())?;
        FeatureError::values("trained parameter", theta, "finite", |_| true)?;
        let (biases, rest) = theta.split_at(self.units());
        let (weights, mut rest) = rest.split_at(self.weights.len());
        let mut embeddings = Vec::new();
        for Embedding { gaussians, amplitudes } in &self.embeddings {
            let (of_amplitudes, others) = rest.split_at(amplitudes.len());
            let (of_gaussians, others) = others.split_at(gaussians.theta().len());
            let gaussians = gaussians.with_theta(of_gaussians)?;
            embeddings.push(Embedding { gaussians, amplitudes: of_amplitudes.to_vec() });
            rest = others;
        }
        Ok(Arc::new(Self { embeddings, biases: biases.to_vec(), weights: weights.to_vec() }))
    }

    fn translated(&self, by: &[f64]) -> Result<Arc<dyn Trainable>, FeatureError> {
        let translated = |Embedding { gaussians, amplitudes }: &Embedding| {
            Ok(Embedding { gaussians: gaussians.translated(by)?, amplitudes: amplitudes.clone() })
        };
        let embeddings = self.embeddings.iter().map(translated).collect::<Result<_, FeatureError>>()?;
        Ok(Arc::new(Self { embeddings, ..self.clone() }))
    }

    fn moved(&self, c: &[f64], step: &[f64]) -> Result<(Arc<dyn Trainable>, Vec<f64>), FeatureError> {
        FeatureError::length("step", step.len(), self.parameters())?;
        FeatureError::values("step", step, "finite", |_| true)?;
        let add =
            |to: &[f64], step: &[f64]| -> Vec<f64> { to.iter().zip(step).map(|(a, b)| a + b).collect() };
        let (of_c, rest) = step.split_at(self.len());
        let (of_biases, rest) = rest.split_at(self.units());
        let (of_weights, mut rest) = rest.split_at(self.weights.len());
        let mut embeddings = Vec::new();
        for embedding in &self.embeddings {
            let own = embedding.gaussians.len() * (1 + embedding.shifts().len());
            embeddings.push(embedding.moved(&rest[..own])?);
            rest = &rest[own..];
        }
        let moved = Self {
            embeddings,
            biases: add(&self.biases, of_biases),
            weights: add(&self.weights, of_weights),
        };
        Ok((Arc::new(moved), add(c, of_c)))
    }

    fn resident_f32(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f32>>>, GpuError> {
        Ok(Some(Box::new(ResidentPig::<f32>::new(gpu, self, c)?)))
    }

    fn resident_f64(&self, gpu: &Gpu, c: &[f64]) -> Result<Option<Box<dyn Resident<f64>>>, GpuError> {
        Ok(Some(Box::new(ResidentPig::<f64>::new(gpu, self, c)?)))
    }
}
