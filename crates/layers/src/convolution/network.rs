//! The network of the Deep Conjugate Direction Method.

use ansatz_gpu::{Buffer, GpuError, Plan, Real};
use ansatz_random::Philox;

use super::backward::Backward;
use super::forward::{Forward, Tape};
use super::{Convolution, Images};

/// Residual pairs of convolutions on a grid and on coarser ones (Kaneda et al., ICML 2023, section 4): one channel in, one out.
///
/// ```text
/// x ← W x                                 one channel to `channels`
/// x ← x + max(W max(W x + b, 0) + b, 0)   a pair; two on every level, three on the coarsest
///     average over 2ᵈ cells: the next level; back by the nearest cell, added to what was averaged; two pairs more
/// q = w · x + b                           in each cell
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectionNetwork {
    /// Dimensions, 2 or 3.
    pub dimensions: usize,
    /// Channels of all layers between the first and the last, 1 to 64; 16 as published.
    pub channels: usize,
    /// How often cells become twice as wide: once as published for 64³ cells, twice for 128³.
    pub coarsenings: usize,
}

/// Pairs on each level before the next one, and after it.
pub(super) const PAIRS: usize = 2;
/// Pairs on the coarsest level.
pub(super) const COARSEST_PAIRS: usize = 3;

impl DirectionNetwork {
    /// Its layers, in the order of their parameters: the first; two for each pair, in the order of their use; the last.
    pub fn layers(&self) -> Vec<Convolution> {
        let Self { dimensions, channels, .. } = *self;
        let mut first = 0;
        let mut layer = |inputs, outputs, neighbours| {
            let layer = Convolution { inputs, outputs, neighbours, dimensions, first };
            first += layer.numbers();
            layer
        };
        let mut layers = vec![layer(1, channels, true)];
        layers.extend((0..2 * self.pairs()).map(|_| layer(channels, channels, true)));
        layers.push(layer(channels, 1, false));
        layers
    }

    fn pairs(&self) -> usize {
        2 * PAIRS * self.coarsenings + COARSEST_PAIRS
    }

    /// Numbers of a buffer of its parameters, with what fills up groups of four.
    pub fn numbers(&self) -> usize {
        self.layers().iter().map(Convolution::numbers).sum()
    }

    /// Weights and biases: 97,457 as published for 64³ cells, 152,881 for 128³.
    pub fn parameters(&self) -> usize {
        self.layers().iter().map(Convolution::parameters).sum()
    }

    /// Parameters to begin with: weights uniform in ±√(6/(inputs + outputs)), counted with their taps (Glorot & Bengio, AISTATS
    /// 2010, equation 16), biases 0.
    pub fn initial(&self, seed: u64) -> Vec<f64> {
        let (random, mut drawn) = (Philox::new(seed, 0), 0);
        let mut parameters = vec![0.0; self.numbers()];
        for layer in self.layers() {
            let bound = (6.0 / (layer.taps() * (layer.inputs + layer.outputs)) as f64).sqrt();
            for output in 0..layer.outputs {
                for input in 0..layer.inputs {
                    for tap in 0..layer.taps() {
                        parameters[layer.weight(output, input, tap)] =
                            bound * (2.0 * random.uniform(drawn) - 1.0);
                        drawn += 1;
                    }
                }
            }
        }
        parameters
    }

    /// Records q = f(x) for images of one channel.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where lengths do not fit each other, and what the device says against it.
    pub fn record<T: Real>(
        &self,
        plan: &mut Plan,
        images: Images,
        parameters: &Buffer<T>,
        x: &Buffer<T>,
        q: &Buffer<T>,
    ) -> Result<(), GpuError> {
        Forward::new(self, images, parameters, false).record(plan, x, q).map(|_| ())
    }

    /// Records q = f(x), with all that the way back needs.
    ///
    /// # Errors
    /// As [`DirectionNetwork::record`].
    pub fn record_kept<T: Real>(
        &self,
        plan: &mut Plan,
        images: Images,
        parameters: &Buffer<T>,
        x: &Buffer<T>,
        q: &Buffer<T>,
    ) -> Result<Tape<T>, GpuError> {
        Forward::new(self, images, parameters, true).record(plan, x, q)
    }

    /// Records the gradient by the parameters, of which `q_bar` is that by q, after [`DirectionNetwork::record_kept`].
    ///
    /// # Errors
    /// As [`DirectionNetwork::record`].
    pub fn record_gradient<T: Real>(
        &self,
        plan: &mut Plan,
        images: Images,
        (parameters, tape): (&Buffer<T>, &Tape<T>),
        q_bar: &Buffer<T>,
        gradient: &Buffer<T>,
    ) -> Result<(), GpuError> {
        Backward::new(plan.gpu(), self, images, parameters, gradient)?.record(plan, tape, q_bar)
    }
}
