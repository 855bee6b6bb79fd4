//! Random features: u = Σ_j c_j s(w_j·x + b_j) with w and b drawn at random, so that only c is unknown.

use std::sync::Arc;

use ansatz_features::Features;
use ansatz_random_features::{Activation, Biases, Draw, Weights};

use crate::pde::{Frame, Method, PdeError};

/// Random features (Rahimi and Recht, 2007; for PDEs, Dwivedi and Srinivasan, 2020): sines with frequencies from an
/// ellipsoid, exponentials with normal weights, or another activation.
///
/// ```
/// use ansatz::pde::RandomFeatures;
/// let method = RandomFeatures::new(1500).with_bandwidth(&[8.0]);
/// assert_eq!(method.features, 1500);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RandomFeatures {
    /// Features of each field.
    pub features: usize,
    /// s.
    pub activation: Activation,
    /// The largest frequencies (of exponentials, the standard deviation of the weights) in units of 1/half the side of the
    /// domain's box: one, or one for each coordinate. Chosen by a held-out residual if not given.
    pub bandwidth: Option<Vec<f64>>,
}

impl RandomFeatures {
    /// `features` sines for each field; their bandwidth is to be chosen.
    pub fn new(features: usize) -> Self {
        Self { features, activation: Activation::Sine, bandwidth: None }
    }

    /// With this bandwidth: one for all coordinates, or one for each.
    pub fn with_bandwidth(mut self, bandwidth: &[f64]) -> Self {
        self.bandwidth = Some(bandwidth.to_vec());
        self
    }

    /// With another activation.
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }
}

impl Method for RandomFeatures {
    fn name(&self) -> &'static str {
        "random-features"
    }

    fn family(&self) -> String {
        self.activation.name().to_owned()
    }

    fn features(&self) -> usize {
        self.features
    }

    fn scales(&self) -> Option<&[f64]> {
        self.bandwidth.as_deref()
    }

    fn ladder(&self, _features: usize, _dimension: usize) -> Vec<f64> {
        // Every half octave, from less than one wave across the box to what a few thousand features resolve; exponentials
        // soon differ by many powers of ten from end to end.
        let last = if self.activation == Activation::Exponential { 5 } else { 12 };
        (-2..=last).map(|half_octaves| 2.0_f64.powf(0.5 * f64::from(half_octaves))).collect()
    }

    fn is_periodic(&self) -> bool {
        self.activation == Activation::Sine
    }

    fn draw(
        &self,
        frame: &Frame,
        features: usize,
        scales: &[f64],
        seed: u64,
    ) -> Result<Arc<dyn Features>, PdeError> {
        let half_sides = frame.half_sides();
        let spread = half_sides.iter().zip(scales).map(|(half, scale)| scale / half).collect();
        let bounds = frame.low.iter().copied().zip(frame.high.iter().copied()).collect();
        let draw = Draw {
            activation: self.activation,
            count: features,
            seed,
            weights: match self.activation {
                Activation::Exponential => Weights::QuasiGaussian(spread),
                _ => Weights::Ellipsoid(spread),
            },
            biases: if self.activation == Activation::Sine { Biases::Phase } else { Biases::Inside(bounds) },
            periods: frame.periods(),
        };
        Ok(Arc::new(draw.features()?))
    }
}
