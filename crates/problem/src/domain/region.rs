//! Where a condition holds.

use std::sync::Arc;

use crate::PointSet;

/// The part of a domain on which a condition holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Region {
    /// All of the inside, at all times.
    Interior,
    /// The named pieces of the boundary, at all times; `all` is every piece.
    Boundary(Vec<String>),
    /// The whole shape at the initial time.
    Initial,
    /// The side where this coordinate is lowest, each point with its twin on the opposite side.
    Periodic {
        /// Index of the coordinate.
        axis: usize,
    },
    /// Given points.
    Points(Arc<PointSet>),
}
