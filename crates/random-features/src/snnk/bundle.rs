//! Many layers of a trained network as one kernel layer.

use std::iter::zip;

use ansatz_features::FeatureError;
use ansatz_gpu::{Gpu, Plan, Real};

use super::device_bundle::{record_maps, upload_maps, upload_points};
use super::{DeviceSnnk, Kernel, Ridge, Snnk, SnnkError, SnnkFeatures};

/// A dense layer f(Wx + b).
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// W: a list of weights per output.
    pub weights: Vec<Vec<f64>>,
    /// b, one per output.
    pub biases: Vec<f64>,
    /// f: what [`Kernel::exact`] gives for each output's weights and bias. `None`: the identity.
    pub kernel: Option<Kernel>,
}

impl Layer {
    /// f(Wx + b).
    pub fn value(&self, x: &[f64]) -> Vec<f64> {
        let output = |(w, &b): (&Vec<f64>, &f64)| match &self.kernel {
            Some(kernel) => kernel.exact(x, w, b),
            None => dot(w, x) + b,
        };
        zip(&self.weights, &self.biases).map(output).collect()
    }
}

/// A network whose last layers are one product W·Φ(x) + c.
///
/// Layer after layer, f(Wx + b) ≈ Ψ(W, b)Φ(x); the next layer's W′ then acts on Φ(x) by the weights W′Ψ(W, b), of which Ψ is
/// taken again. So Φ = Φ_L ∘ … ∘ Φ_1 is free of weights, and all of them end in one matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    pub(super) front: Vec<Layer>,
    pub(super) maps: Vec<SnnkFeatures>,
    pub(super) weights: Vec<Vec<f64>>,
    pub(super) offsets: Vec<f64>,
}

impl Bundle {
    /// Bundles the last `count` layers, with features as `options` say but for the kernel, which is the layer's, the seed,
    /// which goes up by one with each layer, and the balance, which follows from the weights and the `samples` (points as they
    /// are to come).
    ///
    /// # Errors
    /// [`SnnkError::Features`] where lengths do not fit, and as [`SnnkFeatures::phi`] and [`SnnkFeatures::psi`].
    pub fn new(
        network: &[Layer],
        count: usize,
        options: &Snnk,
        samples: &[Vec<f64>],
    ) -> Result<Self, SnnkError> {
        check(network, samples)?;
        let (front, bundled) = network.split_at(network.len().saturating_sub(count));
        let mut seen: Vec<Vec<f64>> = samples.iter().map(|x| through(front, x)).collect::<Result<_, _>>()?;
        let mut bundle =
            Self { front: front.to_vec(), maps: Vec::new(), weights: Vec::new(), offsets: Vec::new() };
        for (number, layer) in bundled.iter().enumerate() {
            let (weights, biases) = if number == 0 {
                (layer.weights.clone(), layer.biases.clone())
            } else {
                bundle.followed_by(layer)
            };
            let Some(kernel) = &layer.kernel else {
                (bundle.weights, bundle.offsets) = (weights, biases);
                continue;
            };
            let (from, to) = (mean_square(&seen), mean_square(&weights));
            let balance = if from > 0.0 && to > 0.0 { (to / from).sqrt() } else { 1.0 };
            let seed = options.seed.wrapping_add(number as u64);
            let options = Snnk { kernel: kernel.clone(), seed, balance, ..options.clone() };
            let map = options.features(weights.first().map_or(0, Vec::len))?;
            seen = seen.iter().map(|x| map.phi(x)).collect::<Result<_, _>>()?;
            bundle.weights = zip(&weights, &biases).map(|(w, &b)| map.psi(w, b)).collect::<Result<_, _>>()?;
            bundle.offsets = vec![0.0; biases.len()];
            bundle.maps.push(map);
        }
        Ok(bundle)
    }

    /// The layer's weights and biases on what W is applied to here.
    fn followed_by(&self, layer: &Layer) -> (Vec<Vec<f64>>, Vec<f64>) {
        let combine = |w: &Vec<f64>| {
            let mut sum = vec![0.0; self.weights.first().map_or(0, Vec::len)];
            for (w, row) in zip(w, &self.weights) {
                zip(&mut sum, row).for_each(|(sum, row)| *sum += w * row);
            }
            sum
        };
        let biases = zip(&layer.weights, &layer.biases).map(|(w, b)| b + dot(w, &self.offsets));
        (layer.weights.iter().map(combine).collect(), biases.collect())
    }

