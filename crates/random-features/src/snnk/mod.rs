//! Scalable neural network kernels (Sehanobish et al., ICLR 2024, arXiv 2310.13225): f(w·x + b) ≈ Ψ(w, b)·Φ(x), where Φ knows
//! nothing of the weights and Ψ nothing of the point: on the host in f64, and Φ of whole batches on a device.
//!
//! For f(z) = ∫ F(ξ) e^{2πiξz} dξ, written as a mean of waves a cos(ωz + φ) over ω = 2πξ drawn from |F|, and normal g,
//! e^{iω w·x} = E Λ_g(ρx) Λ_g(iηw) with ρη = ω and Λ_g(z) = (1+4M)^{d/4} exp(−M|g|² + √(1+4M) g·z − z·z/2). ρ is real, so Φ
//! is, and the real part of Ψ is all that is needed.
//!
//! ```
//! use ansatz_random_features::snnk::{Kernel, Snnk, SnnkError};
//!
//! # fn main() -> Result<(), SnnkError> {
//! let features = Snnk { count: 4096, ..Snnk::new(Kernel::cosine()) }.features(2)?;
//! let found = features.estimate(&[0.3, -0.2], &[0.4, 0.1], 0.5)?;
//! assert!((found.value - (0.12f64 - 0.02 + 0.5).cos()).abs() < 5.0 * found.standard_error);
//! # Ok(()) }
//! ```

mod accuracy;
mod bundle;
mod device_bundle;
mod error;
mod features;
mod kernel;
mod phi;
mod projections;
mod ridge;

pub use accuracy::kernel_rmse;
pub use bundle::{Bundle, Layer};
pub use device_bundle::DeviceBundle;
pub use error::SnnkError;
pub use features::{Estimate, SnnkFeatures};
pub use kernel::{Kernel, Spectrum, Wave};
pub use phi::DeviceSnnk;
pub use ridge::Ridge;

use ansatz_features::FeatureError;

/// How the features of a kernel are drawn. Every number follows from the seed and its place alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Snnk {
    /// f.
    pub kernel: Kernel,
    /// m, the length of Φ and Ψ.
    pub count: usize,
    /// Chooses among the possible draws.
    pub seed: u64,
    /// M of Λ_g, above −1/4; 0 is the plain exponential. Not used by [`Kernel::ArcCosine`].
    pub damping: f64,
    /// Draws every second g as the negative of the one before it.
    pub antithetic: bool,
    /// Makes g orthogonal to each other in blocks of d, at lengths as independent ones have.
    pub orthogonal: bool,
    /// rms |w| over rms |x| of the weights and points to come: ρ and η are chosen so that then |ρx| is |ηw|, which keeps the
    /// variance, of the size of e^{|ρx|² + |ηw|²}, smallest.
    pub balance: f64,
}

impl Snnk {
    /// 1024 independent features with M = 0, seed 0, for weights as long as points.
    pub fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            count: 1024,
            seed: 0,
            damping: 0.0,
            antithetic: false,
            orthogonal: false,
            balance: 1.0,
        }
    }

    /// Draws them for points of so many coordinates.
    ///
    /// # Errors
    /// [`SnnkError::Features`] where a parameter is out of its range.
    pub fn features(&self, dimensions: usize) -> Result<SnnkFeatures, SnnkError> {
        FeatureError::values("M", &[self.damping], "above −1/4", |m| m > -0.25)?;
        FeatureError::values("balance", &[self.balance], "positive", |balance| balance > 0.0)?;
        self.kernel.check()?;
        Ok(SnnkFeatures::draw(self, dimensions))
    }
}
