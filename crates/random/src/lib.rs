//! Counter-based random numbers: element `i` of a stream is a pure function of seed, stream and `i`, so any of them can be
//! recomputed anywhere, in any order, on the host or on a device.
//!
//! A **stream** is one sequence of 2⁶⁴ blocks of 128 bits. Each purpose takes its own stream of the run's seed: numbers
//! of one stream that are drawn in two ways (`bits(i)` and `uniform(i)`, say) come from the same bits.
//!
//! ```
//! use ansatz_random::Philox;
//!
//! let weights = Philox::new(42, 0);
//! let biases = weights.stream(1);
//! let first: Vec<f64> = (0..100).map(|i| weights.normal(i)).collect();
//! assert_eq!(first[37], weights.normal(37));
//! assert_ne!(first[0], biases.normal(0));
//! ```

mod draws;
mod philox;
mod sampler;

pub use draws::{normal_quantile, unit_f32};
pub use philox::{Philox, philox4x32};
pub use sampler::{Sampler, UnknownSampler};
