//! Compressed rows for the device: each row padded to a multiple of four entries, so that all loads are vec4s.

use ansatz_gpu::Real;

use super::sell::round;
use super::{Csr, OperatorError, Ordering};

/// A sparse matrix in the layout of the CSR kernel. Vectors are in the natural order, padded at their end.
#[derive(Debug, Clone, PartialEq)]
pub struct PaddedCsr<T> {
    /// Where each row of a device vector begins, in vec4s, and where the last one ends.
    pub row_ptr: Vec<u32>,
    /// The column of each entry; a padding entry names its own row.
    pub columns: Vec<u32>,
    /// The value of each entry; zero for padding.
    pub values: Vec<T>,
    /// The layout of vectors.
    pub ordering: Ordering,
}

impl<T: Real> PaddedCsr<T> {
    /// Lays out a square matrix.
    ///
    /// # Errors
    /// Where it is not square, an entry is not finite in the precision of the device, or there are too many.
    pub fn new(matrix: &Csr) -> Result<Self, OperatorError> {
        matrix.check_square()?;
        let ordering = Ordering::identity(matrix.rows());
        let quads = |row: usize| (matrix.row_ptr()[row + 1] - matrix.row_ptr()[row]).div_ceil(4);
        let total: usize = (0..matrix.rows()).map(quads).sum();
        let limit = u32::MAX as usize;
        if total > limit {
            return Err(OperatorError::TooMany {
                what: "padded entries",
                count: 4 * total,
                limit: 4 * limit,
            });
        }

        let mut row_ptr = vec![0; ordering.device_len() + 1];
        let mut columns = Vec::with_capacity(4 * total);
        let mut values = Vec::with_capacity(4 * total);
        for row in 0..ordering.device_len() {
            if row < matrix.rows() {
                let (indices, entries) = matrix.row(row);
                for (&column, &value) in indices.iter().zip(entries) {
                    columns.push(column);
                    values.push(round(row, column as usize, value)?);
                }
                columns.resize(columns.len().next_multiple_of(4), row as u32);
                values.resize(columns.len(), T::zero());
            }
            row_ptr[row + 1] = (values.len() / 4) as u32;
        }
        Ok(Self { row_ptr, columns, values, ordering })
    }
}
