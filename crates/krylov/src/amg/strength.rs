//! Which entries couple strongly: |aᵢⱼ| > θ √(aᵢᵢaⱼⱼ), and the matrix of these alone, whose rows have the sums of before
//! (Vaněk, Mandel and Brezina, Computing 56, 1996, sections 3 and 4).

use crate::operator::{Csr, OperatorError};

/// θ of a level, the finest being 0: coarser operators have more and smaller entries.
pub(super) fn threshold(level: usize) -> f64 {
    0.08 * 0.5f64.powi(level as i32)
}

/// A matrix with unit diagonal without its weak entries, which are added to the diagonal; `None` where there are none. `known` is an
/// earlier one for a matrix with the same pattern, whose places are kept.
pub(super) fn strong(a: &Csr, threshold: f64, known: Option<Csr>) -> Result<Option<Csr>, OperatorError> {
    let is_strong = |row: usize, column: u32, value: f64| match &known {
        Some(known) => known.row(row).0.binary_search(&column).is_ok(),
        None => column as usize == row || value.abs() > threshold,
    };
    let (mut row_ptr, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in 0..a.rows() {
        let (of_row, entries) = a.row(row);
        let (mut diagonal, mut weak) = (None, 0.0);
        for (&column, &value) in of_row.iter().zip(entries) {
            if is_strong(row, column, value) {
                if column as usize == row {
                    diagonal = Some(values.len());
                }
                columns.push(column);
                values.push(value);
            } else {
                weak += value;
            }
        }
        if let Some(at) = diagonal {
            // A row that is weak altogether stays as it is.
            if values[at] + weak > 0.0 {
                values[at] += weak;
            }
        }
        row_ptr.push(columns.len());
    }
    if columns.len() == a.values().len() {
        return Ok(None);
    }
    Csr::from_parts(a.columns(), row_ptr, columns, values).map(Some)
}
