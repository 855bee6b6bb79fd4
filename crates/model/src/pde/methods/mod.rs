//! The methods that a PDE can be solved by.

mod random_features;

pub use random_features::RandomFeatures;
