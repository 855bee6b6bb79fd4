//! Φ and Ψ.

use std::iter::zip;

use ansatz_features::FeatureError;
use ansatz_gpu::Real;
use ansatz_random::Philox;

use super::{Kernel, Snnk, SnnkError, Wave, projections};

/// The streams of g, of the choice among waves and of their frequencies.
const PROJECTIONS: u32 = 0x736e_6e6b;
const CHOICES: u32 = PROJECTIONS + 1;
const FREQUENCIES: u32 = PROJECTIONS + 2;

/// No feature is above e to this power over √m, so that every product Ψ·Φ is finite in `T`.
pub(super) fn limit<T: Real>() -> f64 {
    if T::IS_F64 { 350.0 } else { 44.0 }
}

/// The maps Φ and Ψ of one draw; [`Snnk::features`] makes them.
#[derive(Debug, Clone, PartialEq)]
pub struct SnnkFeatures {
    kernel: Kernel,
    dimensions: usize,
    damping: f64,
    antithetic: bool,
    /// g_l, one after another.
    projections: Vec<f64>,
    waves: Vec<Scaled>,
}

/// A wave with how its frequency ω = ρη is shared among point and weight.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scaled {
    wave: Wave,
    rho: f64,
    eta: f64,
}

/// √m Φ(x)_l = exp(constant + slope g_l·x − curvature |x|²).
pub(super) struct Exponent {
    pub constant: f64,
    pub slope: f64,
    pub curvature: f64,
}

/// An estimate of a kernel's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Ψ(w, b)·Φ(x).
    pub value: f64,
    /// Its standard error, from the spread of the m products (of the pairs' means, where pairs are antithetic; an upper
    /// bound in most cases where g are orthogonal). Infinite for fewer than two.
    pub standard_error: f64,
}

impl SnnkFeatures {
    pub(super) fn draw(options: &Snnk, dimensions: usize) -> Self {
        let stream = |number| Philox::new(options.seed, number);
        let (choices, frequencies) = (stream(CHOICES), stream(FREQUENCIES));
        let Snnk { count, antithetic, .. } = *options;
        let wave = |l: u64| match &options.kernel {
            // Both of a pair take the same wave.
            Kernel::Universal(spectrum) => {
                let l = if antithetic { l / 2 } else { l };
                spectrum.draw(choices.uniform(l), frequencies.normal(l))
            }
            Kernel::ArcCosine => Wave { amplitude: 1.0, frequency: 1.0, phase: 0.0 },
        };
        let scaled = |wave: Wave| {
            let rho = (wave.frequency.abs() * options.balance).sqrt();
            let eta = if rho > 0.0 { wave.frequency / rho } else { 0.0 };
            Scaled { wave, rho, eta }
        };
        Self {
            kernel: options.kernel.clone(),
            dimensions,
            damping: options.damping,
            antithetic,
            projections: projections::draw(
                stream(PROJECTIONS),
                count,
                dimensions,
                antithetic,
                options.orthogonal,
            ),
            waves: (0..count as u64).map(|l| scaled(wave(l))).collect(),
        }
    }

    /// d.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// m.
    pub fn len(&self) -> usize {
        self.waves.len()
    }

    /// Whether there is no feature.
    pub fn is_empty(&self) -> bool {
        self.waves.is_empty()
    }

    /// f.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Φ(x): m^{-1/2} |a|^{1/2} Λ_g(ρx), or m^{-1/2} max(Gx, 0).
    ///
    /// # Errors
    /// [`SnnkError::Overflow`] where a feature would be too large, [`SnnkError::Features`] where x has not d coordinates or
    /// one that is not finite.
    pub fn phi(&self, x: &[f64]) -> Result<Vec<f64>, SnnkError> {
        self.check("coordinates", x)?;
        let square = dot(x, x);
        self.each(|l, g| match self.exponent(l) {
            None => rectified(l, dot(g, x)),
            Some(Exponent { constant, slope, curvature }) => {
                bounded(l, constant + slope * dot(g, x) - curvature * square)
            }
        })
    }

