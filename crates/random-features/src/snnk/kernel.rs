//! The functions that scalable kernels stand for.

use std::f64::consts::{FRAC_PI_2, PI};

use ansatz_features::FeatureError;

use super::SnnkError;

/// What Ψ(w, b)·Φ(x) estimates.
#[derive(Debug, Clone, PartialEq)]
pub enum Kernel {
    /// f(w·x + b), by universal random features.
    Universal(Spectrum),
    /// |x||w| (sin θ + (π − θ) cos θ)/(2π) with the angle θ between x and w, by the features max(Gx, 0) and max(Gw, 0)
    /// (Cho and Saul, NIPS 2009). It has no bias.
    ArcCosine,
}

/// F, as waves of f.
#[derive(Debug, Clone, PartialEq)]
pub enum Spectrum {
    /// The sum of some waves: F has only lines.
    Waves(Vec<Wave>),
    /// e^{−z²/2}: ω is normal.
    Gaussian,
}

/// a cos(ωz + φ).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave {
    /// a.
    pub amplitude: f64,
    /// ω = 2πξ.
    pub frequency: f64,
    /// φ.
    pub phase: f64,
}

impl Kernel {
    /// cos(w·x + b).
    pub fn cosine() -> Self {
        Self::Universal(Spectrum::Waves(vec![Wave { amplitude: 1.0, frequency: 1.0, phase: 0.0 }]))
    }

    /// sin(w·x + b).
    pub fn sine() -> Self {
        Self::Universal(Spectrum::Waves(vec![Wave { amplitude: 1.0, frequency: 1.0, phase: -FRAC_PI_2 }]))
    }

    /// The value itself, for a weight as long as the point. The arc-cosine kernel leaves b out.
    pub fn exact(&self, x: &[f64], w: &[f64], b: f64) -> f64 {
        let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
        match self {
            Self::Universal(spectrum) => spectrum.value(dot(x, w) + b),
            Self::ArcCosine => {
                let lengths = (dot(x, x) * dot(w, w)).sqrt();
                if lengths == 0.0 {
                    return 0.0;
                }
                let cosine = (dot(x, w) / lengths).clamp(-1.0, 1.0);
                let angle = cosine.acos();
                lengths * (angle.sin() + (PI - angle) * cosine) / (2.0 * PI)
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), SnnkError> {
        if let Self::Universal(Spectrum::Waves(waves)) = self {
            if waves.is_empty() {
                FeatureError::length("waves", 0, 1)?;
            }
            for wave in waves {
                let numbers = [wave.amplitude, wave.frequency, wave.phase];
                FeatureError::values("parameter of a wave", &numbers, "finite", |_| true)?;
            }
        }
        Ok(())
    }
}

impl Spectrum {
    /// f(z).
    pub fn value(&self, z: f64) -> f64 {
        match self {
            Self::Waves(waves) => waves.iter().map(|wave| wave.value(z)).sum(),
            Self::Gaussian => (-0.5 * z * z).exp(),
        }
    }

    /// Waves whose mean over the draws is f: one from the distribution |F|, at an amplitude of ± ∫|F|. Takes a number
    /// uniform in [0, 1) and a normal one.
    pub(super) fn draw(&self, uniform: f64, normal: f64) -> Wave {
        match self {
            Self::Gaussian => Wave { amplitude: 1.0, frequency: normal, phase: 0.0 },
            Self::Waves(waves) => {
                let mass: f64 = waves.iter().map(|wave| wave.amplitude.abs()).sum();
                let mut left = uniform * mass;
                let chosen = waves.iter().find(|wave| {
                    left -= wave.amplitude.abs();
                    left < 0.0
                });
                let wave = chosen.or(waves.last()).copied();
                let wave = wave.unwrap_or(Wave { amplitude: 0.0, frequency: 0.0, phase: 0.0 });
                Wave { amplitude: mass.copysign(wave.amplitude), ..wave }
            }
        }
    }
}

impl Wave {
    fn value(&self, z: f64) -> f64 {
        self.amplitude * (self.frequency * z + self.phase).cos()
    }
}
