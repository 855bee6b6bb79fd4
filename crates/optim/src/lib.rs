//! Optimisers: how far to step, given gradients, or residuals and their Jacobians.

mod adam;
mod conjugate_gradients;
mod fisher;
mod lbfgs;
mod normal_equations;
mod trust_region;
mod vector;

pub use adam::{Adam, AdamOptions, AdamRate, AdamUpdate, Decay, Schedule};
pub use conjugate_gradients::{ConjugateGradients, Jacobian, Step, StepReason};
pub use fisher::{DeviceFisher, FisherError, SlidingFisher, StaticFisher};
pub use lbfgs::{Lbfgs, LbfgsProgress, LbfgsReason, LbfgsRun, Minimum};
pub use normal_equations::{Damp, DeviceJacobian, NormalEquations};
pub use trust_region::{TrustRegion, Verdict};
