//! What is to be solved, without how.

mod domain;
mod points;
mod sampler;

pub use domain::{BoundaryPiece, Domain, DomainError, MAX_POINTS, Region, Shape};
pub use points::PointSet;
pub use sampler::{Sampler, UnknownSampler};
