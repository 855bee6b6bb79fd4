//! The tangent functions of a network.

use ansatz_features::{DeviceFeatures, Features, MultiIndex, Trainable};
use ansatz_gpu::{Gpu, GpuError};

use super::PigNetwork;
use super::device::{self, DevicePig};
use super::terms::{MAX_ORDER, Terms};

/// ∂u/∂c_h, ∂u/∂c_0, ∂u/∂b_h, ∂u/∂W_hk and, for each embedding, Gaussian after Gaussian, by the amplitude and by each of
/// its shifts, as `PigNetwork::moved` takes them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PigTangent {
    pub network: PigNetwork,
    pub c: Vec<f64>,
}

impl Features for PigTangent {
    fn dimensions(&self) -> usize {
        self.network.dimensions()
    }

    fn len(&self) -> usize {
        self.network.parameters()
    }

    fn max_order(&self) -> usize {
        MAX_ORDER
    }

    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]) {
        let (network, n) = (&self.network, self.len());
        let terms = Terms::new(terms);
        let (units, inner_count, t) = (network.units(), network.embeddings.len(), terms.len());
        let inner = network.inner(x, &terms.all);
        for (&asked, out) in terms.asked.iter().zip(out.chunks_mut(n)) {
            // R = ∂^α u alone.
            let mut a = vec![0.0; t];
            a[asked] = 1.0;
            let mut adjoint = vec![0.0; inner.len()];
            out[units] = a[0];
            for (h, unit) in network.hidden(&terms, &inner).enumerate() {
                out[h] = unit.y[asked];
                let mut back = unit.pull_back(&terms, &a);
                back.iter_mut().for_each(|back| *back *= self.c[h]);
                out[units + 1 + h] = back[0];
                for (k, &w) in network.weights_of(h).iter().enumerate() {
                    let place = 2 * units + 1 + h * inner_count + k;
                    out[place] = super::dot(&back, &inner[k * t..][..t]);
                    adjoint[k * t..][..t].iter_mut().zip(&back).for_each(|(to, back)| *to += w * back);
                }
            }
            let mut first = 2 * units + 1 + units * inner_count;
            for (embedding, adjoint) in network.embeddings.iter().zip(adjoint.chunks(t)) {
                let gaussians = &embedding.gaussians;
                let shifts = embedding.shifts();
                let own = shifts.iter().map(|shift| terms.all.iter().map(|term| shift.of(term)).collect());
                for derivatives in std::iter::once(terms.all.clone()).chain(own) {
                    let count = gaussians.len();
                    let mut jets = vec![0.0; count * t];
                    gaussians.jets(x, &derivatives, &mut jets);
                    let out = &mut out[first..first + count];
                    out.fill(0.0);
                    for (&a, jets) in adjoint.iter().zip(jets.chunks(count.max(1))) {
                        out.iter_mut().zip(jets).for_each(|(out, jet)| *out += a * jet);
                    }
                    first += count;
                }
            }
        }
    }

    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        let mut numbers = device::numbers(&self.network, &self.c).to_vec();
        numbers.extend(
            self.network
                .embeddings
                .iter()
                .flat_map(|embedding| embedding.gaussians.numbers().unwrap_or_default()),
        );
        Some(numbers)
    }

    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError> {
        Ok(Box::new(DevicePig::<f32>::tangent(gpu, &self.network, &self.c)?))
    }

    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError> {
        Ok(Box::new(DevicePig::<f64>::tangent(gpu, &self.network, &self.c)?))
    }
}
