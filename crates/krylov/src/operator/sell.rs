//! SELL-C-σ: slices of C rows stored column by column, rows sorted by length within windows of σ rows.
//!
//! M. Kreutzer, G. Hager, G. Wellein, H. Fehske, A. R. Bishop, "A unified sparse matrix data format for efficient
//! general sparse matrix-vector multiplication on modern processors with wide SIMD units", SIAM J. Sci. Comput. 36
//! (2014). The sorting is applied to rows and columns alike, so that the matrix stays symmetric and vectors are
//! permuted once, by the host.

use ansatz_gpu::Real;

use super::{Csr, OperatorError, Ordering};

/// How rows are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SellLayout {
    /// C: rows per slice, a multiple of 4.
    pub slice_height: usize,
    /// σ: rows are sorted by length, longest first, within windows of this many rows; 1 keeps the order.
    pub sort_window: usize,
}

impl Default for SellLayout {
    fn default() -> Self {
        Self { slice_height: 32, sort_window: 256 * 32 }
    }
}

/// A sparse matrix in the layout of the SELL kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Sell<T> {
    /// Entry k of row i of slice s lies at `4 * slice_ptr[s] + k * C + i`: `slice_ptr` counts vec4s.
    pub slice_ptr: Vec<u32>,
    /// The column of each entry on the device; a padding entry repeats the last one of its row, or is 0.
    pub columns: Vec<u32>,
    /// The value of each entry; zero for padding.
    pub values: Vec<T>,
    /// C: rows per slice.
    pub slice_height: usize,
    /// Where the rows, and so the entries of vectors, lie on the device.
    pub ordering: Ordering,
}

/// A format for an unstructured matrix on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Compressed rows, several invocations to a row.
    Csr,
    /// SELL-C-σ, four rows to an invocation.
    Sell,
}

/// A format, and why it was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct FormatChoice {
    /// The format.
    pub format: Format,
    /// One sentence for the report.
    pub reason: String,
}

/// SELL is chosen up to this many stored entries per entry of the matrix: an entry of CSR costs its pointers and a
/// reduction across invocations besides, so that it wins only where the padding is heavy.
const MAX_PADDING: f64 = 1.5;

/// Chooses SELL unless its padding would store more than 1.5 times the entries of the matrix.
pub fn choose_format(matrix: &Csr, layout: SellLayout) -> Result<FormatChoice, OperatorError> {
    layout.check()?;
    let lengths = row_lengths(matrix);
    let order = sorted_order(&lengths, layout.sort_window);
    let stored: usize = slice_widths(&order, &lengths, layout).map(|width| width * layout.slice_height).sum();
    let ratio = stored as f64 / matrix.values().len().max(1) as f64;
    let percent = 100.0 * (ratio - 1.0).max(0.0);
    // A few rows cannot pad much in absolute terms, yet a matrix smaller than a slice always pads a lot.
    let fits = ratio <= MAX_PADDING || stored <= MAX_SMALL_ENTRIES && stored / 4 <= u32::MAX as usize;
    Ok(if fits {
        FormatChoice {
            format: Format::Sell,
            reason: format!("SELL: padding adds {percent:.0} % to the entries"),
        }
    } else {
        FormatChoice {
            format: Format::Csr,
            reason: format!("CSR: rows are so uneven that SELL would add {percent:.0} % to the entries"),
        }
    })
}

/// Below this many stored entries padding does not matter.
const MAX_SMALL_ENTRIES: usize = 1 << 12;

impl SellLayout {
    fn check(&self) -> Result<(), OperatorError> {
        let wrong = |what, value, expected| Err(OperatorError::Layout { what, value, expected });
        match (self.slice_height, self.sort_window) {
            (height, _) if height == 0 || height % 4 != 0 => {
                wrong("the slice height", height, "a positive multiple of 4")
            }
            (_, 0) => wrong("the sorting window", 0, "at least 1"),
            _ => Ok(()),
        }
    }
}

impl Ordering {
    /// The rows of a matrix sorted by length within the windows of a layout.
    pub(crate) fn by_length(matrix: &Csr, layout: SellLayout) -> Self {
        Self::permutation(&sorted_order(&row_lengths(matrix), layout.sort_window))
    }
}

