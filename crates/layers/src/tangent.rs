//! The derivatives of u = Σ_j c_j φ_j(x; θ) by c and θ.

use ansatz_features::{DeviceFeatures, Features, MultiIndex};
use ansatz_gpu::{Gpu, GpuError};

use crate::DenseNetwork;
use crate::device::DeviceNetwork;
use crate::jet::{MAX_SLOTS, Slots, factorial};
use crate::network::MAX_ORDER;
use crate::pack::pack;
use crate::point::Point;

/// The tangent functions of a network at some coefficients: φ_1 … φ_N, then ∂u/∂θ_1, ….
#[derive(Debug, Clone)]
pub(crate) struct Tangent {
    pub network: DenseNetwork,
    pub c: Vec<f64>,
    packed: Vec<f64>,
}

impl Tangent {
    /// Coefficients that are missing are zero, and surplus ones are left out.
    pub fn new(network: DenseNetwork, c: &[f64]) -> Self {
        let mut c = c.to_vec();
        c.resize(network.len(), 0.0);
        let packed = pack(&network.shape, &network.embedding, network.inner(), &c);
        Self { network, c, packed }
    }
}

impl Features for Tangent {
    fn dimensions(&self) -> usize {
        self.network.dimensions()
    }

    fn len(&self) -> usize {
        self.network.len() + self.network.inner().len()
    }

    fn max_order(&self) -> usize {
        MAX_ORDER
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let (shape, n, outer) = (&self.network.shape, self.len(), self.network.len());
        for (range, slots) in Slots::parts(terms) {
            let point = Point { shape, slots: &slots, packed: &self.packed };
            let forward = point.forward(x);
            for t in range {
                let out = &mut out[t * n..][..n];
                let mut seed = [0.0; MAX_SLOTS];
                seed[slots.place(&terms[t])] = f64::from(factorial(&terms[t]));
                for (out, h) in out.iter_mut().zip(&forward.h[shape.depth()]) {
                    *out = point.dot(&seed, h);
                }
                out[outer - 1] = seed[0];
                point.reverse(&forward, &seed, |j, value| out[outer + j] = value);
            }
        }
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        Some(vec![self.packed.clone()])
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        Ok(Box::new(DeviceNetwork::<f32>::tangent(gpu, self)?))
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        Ok(Box::new(DeviceNetwork::<f64>::tangent(gpu, self)?))
    }
}
