//! Gaussian features: products along the coordinates, of which any may be periodic, and full covariances; and networks over
//! sums of Gaussians whose centres and covariances are trained.
//!
//! ```
//! use ansatz_features::{Features, MultiIndex};
//! use ansatz_gaussian::ProductGaussians;
//!
//! # fn main() -> Result<(), ansatz_features::FeatureError> {
//! // One Gaussian at (0.5, 0) with the widths 0.5 and 2; the first coordinate repeats after 3.
//! let features = ProductGaussians::new(2, vec![0.5, 0.0], vec![0.5, 2.0], vec![Some(3.0), None])?;
//! let (mut here, mut there) = ([0.0], [0.0]);
//! features.jets(&[0.7, 1.0], &[MultiIndex::VALUE], &mut here);
//! features.jets(&[3.7, 1.0], &[MultiIndex::VALUE], &mut there);
//! assert!((here[0] - there[0]).abs() < 1e-15);
//! # Ok(()) }
//! ```

mod device;
mod emit;
mod form;
mod full;
mod pig;
mod product;
mod transposed;

pub use full::FullGaussians;
pub use pig::{GaussianSum, MAX_EMBEDDINGS, MAX_UNITS, PigNetwork, TrainedGaussians};
pub use product::ProductGaussians;
