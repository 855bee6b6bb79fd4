//! Files in and out.
//!
//! Readers treat every byte as hostile: they never panic, never allocate more than a small multiple of what the
//! file really holds, and say which line is wrong, what was expected and what to do. Writers go through
//! [`atomic::write_whole`], so a reader never meets a half-written file.

pub mod atomic;
pub mod csv;
mod error;
pub mod markdown;
pub mod matrix_market;
mod nd_array;
pub mod npy;
pub mod npz;
pub(crate) mod regular;
pub(crate) mod tensors;
pub mod vtk;

pub use error::{ErrorKind, ReadError, WriteError};
pub use nd_array::NdArray;

use std::path::Path;

/// A dense matrix, or a vector as a matrix of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// The values, column after column.
    pub values: Vec<f64>,
}

/// Reads a vector or a dense matrix: `.npy`, or a Matrix Market array for any other extension.
pub fn read_dense(path: &Path) -> Result<Dense, ReadError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy")) {
        return npy::read(path);
    }
    match matrix_market::read(path)? {
        matrix_market::MatrixMarket::Array { rows, columns, values } => Ok(Dense { rows, columns, values }),
        matrix_market::MatrixMarket::Coordinate(_) => Err(ReadError::BadData {
            file: path.display().to_string(),
            line: Some(1),
            problem: "the file holds a sparse matrix (coordinate format)".into(),
            expected: "a dense vector or matrix".into(),
            remedy: "write it in the array format or as .npy".into(),
        }),
    }
}
