//! Dense networks, all of which is trained.

use std::sync::Arc;

use ansatz_features::{Features, Trainable};
use ansatz_layers::{Activation, DenseNetwork, Design};

use crate::pde::{Frame, Method, Optimizer, PdeError};

/// A dense network of tanh units with a linear output.
///
/// ```
/// use ansatz::pde::Mlp;
/// let method = Mlp::new(&[16, 16]);
/// assert_eq!(method.widths, [16, 16]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    /// Units of each hidden layer.
    pub widths: Vec<usize>,
    /// Their activation.
    pub activation: Activation,
    /// Standard deviation of the first layer's weights, in units of 1/half the side of the domain's box: one, or one for each
    /// coordinate.
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
            bandwidth: vec![2.0],
            optimizer: Optimizer::default(),
        }
    }

    fn network(&self, frame: &Frame, scales: &[f64], seed: u64) -> Result<DenseNetwork, PdeError> {
        let domain = frame.low.iter().copied().zip(frame.high.iter().copied()).collect();
        let (periods, activation) = (frame.periods(), self.activation);
        let design = Design::new(domain, self.widths.clone(), seed);
        let bandwidth = Some(scales.to_vec());
        Ok(Design { periods, harmonics: HARMONICS, activation, bandwidth, ..design }.network()?)
    }
}

impl Method for Mlp {
    fn name(&self) -> &'static str {
        "mlp"
    }

    fn family(&self) -> &'static str {
        self.activation.name()
    }

    fn features(&self) -> usize {
        self.widths.last().map_or(0, |width| width + 1)
    }

    fn points(&self, dimension: usize) -> usize {
        // Ten points for each parameter, as of any method of second order.
        let inputs = std::iter::once(dimension).chain(self.widths.iter().copied());
        10 * inputs.zip(&self.widths).map(|(inputs, width)| (inputs + 1) * width).sum::<usize>()
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
