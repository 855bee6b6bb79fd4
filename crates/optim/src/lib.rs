//! Optimisers: how far to step, given gradients, or residuals and their Jacobians.

mod adam;
mod trust_region;

pub use adam::{Adam, AdamOptions, AdamRate, AdamUpdate, Decay, Schedule};
pub use trust_region::{TrustRegion, Verdict};
