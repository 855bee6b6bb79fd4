//! The functions s of hidden units, with their Taylor coefficients.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use ansatz_gpu::Real;

/// Taylor coefficients to the fifth order: s has jets of the fourth, and so has s′.
pub(crate) const COEFFICIENTS: usize = 6;

/// s in h = s(Wx + b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// z.
    Identity,
    /// sin z.
    Sine,
    /// tanh z.
    Tanh,
    /// log(1 + eᶻ).
    Softplus,
    /// z Φ(z) with the distribution function Φ of a normal variable (Hendrycks & Gimpel, arXiv 1606.08415).
    Gelu,
}

impl Activation {
    /// All of them, in the order of their numbers in `shaders/common/activation.wgsl`.
    pub const ALL: [Self; 5] = [Self::Identity, Self::Sine, Self::Tanh, Self::Softplus, Self::Gelu];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Sine => "sine",
            Self::Tanh => "tanh",
            Self::Softplus => "softplus",
            Self::Gelu => "GELU",
        }
    }

    /// s^{(k)}(z) / k!, by the recurrences of `shaders/common/activation.wgsl`.
    pub(crate) fn series<T: Real>(self, z: T) -> [T; COEFFICIENTS] {
        let mut s = [T::zero(); COEFFICIENTS];
        match self {
            Self::Identity => (s[0], s[1]) = (z, T::one()),
            Self::Sine => {
                let (sine, cosine) = z.sin_cos();
                let signed = [sine, cosine, -sine, -cosine, sine, cosine];
                let factorials = [1.0, 1.0, 2.0, 6.0, 24.0, 120.0];
                (0..COEFFICIENTS).for_each(|k| s[k] = signed[k] * T::from_f64(1.0 / factorials[k]));
            }
            Self::Tanh => {
                s[0] = z.tanh();
                s[1] = T::one() - s[0] * s[0];
                (1..COEFFICIENTS - 1).for_each(|k| s[k + 1] = -square(&s, k) * inverse(k + 1));
            }
            Self::Softplus => {
                // σ: (k + 1) σ_{k+1} = σ_k − Σ σ_i σ_{k−i}
                let mut sigmoid = [T::zero(); COEFFICIENTS];
                let e = (-z.abs()).exp();
                sigmoid[0] = if z < T::zero() { e } else { T::one() } / (T::one() + e);
                for k in 0..COEFFICIENTS - 2 {
                    sigmoid[k + 1] = (sigmoid[k] - square(&sigmoid, k)) * inverse(k + 1);
                }
                s[0] = z.max(T::zero()) + (T::one() + e).ln();
                (1..COEFFICIENTS).for_each(|k| s[k] = sigmoid[k - 1] * inverse(k));
            }
            Self::Gelu => {
                // The density φ: (k + 1) φ_{k+1} = −(z φ_k + φ_{k−1}).
                let half = T::from_f64(0.5);
                let mut density = [T::zero(); COEFFICIENTS];
                density[0] = T::from_f64((2.0 * PI).sqrt().recip()) * (-half * z * z).exp();
                density[1] = -z * density[0];
                for k in 1..COEFFICIENTS - 2 {
                    density[k + 1] = -(z * density[k] + density[k - 1]) * inverse(k + 1);
                }
                let mut below = half + half * erf(z * T::from_f64(FRAC_1_SQRT_2));
                s[0] = z * below;
                for k in 1..COEFFICIENTS {
                    let phi = density[k - 1] * inverse(k);
                    s[k] = z * phi + below;
                    below = phi;
                }
            }
        }
        s
    }
}

/// Σ_i s_i s_{k−i}
fn square<T: Real>(s: &[T], k: usize) -> T {
    (0..=k).map(|i| s[i] * s[k - i]).sum()
}

fn inverse<T: Real>(k: usize) -> T {
    T::from_f64(1.0 / k as f64)
}

/// erf x = 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!! (Abramowitz & Stegun 7.1.6).
fn erf<T: Real>(x: T) -> T {
    if x.is_nan() {
        return x;
    }
    let a = x.abs();
    if a >= T::from_f64(if T::IS_F64 { 6.0 } else { 4.0 }) {
        return x.signum();
    }
    let (mut term, mut sum, mut n) = (a, a, 3.0);
    while term > T::epsilon() * sum {
        term *= T::from_f64(2.0 / n) * a * a;
        sum += term;
        n += 2.0;
    }
    T::from_f64(2.0 / PI.sqrt()) * (-a * a).exp() * sum * x.signum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each coefficient is the slope of the one before: (k + 1) s_{k+1} = d s_k / dz.
    #[test]
    fn coefficients_agree_with_differences() {
        const STEP: f64 = 1e-5;
        for activation in Activation::ALL {
            for z in [-7.0, -1.3, -0.2, 0.0, 0.7, 2.9, 11.0] {
                let (low, here, high) =
                    (activation.series(z - STEP), activation.series(z), activation.series(z + STEP));
                for k in 0..COEFFICIENTS - 1 {
                    let slope = (high[k] - low[k]) / (2.0 * STEP);
                    let exact = (k + 1) as f64 * here[k + 1];
                    // The square of the step times a third derivative, and rounding of values up to 11.
                    let error = (slope - exact).abs();
                    assert!(error < 2e-9, "{} at {z}, k = {k}: {exact}, not {slope}", activation.name());
                }
            }
        }
    }

    #[test]
    fn values_far_out_and_known_ones() {
        let value = |activation: Activation, z: f64| activation.series(z)[0];
        assert_eq!(value(Activation::Softplus, 800.0), 800.0);
        assert_eq!(value(Activation::Softplus, -800.0), 0.0);
        assert_eq!(value(Activation::Gelu, 40.0), 40.0);
        assert_eq!(value(Activation::Gelu, -40.0), 0.0);
        assert!((value(Activation::Softplus, 0.0) - 2f64.ln()).abs() < 1e-16);
        // Φ(1) = 0.841344746068542949
        assert!((value(Activation::Gelu, 1.0) - 0.841_344_746_068_542_9).abs() < 4e-16);
        for activation in Activation::ALL {
            assert!(value(activation, f64::NAN).is_nan(), "{}", activation.name());
        }
    }
}