impl<T: Real> Sell<T> {
    /// Lays out a square matrix, its rows and columns in one order.
    pub fn new(matrix: &Csr, layout: SellLayout) -> Result<Self, OperatorError> {
        matrix.check_square()?;
        layout.check()?;
        let ordering = Ordering::by_length(matrix, layout);
        Self::between(matrix, &ordering, &ordering, layout.slice_height)
    }

    /// Lays out a matrix whose rows and columns lie on the device as these orderings say.
    pub fn between(
        matrix: &Csr,
        rows: &Ordering,
        columns: &Ordering,
        slice_height: usize,
    ) -> Result<Self, OperatorError> {
        SellLayout { slice_height, sort_window: 1 }.check()?;
        for (what, found, expected) in [
            ("the ordering of the rows", rows.natural_len(), matrix.rows()),
            ("the ordering of the columns", columns.natural_len(), matrix.columns()),
        ] {
            if found != expected {
                return Err(OperatorError::Length { what, found, expected });
            }
        }
        let height = slice_height;
        let order = rows.inverse();
        let length = |&row: &u32| if row == Ordering::PADDING { 0 } else { matrix.row(row as usize).0.len() };

        let mut slice_ptr = vec![0u32];
        let mut quads = 0usize;
        for rows in order.chunks(height) {
            quads += rows.iter().map(length).max().unwrap_or(0) * height / 4;
            let pointer = u32::try_from(quads).map_err(|_| OperatorError::TooMany {
                what: "padded entries",
                count: 4 * quads,
                limit: 4 * u32::MAX as usize,
            })?;
            slice_ptr.push(pointer);
        }

        let mut column_indices = vec![0u32; 4 * quads];
        let mut values = vec![T::zero(); 4 * quads];
        for (device_row, &row) in order.iter().enumerate().filter(|&(_, &row)| row != Ordering::PADDING) {
            let (slice, lane) = (device_row / height, device_row % height);
            let begin = 4 * slice_ptr[slice] as usize + lane;
            let end = 4 * slice_ptr[slice + 1] as usize;
            let (indices, entries) = matrix.row(row as usize);
            let mut row_entries = indices.iter().zip(entries);
            let mut last = 0;
            for at in (begin..end).step_by(height) {
                if let Some((&column, &value)) = row_entries.next() {
                    last = columns.to_device(column as usize) as u32;
                    values[at] = round(row as usize, column as usize, value)?;
                }
                column_indices[at] = last;
            }
        }
        Ok(Self { slice_ptr, columns: column_indices, values, slice_height, ordering: rows.clone() })
    }

    /// Stored entries, padding included.
    pub fn stored(&self) -> usize {
        self.values.len()
    }
}

/// Rounds an entry to the precision of the device, refusing those that would become infinite.
pub(super) fn round<T: Real>(row: usize, column: usize, value: f64) -> Result<T, OperatorError> {
    let rounded = T::from_f64(value);
    match (value.is_finite(), rounded.is_finite()) {
        (true, true) => Ok(rounded),
        (true, false) => Err(OperatorError::Overflow { row, column, value }),
        (false, _) => Err(OperatorError::NonFinite { row, column, value }),
    }
}

fn row_lengths(matrix: &Csr) -> Vec<usize> {
    matrix.row_ptr().windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The rows in the order of the device: longest first within each window, ties in natural order.
fn sorted_order(lengths: &[usize], window: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..lengths.len() as u32).collect();
    for rows in order.chunks_mut(window) {
        rows.sort_by_key(|&row| std::cmp::Reverse(lengths[row as usize]));
    }
    order
}

/// The longest row of each slice.
fn slice_widths<'a>(
    order: &'a [u32],
    lengths: &'a [usize],
    layout: SellLayout,
) -> impl Iterator<Item = usize> + 'a {
    order
        .chunks(layout.slice_height)
        .map(|rows| rows.iter().map(|&row| lengths[row as usize]).max().unwrap_or(0))
}
