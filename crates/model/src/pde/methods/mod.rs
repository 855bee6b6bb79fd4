//! The methods that a PDE can be solved by.

mod gaussians;
mod mlp;
mod pig;
mod random_features;

pub use gaussians::Gaussians;
pub use mlp::Mlp;
pub use pig::{Covariance, Pig};
pub use random_features::RandomFeatures;
