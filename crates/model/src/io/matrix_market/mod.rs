//! Matrix Market files (<https://math.nist.gov/MatrixMarket/formats.html>).
//!
//! Both formats (coordinate and array), the fields `real`, `double`, `integer` and `pattern`, and the symmetries
//! `general`, `symmetric` and `skew-symmetric`. What a file of half a matrix leaves out is filled in.

mod lines;
mod read;
mod token;
mod write;

pub use super::{ErrorKind, ReadError, WriteError};
pub use read::{parse, read};
pub use write::{write_array, write_coordinates};

/// Which half of a matrix a file holds, and how the other half follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetry {
    /// Every entry is written.
    General,
    /// a(j, i) = a(i, j): only the lower triangle and the diagonal are written.
    Symmetric,
    /// a(j, i) = −a(i, j): only the strict lower triangle is written.
    SkewSymmetric,
}

/// A sparse matrix as a list of its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinates {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Row, column (both from 0) and value, in the order of the file. Both triangles are here, whatever the symmetry
    /// of the file: a mirrored entry follows its original. Entries that occur twice are kept; they are meant to be
    /// added.
    pub entries: Vec<(u32, u32, f64)>,
    /// The symmetry that the file states.
    pub symmetry: Symmetry,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum MatrixMarket {
    /// A sparse matrix.
    Coordinate(Coordinates),
    /// A dense matrix, or a vector as a matrix of one column.
    Array {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        columns: usize,
        /// The values of both triangles, column after column.
        values: Vec<f64>,
    },
}
