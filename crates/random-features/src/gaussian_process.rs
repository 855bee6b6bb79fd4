//! Gaussian-process regression with random features (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
//! sections 2.1 and 2.3; Rahimi and Recht, NIPS 2007).

use std::f64::consts::TAU;

use ansatz_features::{FeatureError, Features, MultiIndex};
use ansatz_linalg::Factor;

use crate::RandomFeatures;

/// The prior u(x) = a √(2/N) Σ_j c_j φ_j(x) with independent standard normal c, and y = u + σε. With random Fourier features
/// ([`Draw::fourier`](crate::Draw::fourier)), u has about the covariance a² exp(−½ Σ_i (s_i Δ_i)²) for bandwidths s.
///
/// ```
/// use ansatz_random_features::{Draw, GaussianProcess};
///
/// # fn main() -> Result<(), ansatz_features::FeatureError> {
/// let features = Draw::fourier(200, 1, vec![1.0]).features()?;
/// let prior = GaussianProcess { features, amplitude: 1.0, noise: 0.01 };
/// let posterior = prior.fit(&[-1.0, 0.0, 1.0], &[0.5, 1.0, 0.5])?;
/// let (mean, variance) = posterior.predict(&[0.0]);
/// assert!((mean - 1.0).abs() < 0.01 && variance < 2e-4);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianProcess {
    /// φ.
    pub features: RandomFeatures,
    /// a, the standard deviation of u.
    pub amplitude: f64,
    /// σ, the standard deviation of the noise in y.
    pub noise: f64,
}

/// The process given its data.
#[derive(Debug, Clone)]
pub struct Posterior {
    process: GaussianProcess,
    factor: Factor,
    coefficients: Vec<f64>,
    log_evidence: f64,
}

impl GaussianProcess {
    /// Conditions on `values` at `points` (point-major: d numbers each), by the reflections that turn [Φ y; σI 0] into
    /// [R c; 0 r].
    ///
    /// # Errors
    /// [`FeatureError`] where lengths do not fit, a number is not finite, or a or σ is not positive.
    pub fn fit(&self, points: &[f64], values: &[f64]) -> Result<Posterior, FeatureError> {
        let (d, n, rows) = (self.features.dimensions(), self.features.len(), values.len());
        FeatureError::length("coordinates", points.len(), rows * d)?;
        FeatureError::values("coordinate", points, "finite", |_| true)?;
        FeatureError::values("value", values, "finite", |_| true)?;
        FeatureError::values("amplitude", &[self.amplitude], "positive", |a| a > 0.0)?;
        FeatureError::values("noise", &[self.noise], "positive", |noise| noise > 0.0)?;
        let height = rows + n;
        let mut entries = vec![0.0; height * (n + 1)];
        for (i, x) in points.chunks(d).enumerate() {
            self.scaled(x).iter().enumerate().for_each(|(j, &phi)| entries[j * height + i] = phi);
        }
        (0..n).for_each(|j| entries[j * height + rows + j] = self.noise);
        entries[n * height..][..rows].copy_from_slice(values);
        let factor = Factor::new(height, n + 1, &entries);

        // |y|² of (ΦΦᵀ + σ²I)⁻¹ is r²/σ², and its determinant is σ^{2(rows − n)} (Π R_jj)².
        let residual = if rows > 0 { factor.diagonal(n) } else { 0.0 };
        let logarithms: f64 = (0..n).map(|j| factor.diagonal(j).abs().ln()).sum();
        let spread = (rows as f64 - n as f64) * self.noise.ln() + logarithms;
        let log_evidence = -0.5 * (rows as f64 * TAU.ln() + (residual / self.noise).powi(2)) - spread;
        let coefficients = factor.solve(factor.above_diagonal(n));
        Ok(Posterior { process: self.clone(), factor, coefficients, log_evidence })
    }

    /// a √(2/N) φ(x).
    fn scaled(&self, x: &[f64]) -> Vec<f64> {
        let n = self.features.len();
        let scale = self.amplitude * (2.0 / n as f64).sqrt();
        let mut phi = vec![0.0; n];
        self.features.jets(x, &[MultiIndex::VALUE], &mut phi);
        phi.iter_mut().for_each(|phi| *phi *= scale);
        phi
    }
}

impl Posterior {
    /// Mean and variance of u(x), without the noise.
    pub fn predict(&self, x: &[f64]) -> (f64, f64) {
        let phi = self.process.scaled(x);
        let mean = phi.iter().zip(&self.coefficients).map(|(phi, c)| phi * c).sum();
        // σ² φᵀ(ΦᵀΦ + σ²I)⁻¹φ = |σ R⁻ᵀφ|², which cannot be negative.
        let z = self.factor.solve_transposed(&phi);
        (mean, z.iter().map(|z| (self.process.noise * z).powi(2)).sum())
    }

    /// ln p(y), for the choice of bandwidth, a and σ: the larger the better.
    pub fn log_evidence(&self) -> f64 {
        self.log_evidence
    }

    /// The mean of the scaled features' coefficients c.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }
}
