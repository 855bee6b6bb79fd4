//! The features on the host.

use ansatz_features::{DeviceFeatures, FeatureError, Features, MultiIndex};
use ansatz_gpu::{Gpu, GpuError};

use crate::Activation;
use crate::device::DeviceRidge;

/// φ_j(x) = s(w_j·x + b_j).
#[derive(Debug, Clone, PartialEq)]
pub struct RandomFeatures {
    activation: Activation,
    dimensions: usize,
    weights: Vec<f64>,
    biases: Vec<f64>,
}

impl RandomFeatures {
    /// Features with these parameters: `weights[i * N + j]` is the weight of coordinate i in feature j, `biases[j]` its bias.
    ///
    /// # Errors
    /// [`FeatureError`] where the lengths do not fit or a number is not finite.
    pub fn new(
        activation: Activation,
        dimensions: usize,
        weights: Vec<f64>,
        biases: Vec<f64>,
    ) -> Result<Self, FeatureError> {
        FeatureError::dimensions(dimensions)?;
        FeatureError::length("weights", weights.len(), dimensions * biases.len())?;
        FeatureError::values("weight", &weights, "finite", |_| true)?;
        FeatureError::values("bias", &biases, "finite", |_| true)?;
        Ok(Self { activation, dimensions, weights, biases })
    }

    /// s.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// w, `weights[i * N + j]` the weight of coordinate i in feature j.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// b.
    pub fn biases(&self) -> &[f64] {
        &self.biases
    }

    /// w_j^α = Π_i w_ji^{α_i} for the feature j.
    pub(crate) fn monomials<'a>(&'a self, term: &MultiIndex) -> impl Fn(usize) -> f64 + use<'a> {
        let n = self.biases.len();
        let orders = term.0.iter().enumerate().filter(|(_, order)| **order > 0);
        let powers: Vec<(&[f64], i32)> =
            orders.map(|(i, &order)| (&self.weights[i * n..(i + 1) * n], order.into())).collect();
        move |j| powers.iter().map(|(weights, order)| weights[j].powi(*order)).product()
    }
}

impl Features for RandomFeatures {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn len(&self) -> usize {
        self.biases.len()
    }

    fn max_order(&self) -> usize {
        self.activation.max_order()
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let n = self.len();
        let highest = terms.iter().map(MultiIndex::order).max().unwrap_or(0);
        let terms: Vec<_> = terms.iter().map(|term| (self.monomials(term), term.order())).collect();
        for (j, &bias) in self.biases.iter().enumerate() {
            let products = x.iter().enumerate().map(|(i, &x)| self.weights[i * n + j] * x);
            let derivatives = self.activation.derivatives(bias + products.sum::<f64>(), highest);
            for (t, (monomial, order)) in terms.iter().enumerate() {
                // ∂^α s(w·x + b) = w^α s^{(|α|)}(w·x + b)
                out[t * n + j] = monomial(j) * derivatives[*order];
            }
        }
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        Ok(Box::new(DeviceRidge::<f32>::new(gpu, self)?))
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        Ok(Box::new(DeviceRidge::<f64>::new(gpu, self)?))
    }
}
