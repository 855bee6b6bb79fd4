//! From a description to a network with initial parameters.

use std::f64::consts::PI;

use ansatz_features::FeatureError;
use ansatz_random::Philox;

use crate::embedding::Embedding;
use crate::shape::Shape;
use crate::{Activation, DenseNetwork};

/// Waves of random frequencies in place of the coordinates (Tancik et al., NeurIPS 2020).
#[derive(Debug, Clone, PartialEq)]
pub struct Fourier {
    /// Number of frequencies; each gives a sine and a cosine.
    pub count: usize,
    /// Standard deviation of the frequencies along each coordinate, in radians per half an edge of the domain.
    pub deviations: Vec<f64>,
}

/// A network to be made.
///
/// A point of the domain is mapped to [−1, 1]^d first. The inputs of the first layer are its coordinates; for one that
/// repeats after a length ℓ, sin and cos of 2πkx/ℓ for k = 1 … `harmonics`, so that u repeats exactly. With `fourier` they are
/// sin By and cos By, B_i ~ N(0, deviations_i²), where the frequencies along a coordinate that repeats are rounded to multiples
/// of its own.
///
/// Initially the weights of a layer with n inputs and m outputs are drawn from N(0, 2/(n + m)) (Glorot & Bengio, AISTATS 2010)
/// and its biases uniformly from ±1/√n. With `bandwidth` those of the first layer are drawn from N(0, bandwidth²) for each
/// coordinate, and its units are centred at points spread uniformly over the domain.
///
/// With `gated` (Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43, 2021, eqs. 38–42) two more sets of units of the inputs e,
/// U = s(W_U e + b_U) and V = s(W_V e + b_V), are mixed by the units of each hidden layer but the first, which are gates:
/// h_l = (1 − g) U + g V with g = s(W_l h_{l−1} + b_l). All hidden layers are of one width, and there are two at least.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Lower and upper end of each coordinate.
    pub domain: Vec<(f64, f64)>,
    /// The length of each coordinate that repeats, or nothing for none.
    pub periods: Vec<Option<f64>>,
    /// Waves for each coordinate that repeats.
    pub harmonics: usize,
    /// Random waves.
    pub fourier: Option<Fourier>,
    /// Standard deviation of the weights of the first layer along each coordinate, in units of 1/half an edge of the domain.
    pub bandwidth: Option<Vec<f64>>,
    /// Units of each hidden layer.
    pub widths: Vec<usize>,
    /// s.
    pub activation: Activation,
    /// Gates.
    pub gated: bool,
    /// Same seed, same network.
    pub seed: u64,
}

/// More units of a layer, or waves, are a mistake.
const MOST: f64 = 1e5;
/// More parameters are, too: training keeps many numbers for each.
const MOST_PARAMETERS: f64 = 1e8;

/// Streams of random numbers.
const FOURIER: u32 = 0x6c61_7900;
const LAYERS: u32 = 0x6c61_7901;

impl Design {
    /// A network of tanh units on this domain, with nothing of the rest.
    pub fn new(domain: Vec<(f64, f64)>, widths: Vec<usize>, seed: u64) -> Self {
        let activation = Activation::Tanh;
        Self {
            domain,
            periods: Vec::new(),
            harmonics: 1,
            fourier: None,
            bandwidth: None,
            widths,
            activation,
            gated: false,
            seed,
        }
    }

    /// The network.
    ///
    /// # Errors
    /// [`FeatureError`] where the domain is empty or not finite, a layer has no units, there is no layer, a length or
    /// deviation is not positive, or gates have a single layer or layers of several widths.
    pub fn network(&self) -> Result<DenseNetwork, FeatureError> {
        let dimensions = self.domain.len();
        FeatureError::dimensions(dimensions)?;
        let edges: Vec<f64> = self.domain.iter().map(|(low, high)| high - low).collect();
        FeatureError::values("edge of the domain", &edges, "positive", |edge| edge > 0.0)?;
        if !self.periods.is_empty() {
            FeatureError::length("periods", self.periods.len(), dimensions)?;
        }
        let lengths: Vec<f64> = self.periods.iter().copied().flatten().collect();
        FeatureError::values("period", &lengths, "positive", |period| period > 0.0)?;
        if let Some(bandwidth) = &self.bandwidth {
            FeatureError::length("bandwidths", bandwidth.len(), dimensions)?;
            FeatureError::values("bandwidth", bandwidth, "positive", |bandwidth| bandwidth > 0.0)?;
        }
        let counts: Vec<f64> = self.widths.iter().map(|&width| width as f64).collect();
        FeatureError::values("width", &counts, "from 1 to 100,000", |width| (1.0..=MOST).contains(&width))?;
        if self.widths.is_empty() {
            return Err(FeatureError::Length { what: "hidden layers", len: 0, wanted: 1 });
        }
        if self.gated {
            if let [_] = self.widths[..] {
                return Err(FeatureError::Length { what: "hidden layers with gates", len: 1, wanted: 2 });
            }
            let first = counts[0];
            FeatureError::values("width of layers with gates", &counts, "that of the first", |width| {
                width == first
            })?;
        }
        if let Some(Fourier { count, deviations }) = &self.fourier {
            FeatureError::values("count of waves", &[*count as f64], "from 1 to 100,000", |count| {
                (1.0..=MOST).contains(&count)
            })?;
            FeatureError::length("deviations of waves", deviations.len(), dimensions)?;
            FeatureError::values("deviation of waves", deviations, "positive", |deviation| deviation > 0.0)?;
        } else if !lengths.is_empty() {
            FeatureError::values("number of harmonics", &[self.harmonics as f64], "positive", |x| x > 0.0)?;
        }
        let embedding = self.embedding(&edges);
        let inputs = std::iter::once(embedding.len() as f64).chain(counts.iter().copied());
        let parameters: f64 = inputs.zip(&counts).map(|(inputs, width)| (inputs + 1.0) * width).sum();
        FeatureError::values("number of parameters", &[parameters], "at most 100,000,000", |count| {
            count <= MOST_PARAMETERS
        })?;
        let shape = Shape {
            dimensions,
            widths: std::iter::once(embedding.len()).chain(self.widths.iter().copied()).collect(),
            identities: embedding.identities,
            activation: self.activation,
            gated: self.gated,
        };
        let parameters = self.parameters(&shape);
        DenseNetwork::new(shape, embedding, parameters)
    }

