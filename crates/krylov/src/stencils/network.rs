//! The network that gives a level's coefficients.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_layers::convolution::{Convolution, ConvolutionGradient, Convolve, Epilogue, Images};

use super::shape::edges;
use crate::KrylovError;
use crate::generate::random;

/// Channels of what the network sees: the couplings to the cells before along x, y and z, that to the value zero, and 1 on the finest
/// level.
pub(super) const INPUTS: usize = 5;
/// The most layers.
const MOST_LAYERS: usize = 8;

/// Convolutions over 3² or 3³ cells with max(·, 0) between them, the same on every level of a grid.
///
/// ```text
/// h₁ = max(W₁ x + b₁, 0)    5 channels to `channels`
/// h₂ = max(W₂ h₁ + b₂, 0)   and so on
/// n = W h + b               `channels` to 5, or in space to 14: one for the cell, and one for each edge to half of its neighbours
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StencilNetwork {
    /// Dimensions, 2 or 3.
    pub dimensions: usize,
    /// Channels between the layers, 1 to 64.
    pub channels: usize,
    /// Layers, 1 to 8: a coefficient depends on cells so far away.
    pub layers: usize,
}

impl StencilNetwork {
    /// Whether the numbers are in range.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] with the one that is not.
    pub fn check(&self) -> Result<(), KrylovError> {
        let numbers = [
            ("the dimensions of the network", self.dimensions, 2..=3, "2 or 3"),
            ("the channels of the network", self.channels, 1..=64, "1 to 64"),
            ("the layers of the network", self.layers, 1..=MOST_LAYERS, "1 to 8"),
        ];
        match numbers.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
            Some((name, value, _, expected)) => {
                Err(KrylovError::Setting { name, value: value.to_string(), expected })
            }
            None => Ok(()),
        }
    }

    /// Numbers that it gives for each cell.
    pub fn outputs(&self) -> usize {
        1 + edges(self.dimensions)
    }

    /// Its layers, in the order of their parameters.
    pub fn convolutions(&self) -> Vec<Convolution> {
        let Self { dimensions, channels, layers } = *self;
        let mut first = 0;
        let layer = |number: usize| {
            let inputs = if number == 0 { INPUTS } else { channels };
            let outputs = if number + 1 == layers { self.outputs() } else { channels };
            let layer = Convolution { inputs, outputs, neighbours: true, dimensions, first };
            first += layer.numbers();
            layer
        };
        (0..layers).map(layer).collect()
    }

    /// Numbers of a buffer of its parameters, with what fills up groups of four.
    pub fn numbers(&self) -> usize {
        self.convolutions().iter().map(Convolution::numbers).sum()
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        self.convolutions().iter().map(Convolution::parameters).sum()
    }

    /// Parameters to begin with: weights uniform in ±√(6/inputs), counted with their taps (He et al., ICCV 2015, equation 10), but 0 in
    /// the last layer, as are all biases: so the cycle begins as that with Jacobi's scaling.
    pub fn initial(&self, seed: u64) -> Vec<f64> {
        let mut parameters = vec![0.0; self.numbers()];
        let hidden = self.convolutions().into_iter().take(self.layers.saturating_sub(1));
        for layer in hidden {
            let bound = (6.0 / (layer.taps() * layer.inputs) as f64).sqrt();
            for output in 0..layer.outputs {
                for input in 0..layer.inputs {
                    for tap in 0..layer.taps() {
                        let at = layer.weight(output, input, tap);
                        parameters[at] = bound * random(seed, at as u64);
                    }
                }
            }
        }
        parameters
    }

    /// Buffers for what lies between the layers.
    pub(super) fn hidden<T: Real>(&self, gpu: &Gpu, images: Images) -> Result<Vec<Buffer<T>>, GpuError> {
        let len = images.len(self.channels);
        (1..self.layers).map(|_| gpu.buffer("channels", len)).collect()
    }
}

/// The network on one level.
#[derive(Debug)]
pub(super) struct Pass<'a, T> {
    pub network: &'a StencilNetwork,
    pub images: Images,
    pub parameters: &'a Buffer<T>,
    /// What it sees.
    pub x: &'a Buffer<T>,
    /// What lies between the layers.
    pub hidden: &'a [Buffer<T>],
    /// What it gives.
    pub n: &'a Buffer<T>,
}

/// What the way back through the network needs on one level.
#[derive(Debug)]
pub(super) struct Bars<T> {
    /// The gradient by n.
    pub n_bar: Buffer<T>,
    /// The gradients by what lies between the layers, in turn.
    between: [Buffer<T>; 2],
    partials: Buffer<T>,
}

impl<T: Real> Bars<T> {
    pub fn new(gpu: &Gpu, network: &StencilNetwork, images: Images) -> Result<Self, GpuError> {
        let between = || gpu.buffer("gradient by channels", images.len(network.channels));
        let layers = network.convolutions();
        let partials = layers.iter().map(|layer| ConvolutionGradient::<T>::partials(gpu, layer, &images));
        Ok(Self {
            n_bar: gpu.buffer("gradient by n", images.len(network.outputs()))?,
            between: [between()?, between()?],
            partials: gpu.buffer("partial gradients", partials.max().unwrap_or(0))?,
        })
    }
}

impl<T: Real> Pass<'_, T> {
    /// Records n, and what lies between.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Self { network, images, parameters, x, hidden, n } = *self;
        let inputs = std::iter::once(x).chain(hidden);
        let outputs = hidden.iter().chain([n]);
        for (number, ((layer, x), y)) in
            network.convolutions().into_iter().zip(inputs).zip(outputs).enumerate()
        {
            let epilogue = if number < hidden.len() { Epilogue::Relu } else { Epilogue::Identity };
            Convolve { layer, adjoint: false, images, parameters, x, y, epilogue }.record(plan)?;
        }
        Ok(())
    }

    /// Records the gradient by the parameters from n̄, which is added to that of other levels where it is to `accumulate`.
    pub fn record_gradient(
        &self,
        plan: &mut Plan,
        bars: &Bars<T>,
        gradient: &Buffer<T>,
        accumulate: bool,
    ) -> Result<(), GpuError> {
        let Self { network, images, parameters, x, hidden, .. } = *self;
        let (mut z_bar, partials) = (&bars.n_bar, &bars.partials);
        for (number, layer) in network.convolutions().into_iter().enumerate().rev() {
            let below = number.checked_sub(1).map(|below| &hidden[below]);
            let x = below.unwrap_or(x);
            ConvolutionGradient { layer, images, x, z_bar, partials, gradient, accumulate }.record(plan)?;
            // h̄, and 0 where h is.
            if let Some(h) = below {
                let (y, epilogue) = (&bars.between[number % 2], Epilogue::Gate(h));
                Convolve { layer, adjoint: true, images, parameters, x: z_bar, y, epilogue }.record(plan)?;
                z_bar = y;
            }
        }
        Ok(())
    }
}
