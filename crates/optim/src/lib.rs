//! Optimisers: how far to step, given residuals and their Jacobians.

mod trust_region;

pub use trust_region::{TrustRegion, Verdict};