    /// 2π/ℓ of a coordinate that repeats, in radians of y.
    fn fundamental(&self, coordinate: usize, edges: &[f64]) -> Option<f64> {
        let period = self.periods.get(coordinate).copied().flatten()?;
        Some(PI * edges[coordinate] / period)
    }

    fn embedding(&self, edges: &[f64]) -> Embedding {
        let dimensions = edges.len();
        let mut embedding = Embedding {
            centres: self.domain.iter().map(|(low, high)| 0.5 * (low + high)).collect(),
            scales: edges.iter().map(|edge| 2.0 / edge).collect(),
            identities: 0,
            frequencies: Vec::new(),
            phases: Vec::new(),
        };
        if let Some(fourier) = &self.fourier {
            let draws = Philox::new(self.seed, FOURIER);
            for wave in 0..fourier.count {
                let frequency = |i: usize| {
                    let drawn = fourier.deviations[i] * draws.normal((wave * dimensions + i) as u64);
                    match self.fundamental(i, edges) {
                        Some(unit) => unit * (drawn / unit).round(),
                        None => drawn,
                    }
                };
                embedding.push_wave(&(0..dimensions).map(frequency).collect::<Vec<_>>());
            }
            return embedding;
        }
        let repeats = |i: &usize| self.fundamental(*i, edges).is_some();
        (0..dimensions).filter(|i| !repeats(i)).for_each(|i| embedding.push_coordinate(i));
        for i in (0..dimensions).filter(repeats) {
            for k in 1..=self.harmonics {
                let mut frequencies = vec![0.0; dimensions];
                frequencies[i] = self.fundamental(i, edges).unwrap_or(0.0) * k as f64;
                embedding.push_wave(&frequencies);
            }
        }
        embedding
    }

    /// Those of the weights of each input of the first layer.
    fn deviations(&self) -> Option<Vec<f64>> {
        let bandwidth = self.bandwidth.as_ref().filter(|_| self.fourier.is_none())?;
        let repeats = |i: &usize| self.periods.get(*i).copied().flatten().is_some();
        let straight = (0..self.domain.len()).filter(|i| !repeats(i)).map(|i| bandwidth[i]);
        // Sines of the first few harmonics vary as fast as they do without a weight.
        let waves = (0..self.domain.len()).filter(repeats).flat_map(|_| vec![1.0; 2 * self.harmonics]);
        Some(straight.chain(waves).collect())
    }

    /// Weights w and biases −w·e with e uniform in [−1, 1]ⁿ.
    fn first_layer(deviations: &[f64], outputs: usize, draws: Philox) -> (Vec<f64>, Vec<f64>) {
        let inputs = deviations.len();
        let weight = |at: usize| deviations[at % inputs] * draws.normal(at as u64);
        let weights: Vec<f64> = (0..inputs * outputs).map(weight).collect();
        let place = |at: usize| draws.uniform_in((inputs * outputs + at) as u64, -1.0, 1.0);
        let bias = |unit: usize| -> f64 {
            (unit * inputs..(unit + 1) * inputs).map(|at| -weights[at] * place(at)).sum()
        };
        let biases = (0..outputs).map(bias).collect();
        (weights, biases)
    }

    fn parameters(&self, shape: &Shape) -> Vec<f64> {
        let draws = Philox::new(self.seed, LAYERS);
        let mut parameters: Vec<f64> = Vec::new();
        for (l, layer) in shape.layers().into_iter().enumerate() {
            if let Some(deviations) = self.deviations().filter(|_| l == 0) {
                let (weights, biases) = Self::first_layer(&deviations, layer.outputs, draws);
                parameters = [weights, biases].concat();
                continue;
            }
            let (inputs, outputs) = (layer.inputs, layer.outputs);
            let first = parameters.len() as u64;
            let weights = (inputs * outputs) as u64;
            let deviation = (2.0 / (inputs + shape.widths[l + 1]) as f64).sqrt();
            parameters.extend((first..first + weights).map(|i| deviation * draws.normal(i)));
            let most = 1.0 / (inputs as f64).sqrt();
            let biases = first + weights..first + weights + outputs as u64;
            parameters.extend(biases.map(|i| draws.uniform_in(i, -most, most)));
        }
        parameters
    }
}