    /// Ψ(w, b): m^{-1/2} |a|^{-1/2} Re[a e^{i(ωb + φ)} Λ_g(iηw)], or m^{-1/2} max(Gw, 0).
    ///
    /// # Errors
    /// As [`SnnkFeatures::phi`], and [`SnnkError::Bias`] for a bias of the arc-cosine kernel.
    pub fn psi(&self, w: &[f64], b: f64) -> Result<Vec<f64>, SnnkError> {
        self.check("weights", w)?;
        FeatureError::values("bias", &[b], "finite", |_| true)?;
        if self.kernel == Kernel::ArcCosine && b != 0.0 {
            return Err(SnnkError::Bias { bias: b });
        }
        let square = dot(w, w);
        self.each(|l, g| match self.exponent(l) {
            None => rectified(l, dot(g, w)),
            Some(Exponent { constant, .. }) => {
                let Scaled { wave, eta, .. } = self.waves[l];
                let angle = wave.frequency * b + wave.phase + self.stretch() * eta * dot(g, w);
                let size = bounded(l, constant + 0.5 * eta * eta * square)?;
                Ok(size.copysign(wave.amplitude) * angle.cos())
            }
        })
    }

    /// Ψ(w, b)·Φ(x) with its error.
    ///
    /// # Errors
    /// As [`SnnkFeatures::phi`] and [`SnnkFeatures::psi`].
    pub fn estimate(&self, x: &[f64], w: &[f64], b: f64) -> Result<Estimate, SnnkError> {
        let m = self.len() as f64;
        let products: Vec<f64> = zip(self.phi(x)?, self.psi(w, b)?).map(|(phi, psi)| m * phi * psi).collect();
        let means = products.chunks(if self.antithetic { 2 } else { 1 });
        let means: Vec<f64> = means.map(|pair| pair.iter().sum::<f64>() / pair.len() as f64).collect();
        let value = products.iter().sum::<f64>() / m.max(1.0);
        let n = means.len() as f64;
        let squares: f64 = means.iter().map(|mean| (mean - value).powi(2)).sum();
        let standard_error = if n < 2.0 { f64::INFINITY } else { (squares / (n * (n - 1.0))).sqrt() };
        Ok(Estimate { value, standard_error })
    }

    fn check(&self, what: &'static str, values: &[f64]) -> Result<(), FeatureError> {
        FeatureError::length(what, values.len(), self.dimensions)?;
        FeatureError::values(what, values, "finite", |_| true)
    }

    fn each(&self, feature: impl Fn(usize, &[f64]) -> Result<f64, SnnkError>) -> Result<Vec<f64>, SnnkError> {
        let scale = 1.0 / (self.len() as f64).sqrt();
        (0..self.len()).map(|l| Ok(scale * feature(l, self.projection(l))?)).collect()
    }

    /// g_l.
    pub(super) fn projection(&self, l: usize) -> &[f64] {
        &self.projections[l * self.dimensions..][..self.dimensions]
    }

    /// Whether the features are exponentials; else they are rectified.
    pub(super) fn is_exponential(&self) -> bool {
        self.kernel != Kernel::ArcCosine
    }

    /// What feature l is the exponential of; its constant, with |a|^{1/2} (1+4M)^{d/4} e^{−M|g|²}, belongs to Ψ as well.
    pub(super) fn exponent(&self, l: usize) -> Option<Exponent> {
        let (g, Scaled { wave, rho, .. }) = (self.projection(l), self.waves[l]);
        let envelope = 0.5 * self.dimensions as f64 * self.stretch().ln() - self.damping * dot(g, g);
        self.is_exponential().then(|| Exponent {
            constant: envelope + 0.5 * wave.amplitude.abs().ln(),
            slope: self.stretch() * rho,
            curvature: 0.5 * rho * rho,
        })
    }

    /// √(1+4M).
    fn stretch(&self) -> f64 {
        (1.0 + 4.0 * self.damping).sqrt()
    }
}

/// exp, where it is not too large.
fn bounded(feature: usize, exponent: f64) -> Result<f64, SnnkError> {
    let limit = limit::<f64>();
    if exponent <= limit { Ok(exponent.exp()) } else { Err(SnnkError::Overflow { feature, exponent, limit }) }
}

/// max(z, 0), where it is not too large.
fn rectified(feature: usize, z: f64) -> Result<f64, SnnkError> {
    if z <= 0.0 { Ok(0.0) } else { bounded(feature, z.ln()).map(|_| z) }
}

fn dot(u: &[f64], v: &[f64]) -> f64 {
    zip(u, v).map(|(u, v)| u * v).sum()
}
