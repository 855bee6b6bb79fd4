//! The methods that a PDE can be solved by.

mod gaussians;
mod random_features;

pub use gaussians::Gaussians;
pub use random_features::RandomFeatures;
