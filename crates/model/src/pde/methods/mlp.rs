//! Dense networks, all of which is trained.

use std::sync::Arc;

use ansatz_features::{Features, Trainable};
use ansatz_layers::{Activation, DenseNetwork, Design, Fourier};

use crate::pde::{Frame, Method, Optimizer, PdeError};

/// A dense network with a linear output.
///
/// ```
/// use ansatz::layers::Activation;
/// use ansatz::pde::{Method, Mlp};
/// // Units of sines over the sines and cosines of 24 random waves, whose frequencies are about 20 radians per half a side.
/// let method = Mlp {
///     activation: Activation::Sine,
///     waves: Some(24),
///     bandwidth: vec![20.0],
///     ..Mlp::new(&[16, 16])
/// };
/// assert_eq!(method.family(), "sine over 24 random waves");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    /// Units of each hidden layer.
    pub widths: Vec<usize>,
    /// Their activation.
    pub activation: Activation,
    /// Hidden layers but the first are gates that mix two sets of units of the inputs (Wang, Teng & Perdikaris, SIAM J. Sci.
    /// Comput. 43, 2021): two layers at least, of one width.
    pub gated: bool,
    /// The network sees sines and cosines of so many random waves in place of the coordinates (Tancik et al., NeurIPS 2020): for
    /// solutions of high frequencies, which a network of coordinates learns last.
    pub waves: Option<usize>,
    /// Standard deviation of the first layer's weights, or of the waves' frequencies where there are any, in units of 1/half the
    /// side of the domain's box: one, or one for each coordinate.
    pub bandwidth: Vec<f64>,
    /// How it is trained.
    pub optimizer: Optimizer,
}

/// Waves for each coordinate in which the solution is periodic.
const HARMONICS: usize = 4;

impl Mlp {
    /// Hidden layers with so many tanh units.
    pub fn new(widths: &[usize]) -> Self {
        Self {
            widths: widths.to_vec(),
            activation: Activation::Tanh,
            gated: false,
            waves: None,
            bandwidth: vec![2.0],
            optimizer: Optimizer::default(),
        }
    }

    fn network(&self, frame: &Frame, scales: &[f64], seed: u64) -> Result<DenseNetwork, PdeError> {
        let domain = frame.low.iter().copied().zip(frame.high.iter().copied()).collect();
        let (periods, activation, gated) = (frame.periods(), self.activation, self.gated);
        let design = Design::new(domain, self.widths.clone(), seed);
        let fourier = self.waves.map(|count| Fourier { count, deviations: scales.to_vec() });
        let bandwidth = Some(scales.to_vec());
        let harmonics = HARMONICS;
        Ok(Design { periods, harmonics, activation, gated, fourier, bandwidth, ..design }.network()?)
    }
}

impl Method for Mlp {
    fn name(&self) -> &'static str {
        "mlp"
    }

    fn family(&self) -> String {
        let waves = self.waves.map(|count| format!(" over {count} random waves")).unwrap_or_default();
        let gated = if self.gated { "gated " } else { "" };
        format!("{gated}{}{waves}", self.activation.name())
    }

    fn features(&self) -> usize {
        self.widths.last().map_or(0, |width| width.saturating_add(1))
    }

    fn points(&self, dimension: usize) -> usize {
        // Ten points for each parameter, as of any method of second order.
        let first = self.waves.map_or(dimension, |count| count.saturating_mul(2));
        let inputs = std::iter::once(first).chain(self.widths.iter().copied());
        let layers = inputs.zip(&self.widths).enumerate();
        let parameters = layers.map(|(l, (inputs, width))| {
            // With U and V.
            let sets = if self.gated && l == 0 { 3 } else { 1 };
            inputs.saturating_add(1).saturating_mul(*width).saturating_mul(sets)
        });
        parameters.fold(0, usize::saturating_add).saturating_mul(10)
    }

    fn optimizer(&self, _linear: bool) -> &'static str {
        self.optimizer.name()
    }

    fn training(&self) -> Optimizer {
        self.optimizer
    }

    fn scales(&self) -> Option<&[f64]> {
        Some(&self.bandwidth)
    }

    fn is_periodic(&self) -> bool {
        true
    }

    fn ladder(&self, _features: usize, _dimension: usize) -> Vec<f64> {
        Vec::new()
    }

    fn max_steps(&self) -> usize {
        self.optimizer.max_steps()
    }

    fn trainable(
        &self,
        frame: &Frame,
        scales: &[f64],
        seed: u64,
    ) -> Result<Option<Arc<dyn Trainable>>, PdeError> {
        Ok(Some(Arc::new(self.network(frame, scales, seed)?)))
    }

    fn draw(
        &self,
        frame: &Frame,
        _features: usize,
        scales: &[f64],
        seed: u64,
    ) -> Result<Arc<dyn Features>, PdeError> {
        Ok(Arc::new(self.network(frame, scales, seed)?))
    }
}