    /// Φ(x).
    ///
    /// # Errors
    /// As [`SnnkFeatures::phi`].
    pub fn features(&self, x: &[f64]) -> Result<Vec<f64>, SnnkError> {
        self.maps.iter().try_fold(through(&self.front, x)?, |x, map| map.phi(&x))
    }

    /// WΦ(x) + c.
    ///
    /// # Errors
    /// As [`SnnkFeatures::phi`].
    pub fn value(&self, x: &[f64]) -> Result<Vec<f64>, SnnkError> {
        let phi = self.features(x)?;
        Ok(zip(&self.weights, &self.offsets).map(|(w, c)| dot(w, &phi) + c).collect())
    }

    /// Puts the weights in place that are best for the squared loss on these points, with Tikhonov's λ; c becomes 0. Features
    /// and solution are in `T`, on the device, as [`Ridge`] says.
    ///
    /// # Errors
    /// As [`Ridge`] and [`DeviceSnnk::check`].
    pub fn fit<T: Real>(
        &mut self,
        gpu: &Gpu,
        points: &[Vec<f64>],
        targets: &[Vec<f64>],
        lambda: f64,
    ) -> Result<(), SnnkError> {
        let inputs = self.weights.first().map_or(0, Vec::len);
        let (dimensions, len) = self
            .maps
            .first()
            .zip(self.maps.last())
            .map_or((inputs, inputs), |(first, last)| (first.dimensions(), last.len()));
        let points = upload_points::<T>(gpu, &self.front, dimensions, points)?;
        let maps = upload_maps(&self.maps, gpu)?;
        let ridge = Ridge::new(gpu, points.rows(), len, lambda)?;
        let mut plan = Plan::new(gpu, "features");
        record_maps(gpu, &maps, &mut plan, &points, ridge.features())?;
        plan.run()?;
        maps.iter().try_for_each(DeviceSnnk::check)?;
        self.weights = ridge.solve(gpu, targets)?;
        self.offsets = vec![0.0; self.weights.len()];
        Ok(())
    }

    /// The root mean square, over all points and outputs, of the difference to some targets.
    ///
    /// # Errors
    /// As [`SnnkFeatures::phi`]; [`SnnkError::Features`] where there are not as many targets as points.
    pub fn rmse(&self, points: &[Vec<f64>], targets: &[Vec<f64>]) -> Result<f64, SnnkError> {
        FeatureError::length("targets", targets.len(), points.len())?;
        let mut errors = Vec::new();
        for (x, y) in zip(points, targets) {
            errors.push(zip(self.value(x)?, y).map(|(found, y)| found - y).collect());
        }
        Ok((mean_square(&errors) / self.weights.len().max(1) as f64).sqrt())
    }
}

/// What the layers make of x, one after another.
pub(super) fn through(layers: &[Layer], x: &[f64]) -> Result<Vec<f64>, FeatureError> {
    if let Some(w) = layers.first().and_then(|layer| layer.weights.first()) {
        FeatureError::length("coordinates", x.len(), w.len())?;
    }
    Ok(layers.iter().fold(x.to_vec(), |x, layer| layer.value(&x)))
}

fn check(network: &[Layer], samples: &[Vec<f64>]) -> Result<(), FeatureError> {
    let mut inputs = network.first().and_then(|layer| layer.weights.first()).map_or(0, Vec::len);
    for x in samples {
        FeatureError::length("coordinates of a sample", x.len(), inputs)?;
    }
    for layer in network {
        FeatureError::length("biases of a layer", layer.biases.len(), layer.weights.len())?;
        for w in &layer.weights {
            FeatureError::length("weights of an output", w.len(), inputs)?;
        }
        inputs = layer.weights.len();
    }
    Ok(())
}

/// The mean of |v|².
fn mean_square(vectors: &[Vec<f64>]) -> f64 {
    vectors.iter().map(|v| dot(v, v)).sum::<f64>() / vectors.len().max(1) as f64
}

fn dot(u: &[f64], v: &[f64]) -> f64 {
    zip(u, v).map(|(u, v)| u * v).sum()
}
