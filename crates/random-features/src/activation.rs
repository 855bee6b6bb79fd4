//! The functions s of ridge features, with their derivatives.

use ansatz_gpu::Real;

/// s in φ(x) = s(w·x + b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// sin z.
    Sine,
    /// tanh z.
    Tanh,
    /// 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// max(z, 0), with the derivative 0 at 0.
    Relu,
    /// eᶻ: the positive features of the kernel e^{x·y} (Choromanski et al., ICLR 2021), for solutions without waves.
    Exponential,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sine, Self::Tanh, Self::Sigmoid, Self::Relu, Self::Exponential];

    /// The highest order of derivative that rows can have.
    pub fn max_order(self) -> usize {
        if self == Self::Relu { 1 } else { 4 }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sine => "sine",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Relu => "ReLU",
            Self::Exponential => "exponential",
        }
    }

    /// s, s′, … s⁗ at z: the first `orders + 1` of them.
    pub(crate) fn derivatives<T: Real>(self, z: T, orders: usize) -> [T; 5] {
        let [zero, one, two] = [0.0, 1.0, 2.0].map(T::from_f64);
        match self {
            Self::Sine => {
                let sine = z.sin();
                let cosine = if orders > 0 { z.cos() } else { zero };
                [sine, cosine, -sine, -cosine, sine]
            }
            // tanh z = 2σ(2z) − 1
            Self::Tanh => {
                let [_, d1, d2, d3, d4] = logistic(z + z);
                let power = |n: i32| two.powi(n);
                [z.tanh(), power(2) * d1, power(3) * d2, power(4) * d3, power(5) * d4]
            }
            Self::Sigmoid => logistic(z),
            Self::Relu if z.is_nan() => [z; 5],
            Self::Relu => {
                let on = z > zero;
                [if on { z } else { zero }, if on { one } else { zero }, zero, zero, zero]
            }
            Self::Exponential => [z.exp(); 5],
        }
    }
}

/// σ, σ′ = σ(1 − σ), and with h = tanh(z/2) = 2σ − 1: σ″ = −hσ′, σ‴ = σ′(1 − 6σ′), σ⁗ = −hσ′(1 − 12σ′).
///
/// From e = exp(−|z|), so that nothing overflows and σ′ keeps its digits far out.
fn logistic<T: Real>(z: T) -> [T; 5] {
    let [one, six, twelve] = [1.0, 6.0, 12.0].map(T::from_f64);
    let e = (-z.abs()).exp();
    let q = one / (one + e);
    let slope = e * q * q;
    let h = (one - e) * q * z.signum();
    let value = if z < T::zero() { e * q } else { q };
    [value, slope, -h * slope, slope * (one - six * slope), -h * slope * (one - twelve * slope)]
}
