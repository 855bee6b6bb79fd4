//! What can be wrong with an operator.

use super::{Axis, Grid};

/// Misuse of an operator, or input that none can be built from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OperatorError {
    /// An array does not have the length that the operator asks for.
    #[error("{what} has {found} entries where {expected} are needed")]
    Length {
        /// The array.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A matrix entry lies outside the matrix.
    #[error(
        "entry ({row}, {column}) lies outside a matrix of {rows} x {columns}; indices are counted from 0"
    )]
    IndexOutside {
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
    },
    /// The row pointers of a compressed matrix do not ascend from 0 to the number of entries.
    #[error("row pointer {index} is {value}; row pointers ascend from 0 to the number of entries, {entries}")]
    RowPointer {
        /// Position in the array.
        index: usize,
        /// The value found there.
        value: usize,
        /// Number of entries of the matrix.
        entries: usize,
    },
    /// The columns of a row are not strictly ascending.
    #[error(
        "row {row} does not list its columns in strictly ascending order; build the matrix from triplets to sort them"
    )]
    Unsorted {
        /// The row.
        row: usize,
    },
    /// The matrix is not square.
    #[error("the matrix has {rows} rows and {columns} columns; this needs a square one: use the method cgls")]
    NotSquare {
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
    },
    /// More rows, entries or cells than 32-bit indices can number.
    #[error("{count} {what} are more than the {limit} that 32-bit indices can number; split the problem")]
    TooMany {
        /// Rows, entries or cells.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A value is infinite or not a number.
    #[error("entry ({row}, {column}) is {value}; every entry must be finite")]
    NonFinite {
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A finite value overflows the precision of the device.
    #[error("entry ({row}, {column}) is {value:e}, too large for f32; scale the matrix or ask for f64")]
    Overflow {
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The value.
        value: f64,
    },
    /// One row alone is larger than a buffer binding.
    #[error(
        "rows {first} to {last} take {bytes} bytes, more than the {limit} of one buffer binding of this device"
    )]
    RowTooLarge {
        /// First row of the smallest piece.
        first: usize,
        /// Last row of the smallest piece.
        last: usize,
        /// What the piece takes.
        bytes: usize,
        /// What a binding can hold.
        limit: usize,
    },
    /// A kernel would run longer per invocation than some drivers allow.
    #[error(
        "{trips} loop iterations per invocation exceed the {limit} that every driver runs; use more workgroups"
    )]
    TooManyTrips {
        /// Iterations per invocation.
        trips: usize,
        /// The most there may be.
        limit: usize,
    },
    /// A slice height, window or lane count that the layout does not allow.
    #[error("{what} is {value}; it must be {expected}")]
    Layout {
        /// The setting.
        what: &'static str,
        /// Its value.
        value: usize,
        /// What is allowed.
        expected: &'static str,
    },
    /// A grid without cells, or with more than can be numbered.
    #[error(
        "a grid of {nx} x {ny} x {nz} cells; each extent is at least 1 and there are at most {} cells",
        Grid::MAX_CELLS
    )]
    Grid {
        /// Cells along x.
        nx: usize,
        /// Cells along y.
        ny: usize,
        /// Cells along z.
        nz: usize,
    },
    /// A stencil weight that is negative or not finite.
    #[error("the stencil weight along {axis} is {value}; weights are finite and not negative")]
    Weight {
        /// The axis.
        axis: Axis,
        /// The weight.
        value: f64,
    },
    /// A coefficient of a variable stencil that is not allowed there.
    #[error("coefficient {what} of cell ({}, {}, {}) is {value}; it must be {expected}", cell[0], cell[1], cell[2])]
    Coefficient {
        /// Which coefficient.
        what: &'static str,
        /// Position of the cell.
        cell: [usize; 3],
        /// The value.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
}
