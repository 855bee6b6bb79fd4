//! What options may be.

use ansatz::layers;
use ansatz::random_features::Activation;
use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// Sines with random frequencies.
    RandomFeatures,
    /// Gaussians with fixed centres and widths.
    Gaussians,
    /// A dense network, all of it trained; --widths says how wide, --activation of which units.
    Mlp,
    /// A small network over sums of Gaussians, all of it trained; FEATURES of them in each of four sums.
    Pig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CovarianceArg {
    /// A width along each coordinate.
    Diagonal,
    /// Any ellipsoid, so that Gaussians turn along fronts; none is periodic.
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ActivationArg {
    /// sin z, for waves and anything smooth.
    Sine,
    /// tanh z.
    Tanh,
    /// 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// eᶻ, for solutions without waves in many dimensions.
    Exponential,
    /// z Φ(z).
    Gelu,
    /// log(1 + eᶻ).
    Softplus,
}

impl ActivationArg {
    /// That of random features, where they have it.
    pub fn of_features(self) -> Option<Activation> {
        match self {
            Self::Sine => Some(Activation::Sine),
            Self::Tanh => Some(Activation::Tanh),
            Self::Sigmoid => Some(Activation::Sigmoid),
            Self::Exponential => Some(Activation::Exponential),
            Self::Gelu | Self::Softplus => None,
        }
    }

    /// That of dense networks, where they have it.
    pub fn of_layers(self) -> Option<layers::Activation> {
        match self {
            Self::Sine => Some(layers::Activation::Sine),
            Self::Tanh => Some(layers::Activation::Tanh),
            Self::Gelu => Some(layers::Activation::Gelu),
            Self::Softplus => Some(layers::Activation::Softplus),
            Self::Sigmoid | Self::Exponential => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResampleArg {
    /// As the first points.
    Uniform,
    /// Of each condition more where its residual is large.
    Residual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// f32, all on the device.
    F32,
    /// f64; on the CPU executor where the device has none.
    F64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LossArg {
    Residual,
    Energy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlaceArg {
    /// On the device, its small triangle in f64 on the host; on a software adapter, all on the host.
    Auto,
    /// All on the device.
    Device,
    /// All on the host.
    Host,
}
