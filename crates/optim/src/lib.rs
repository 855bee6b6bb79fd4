//! Optimisers: how far to step, given gradients, or residuals and their Jacobians.

mod adam;
mod lbfgs;
mod trust_region;
mod vector;

pub use adam::{Adam, AdamOptions, AdamRate, AdamUpdate, Decay, Schedule};
pub use lbfgs::{Lbfgs, LbfgsProgress, LbfgsReason, Minimum};
pub use trust_region::{TrustRegion, Verdict};
