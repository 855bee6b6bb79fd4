//! What a launch refuses before anything runs.

use ansatz_gpu::{GpuError, Real};

use crate::{MultiIndex, Rows, Transposed, Values};

/// What the shapes of a launch depend on.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The kernel, by name.
    pub kernel: &'static str,
    /// Number of coordinates.
    pub dimensions: usize,
    /// N.
    pub len: usize,
    /// Highest order of derivative.
    pub max_order: usize,
}

/// Checks the shapes of a block of rows.
///
/// # Errors
/// [`GpuError::Misuse`] where they do not fit or a term is of too high an order.
pub fn check_rows<T: Real>(family: &Shape, rows: &Rows<'_, T>) -> Result<(), GpuError> {
    let wrong = |message: String| Err(GpuError::Misuse { what: family.kernel.to_owned(), message });
    check_terms(family, rows.terms)?;
    let stride = rows.count.next_multiple_of(4);
    check_length(family.kernel, "points", rows.points.len(), family.dimensions * stride)?;
    check_terms_fit(
        family.kernel,
        "coefficients",
        rows.coefficients.len(),
        rows.first_coefficient + rows.terms.len(),
        stride,
    )?;
    if !rows.first_row.is_multiple_of(4) {
        return wrong(format!("the first row is {}, no multiple of four", rows.first_row));
    }
    if rows.count > 0 && rows.first_row.saturating_add(stride) > rows.matrix.stride() {
        let has = rows.matrix.stride();
        return wrong(format!("{stride} rows from {} on do not fit into {has}", rows.first_row));
    }
    if rows.first_column.saturating_add(family.len) > rows.matrix.columns() {
        let (len, has) = (family.len, rows.matrix.columns());
        return wrong(format!("{len} columns from {} on do not fit into {has}", rows.first_column));
    }
    check_size(family, rows.count, 1)
}

/// Checks the shapes of an evaluation.
///
/// # Errors
/// As [`check_rows`].
pub fn check_values<T: Real>(family: &Shape, values: &Values<'_, T>) -> Result<(), GpuError> {
    let name = family.kernel;
    check_terms(family, values.terms)?;
    let stride = values.count.next_multiple_of(4);
    check_length(name, "points", values.points.len(), family.dimensions * stride)?;
    check_terms_fit(name, "values", values.values.len(), values.first_value + values.terms.len(), stride)?;
    if values.first_weight.checked_add(family.len).is_none_or(|end| end > values.weights.len()) {
        let (len, has) = (family.len, values.weights.len());
        let message = format!("{len} weights from {} on do not fit into {has}", values.first_weight);
        return Err(GpuError::Misuse { what: name.to_owned(), message });
    }
    check_size(family, values.count, values.terms.len())
}

/// Checks the shapes of sums over points.
///
/// # Errors
/// As [`check_rows`].
pub fn check_transposed<T: Real>(family: &Shape, sums: &Transposed<'_, T>) -> Result<(), GpuError> {
    let name = family.kernel;
    check_terms(family, sums.terms)?;
    let stride = sums.count.next_multiple_of(4);
    check_length(name, "points", sums.points.len(), family.dimensions * stride)?;
    let coefficients = sums.first_coefficient + sums.terms.len();
    check_terms_fit(name, "coefficients", sums.coefficients.len(), coefficients, stride)?;
    if sums.first_sum.checked_add(family.len).is_none_or(|end| end > sums.sums.len()) {
        let (len, has) = (family.len, sums.sums.len());
        let message = format!("{len} sums from {} on do not fit into {has}", sums.first_sum);
        return Err(GpuError::Misuse { what: name.to_owned(), message });
    }
    check_size(family, sums.count, sums.terms.len())
}

fn check_length(kernel: &str, what: &str, len: usize, wanted: usize) -> Result<(), GpuError> {
    if len == wanted {
        return Ok(());
    }
    let message = format!("`{what}` has {len} elements, not {wanted}");
    Err(GpuError::Misuse { what: kernel.to_owned(), message })
}

/// A buffer of `stride` numbers for each of at least `terms` terms.
fn check_terms_fit(
    kernel: &str,
    what: &str,
    len: usize,
    terms: usize,
    stride: usize,
) -> Result<(), GpuError> {
    if len >= terms * stride && len.is_multiple_of(stride.max(1)) {
        return Ok(());
    }
    let message = format!("`{what}` has {len} elements, not {stride} for each of at least {terms} terms");
    Err(GpuError::Misuse { what: kernel.to_owned(), message })
}

fn check_terms(family: &Shape, terms: &[MultiIndex]) -> Result<(), GpuError> {
    let (dimensions, most) = (family.dimensions, family.max_order);
    let reaches = |term: &MultiIndex| term.0.iter().rposition(|&order| order > 0).map_or(0, |i| i + 1);
    for term in terms {
        let message = if reaches(term) > dimensions {
            format!("{term:?} is a derivative by coordinate {}, of {dimensions}", reaches(term) - 1)
        } else if term.order() > most {
            format!("{term:?} is of order {}; these features have derivatives to order {most}", term.order())
        } else {
            continue;
        };
        return Err(GpuError::Misuse { what: family.kernel.to_owned(), message });
    }
    Ok(())
}

/// Indices are of 32 bits.
fn check_size(family: &Shape, count: usize, terms: usize) -> Result<(), GpuError> {
    let most = u32::MAX as usize / 4;
    let vectors = count.saturating_mul(family.dimensions.max(terms));
    if vectors <= most && family.len.saturating_mul(2 + 2 * family.dimensions) <= most {
        return Ok(());
    }
    let message = format!("{count} points and {} features are too many for an index of 32 bits", family.len);
    Err(GpuError::Misuse { what: family.kernel.to_owned(), message })
}
