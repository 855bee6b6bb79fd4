//! A dense matrix on a device.

use std::ops::Range;

use ansatz_gpu::{Buffer, Gpu, GpuError, Real};

/// A dense matrix, column after column, each column `stride` scalars long: its rows rounded up to a multiple of four. The
/// padding is zero, and every kernel leaves it so.
///
/// Columns lie in slabs of equally many columns (the last may hold fewer), so that each fits one binding.
#[derive(Debug, Clone)]
pub struct Matrix<T> {
    rows: usize,
    columns: usize,
    stride: usize,
    slab_columns: usize,
    slabs: Vec<Buffer<T>>,
}

/// Slabs begin at a multiple of this many columns, so that panels of a factorisation do not cross them.
pub const SLAB_GRAIN: usize = 64;

impl<T: Real> Matrix<T> {
    /// A matrix of zeros.
    ///
    /// # Errors
    /// [`GpuError::Limit`] where one group of columns does not fit a binding, [`GpuError::OutOfMemory`].
    pub fn zeros(gpu: &Gpu, label: &str, rows: usize, columns: usize) -> Result<Self, GpuError> {
        Self::in_slabs(gpu, label, rows, columns, usize::MAX)
    }

    /// As [`Matrix::zeros`], in slabs of at most `most_columns` columns.
    ///
    /// # Errors
    /// As [`Matrix::zeros`].
    pub fn in_slabs(
        gpu: &Gpu,
        label: &str,
        rows: usize,
        columns: usize,
        most_columns: usize,
    ) -> Result<Self, GpuError> {
        let stride = rows.next_multiple_of(4).max(4);
        let bytes = gpu.capabilities().binding_bytes.min(gpu.capabilities().buffer_bytes);
        let fit = usize::try_from(bytes / (stride * size_of::<T>()) as u64).unwrap_or(usize::MAX);
        let slab_columns = if fit.min(most_columns) >= columns {
            columns.max(1)
        } else {
            (fit.min(most_columns) / SLAB_GRAIN).max(1) * SLAB_GRAIN
        };
        let slabs = (0..columns.div_ceil(slab_columns))
            .map(|slab| gpu.buffer(label, stride * slab_columns.min(columns - slab * slab_columns)))
            .collect::<Result<_, _>>()?;
        Ok(Self { rows, columns, stride, slab_columns, slabs })
    }

    /// The columns that a buffer holds already, each padded to a multiple of four scalars, in one slab.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where there are not as many.
    pub fn of_buffer(buffer: Buffer<T>, rows: usize, columns: usize) -> Result<Self, GpuError> {
        let stride = rows.next_multiple_of(4).max(4);
        if buffer.len() != stride * columns {
            let message = format!("{} numbers are not {columns} columns of {stride}", buffer.len());
            return Err(GpuError::Misuse { what: "matrix".to_owned(), message });
        }
        Ok(Self { rows, columns, stride, slab_columns: columns.max(1), slabs: vec![buffer] })
    }

    /// A matrix with these entries, column after column without padding.
    ///
    /// # Errors
    /// As [`Matrix::zeros`]; [`GpuError::Misuse`] where there are not rows × columns of them.
    pub fn upload(
        gpu: &Gpu,
        label: &str,
        rows: usize,
        columns: usize,
        entries: &[T],
    ) -> Result<Self, GpuError> {
        check(label, [rows, columns], entries)?;
        let matrix = Self::zeros(gpu, label, rows, columns)?;
        matrix.write(gpu, entries)?;
        Ok(matrix)
    }

    /// Overwrites the entries by these, column after column without padding.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where there are not rows × columns of them, and what the device says.
    pub fn write(&self, gpu: &Gpu, entries: &[T]) -> Result<(), GpuError> {
        let rows = self.rows;
        check("matrix", [rows, self.columns], entries)?;
        if rows > 0 {
            for (slab, columns) in self.slabs() {
                let mut padded = vec![T::zero(); slab.len()];
                let from = &entries[columns.start * rows..columns.end * rows];
                for (to, from) in padded.chunks_mut(self.stride).zip(from.chunks(rows)) {
                    to[..rows].copy_from_slice(from);
                }
                gpu.write(slab, 0, &padded)?;
            }
        }
        Ok(())
    }

    /// The entries, column after column without padding.
    ///
    /// # Errors
    /// What the device says.
    pub fn read(&self, gpu: &Gpu) -> Result<Vec<T>, GpuError> {
        let mut entries = Vec::with_capacity(self.rows * self.columns);
        for slab in &self.slabs {
            let padded = gpu.read(slab)?;
            padded.chunks(self.stride).for_each(|column| entries.extend_from_slice(&column[..self.rows]));
        }
        Ok(entries)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Scalars from one column to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Columns per slab; the last slab may hold fewer.
    pub fn slab_columns(&self) -> usize {
        self.slab_columns
    }

    /// Each slab with its columns.
    pub fn slabs(&self) -> impl Iterator<Item = (&Buffer<T>, Range<usize>)> {
        self.slabs.iter().enumerate().map(|(slab, buffer)| {
            let first = slab * self.slab_columns;
            (buffer, first..(first + self.slab_columns).min(self.columns))
        })
    }
}

/// Whether there is an entry for each row and column.
fn check<T>(what: &str, [rows, columns]: [usize; 2], entries: &[T]) -> Result<(), GpuError> {
    if rows.checked_mul(columns) == Some(entries.len()) {
        return Ok(());
    }
    let message = format!("{} entries for {rows} rows and {columns} columns", entries.len());
    Err(GpuError::Misuse { what: what.to_owned(), message })
}
