//! What is to be solved, without how: domains and their boundaries, the points that samplers draw from them, and the
//! residuals that must vanish on them.

mod build;
mod builder;
mod condition;
mod domain;
mod error;
pub mod examples;
pub mod file;
mod method;
mod points;
mod problem;
mod published;
mod unknown;

pub use ansatz_random::{Sampler, UnknownSampler};
pub use builder::ProblemBuilder;
pub use condition::Condition;
pub use domain::{BoundaryPiece, Corner, Domain, DomainError, Hole, MAX_POINTS, Region, Shape};
pub use error::{Place, ProblemError};
pub use file::{Array, ReadArray};
pub use method::{Method, Reference};
pub use points::{Cloud, PointSet};
pub use problem::{Defect, Problem};
pub use published::Published;
pub use unknown::Unknown;
