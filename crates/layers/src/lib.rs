//! Dense networks as trainable features.
//!
//! A network whose output is linear is u(x) = Σ_j c_j φ_j(x; θ): the units of its last hidden layer and 1 are features with
//! derivatives to the fourth order, and the derivatives of u by c and θ, its tangent functions, are features too. So rows of
//! tangent functions are the Jacobian of a residual.
//!
//! ```
//! use ansatz_features::{Features, MultiIndex, Trainable};
//! use ansatz_layers::Design;
//!
//! # fn main() -> Result<(), ansatz_features::FeatureError> {
//! // Two hidden layers of eight tanh units on the square [0, 3] × [−1, 1]; u repeats along the second coordinate.
//! let mut design = Design::new(vec![(0.0, 3.0), (-1.0, 1.0)], vec![8, 8], 1);
//! design.periods = vec![None, Some(2.0)];
//! let network = design.network()?;
//! let c = vec![0.5; network.len()];
//! // ∂u/∂(c, θ) at a point, and u after a step along it.
//! let (x, mut slopes) = ([1.0, 0.3], vec![0.0; network.parameters()]);
//! network.tangent(&c).jets(&x, &[MultiIndex::VALUE], &mut slopes);
//! let step: Vec<f64> = slopes.iter().map(|slope| 1e-3 * slope).collect();
//! let (moved, _) = network.moved(&c, &step)?;
//! assert_eq!((network.len(), moved.len(), network.parameters()), (9, 9, 9 + 4 * 8 + 9 * 8));
//! # Ok(()) }
//! ```

pub mod convolution;

mod activation;
mod design;
mod device;
mod embedding;
mod emit;
mod jet;
mod network;
mod pack;
mod places;
mod point;
mod resident;
mod shape;
mod sums;
mod tangent;
mod twin;

pub use activation::Activation;
pub use design::{Design, Fourier};
pub use network::DenseNetwork;
