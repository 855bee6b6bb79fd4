//! Random features: ridge functions φ_j(x) = s(w_j·x + b_j) with weights that are drawn once and stay.
//!
//! ```
//! use ansatz_features::{Features, MultiIndex};
//! use ansatz_random_features::{Activation, RandomFeatures};
//!
//! # fn main() -> Result<(), ansatz_features::FeatureError> {
//! // sin(2x + y) and its Laplacian −5 sin(2x + y)
//! let features = RandomFeatures::new(Activation::Sine, 2, vec![2.0, 1.0], vec![0.0])?;
//! let terms = [MultiIndex::VALUE, MultiIndex([2, 0, 0, 0, 0, 0, 0, 0]), MultiIndex([0, 2, 0, 0, 0, 0, 0, 0])];
//! let mut jets = [0.0; 3];
//! features.jets(&[0.3, 0.1], &terms, &mut jets);
//! assert!((jets[1] + jets[2] + 5.0 * 0.7f64.sin()).abs() < 1e-14);
//! # Ok(()) }
//! ```

mod activation;
mod device;
mod draw;
mod features;
mod gaussian_process;
pub mod snnk;

pub use activation::Activation;
pub use draw::{Biases, Draw, Weights};
pub use features::RandomFeatures;
pub use gaussian_process::{GaussianProcess, Posterior};
