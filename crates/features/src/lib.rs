//! What every family of features shares.
//!
//! A family gives functions φ_1 … φ_N of a point x with all their derivatives in closed form. A linear operator with
//! coefficients a_t, L u = Σ_t a_t(x) ∂^{α_t} u, turns them into rows of a collocation matrix, `A[p][j] = (L φ_j)(x_p)`;
//! [`Rows`] records that for a device, [`Values`] the derivatives of u = Σ_j c_j φ_j, and [`Transposed`] the sums of the columns.

pub mod launch;

mod check;
mod error;
mod evaluate;
mod gather;
mod load;
mod multi_index;
mod partial_sums;
mod resident;
mod residual;
mod trainable;
mod traits;
mod transposed;
mod twin;

pub use error::FeatureError;
pub use evaluate::Evaluate;
pub use load::load;
pub use multi_index::{MAX_DIMENSIONS, MultiIndex};
pub use resident::Resident;
pub use residual::Residual;
pub use trainable::Trainable;
pub use traits::{DeviceFeatures, Features, Rows, Transposed, Values};
