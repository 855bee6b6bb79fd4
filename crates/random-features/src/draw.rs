//! Drawing the parameters.

use std::f64::consts::TAU;

use ansatz_features::FeatureError;
use ansatz_random::{Philox, Sampler, normal_quantile};

use crate::{Activation, RandomFeatures};

/// The streams of the weights of coordinate 0, 1, …; from [`POINTS`] on those of the points in a box, then the biases' and
/// the distances' in an ellipsoid and the shift of Sobol's sequence.
const STREAMS: u32 = 0x6665_6174;
const POINTS: u32 = 8;
const BIASES: u32 = 16;
const RADIUS: u32 = 17;
const SHIFT: u32 = 18;

/// How features are drawn. Every number follows from the seed and its place alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// s.
    pub activation: Activation,
    /// N.
    pub count: usize,
    /// Chooses among the possible draws.
    pub seed: u64,
    /// The law of the weights.
    pub weights: Weights,
    /// The law of the biases.
    pub biases: Biases,
    /// Per coordinate, the length after which every feature repeats, if any: the weights become integers times 2π/length.
    /// Empty: none. Sine only.
    pub periods: Vec<Option<f64>>,
}

/// The law of the weights.
#[derive(Debug, Clone, PartialEq)]
pub enum Weights {
    /// Normal, with a standard deviation per coordinate: the spectrum of a Gaussian kernel of width 1/σ_i.
    Gaussian(Vec<f64>),
    /// The same law at the points of Sobol's sequence, which fill it more evenly than independent ones (Avron, Sindhwani,
    /// Yang and Mahoney, JMLR 2016).
    QuasiGaussian(Vec<f64>),
    /// Uniform on [−limit_i, limit_i].
    Uniform(Vec<f64>),
    /// Uniform in the ellipsoid with these half-axes: a spectrum with a sharp edge, so that no feature is rougher than it
    /// need be.
    Ellipsoid(Vec<f64>),
}

/// The law of the biases.
#[derive(Debug, Clone, PartialEq)]
pub enum Biases {
    /// Uniform on [0, 2π): the phase of a sine.
    Phase,
    /// So that w·x + b vanishes at a point which is uniform in this box, given by its ends along each coordinate: where tanh
    /// and sigmoid are steepest and ReLU has its kink.
    Inside(Vec<(f64, f64)>),
    /// Uniform on [−limit, limit].
    Uniform(f64),
}

impl Draw {
    /// Random Fourier features: sines with normal weights and uniform phases.
    pub fn fourier(count: usize, seed: u64, bandwidths: Vec<f64>) -> Self {
        let (weights, biases) = (Weights::Gaussian(bandwidths), Biases::Phase);
        Self { activation: Activation::Sine, count, seed, weights, biases, periods: Vec::new() }
    }

    /// Draws them.
    ///
    /// # Errors
    /// [`FeatureError`] where the lengths do not fit or a width, limit or period is not positive.
    pub fn features(&self) -> Result<RandomFeatures, FeatureError> {
        let (Weights::Gaussian(spread)
        | Weights::QuasiGaussian(spread)
        | Weights::Uniform(spread)
        | Weights::Ellipsoid(spread)) = &self.weights;
        let dimensions = spread.len();
        FeatureError::dimensions(dimensions)?;
        FeatureError::values("bandwidth", spread, "zero or positive", |value| value >= 0.0)?;
        self.check(dimensions)?;
        let stream = |number: u32| Philox::new(self.seed, STREAMS + number);
        // Point j of the unit ball: a normal direction, and the root of a uniform number for its distance.
        let in_ball = |i: usize, j: u64| {
            let square = |axis: u32| stream(axis).normal(j).powi(2);
            let length = (0..dimensions as u32).map(square).sum::<f64>().sqrt();
            stream(i as u32).normal(j) / length * stream(RADIUS).uniform(j).powf(1.0 / dimensions as f64)
        };
        let sobol = match self.weights {
            Weights::QuasiGaussian(_) => Sampler::Sobol.points(dimensions, 0, self.count, stream(SHIFT)),
            _ => Vec::new(),
        };
        let mut weights = Vec::with_capacity(dimensions * self.count);
        for (i, &spread) in spread.iter().enumerate() {
            let period = self.periods.get(i).copied().flatten();
            let drawn = stream(i as u32);
            weights.extend((0..self.count as u64).map(|j| {
                let weight = match self.weights {
                    Weights::Gaussian(_) => spread * drawn.normal(j),
                    Weights::QuasiGaussian(_) => spread * normal_quantile(sobol[j as usize * dimensions + i]),
                    Weights::Uniform(_) => drawn.uniform_in(j, -spread, spread),
                    Weights::Ellipsoid(_) => spread * in_ball(i, j),
                };
                // The nearest wave that fits the period.
                period.map_or(weight, |period| (weight * period / TAU).round() * (TAU / period))
            }));
        }
        let biases = (0..self.count).map(|j| match &self.biases {
            Biases::Phase => stream(BIASES).uniform_in(j as u64, 0.0, TAU),
            Biases::Uniform(limit) => stream(BIASES).uniform_in(j as u64, -limit, *limit),
            Biases::Inside(bounds) => -bounds
                .iter()
                .enumerate()
                .map(|(i, &(low, high))| {
                    let x = stream(POINTS + i as u32).uniform_in(j as u64, low, high);
                    weights[i * self.count + j] * x
                })
                .sum::<f64>(),
        });
        let biases = biases.collect();
        RandomFeatures::new(self.activation, dimensions, weights, biases)
    }

    fn check(&self, dimensions: usize) -> Result<(), FeatureError> {
        match &self.biases {
            Biases::Phase => {}
            Biases::Uniform(limit) => {
                FeatureError::values("limit", &[*limit], "zero or positive", |limit| limit >= 0.0)?;
            }
            Biases::Inside(bounds) => {
                FeatureError::length("intervals of the box", bounds.len(), dimensions)?;
                for &(low, high) in bounds {
                    FeatureError::values("end of an interval", &[low, high], "finite", |_| true)?;
                }
            }
        }
        if !self.periods.is_empty() {
            FeatureError::length("periods", self.periods.len(), dimensions)?;
            let periods: Vec<f64> = self.periods.iter().copied().flatten().collect();
            FeatureError::values("period", &periods, "positive", |period| period > 0.0)?;
            if !periods.is_empty() && self.activation != Activation::Sine {
                return Err(FeatureError::Periodic { what: self.activation.name() });
            }
        }
        Ok(())
    }
}
