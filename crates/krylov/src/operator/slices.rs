//! Cutting a matrix into ranges of rows whose arrays each fit one buffer binding.

use std::ops::Range;

use super::OperatorError;

/// A range of rows (or of slices of rows) and the entries they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSlice {
    /// Rows in units of the pointer array that was cut.
    pub rows: Range<usize>,
    /// Stored entries.
    pub entries: Range<usize>,
}

/// Cuts at the pointers `ptr` (one more than there are rows) so that the entries of a range, each of `entry_bytes`, and
/// its pointers together take no more than `max_binding_bytes`. Every range but the last is a multiple of
/// `granule` rows. No rows give no range.
pub fn row_slices(
    ptr: &[u32],
    granule: usize,
    entry_bytes: usize,
    max_binding_bytes: usize,
) -> Result<Vec<RowSlice>, OperatorError> {
    let rows = ptr.len().saturating_sub(1);
    let granule = granule.max(1);
    let bytes = |first: usize, end: usize| {
        let entries = (ptr[end] - ptr[first]) as usize * entry_bytes;
        entries + ((end - first + 1) * size_of::<u32>()).next_multiple_of(16)
    };
    let mut slices = Vec::new();
    let mut first = 0;
    while first < rows {
        // The bytes grow with the end, so the last end that fits is found by bisection.
        let steps = (rows - first).div_ceil(granule);
        let end_of = |step: usize| (first + step * granule).min(rows);
        let (mut fits, mut too_far) = (0, steps + 1);
        while too_far - fits > 1 {
            let middle = fits.midpoint(too_far);
            if bytes(first, end_of(middle)) <= max_binding_bytes { fits = middle } else { too_far = middle }
        }
        if fits == 0 {
            let bytes = bytes(first, end_of(1));
            return Err(OperatorError::RowTooLarge {
                first,
                last: end_of(1) - 1,
                bytes,
                limit: max_binding_bytes,
            });
        }
        let end = end_of(fits);
        slices.push(RowSlice { rows: first..end, entries: ptr[first] as usize..ptr[end] as usize });
        first = end;
    }
    Ok(slices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_rows_and_fit() -> Result<(), OperatorError> {
        let mut ptr = vec![0];
        for row in 0..1000u32 {
            ptr.push(ptr[row as usize] + row * 7 % 13);
        }
        for limit in [200, 1000, 1 << 20] {
            let slices = row_slices(&ptr, 4, 4, limit)?;
            assert_eq!((slices[0].rows.start, slices[slices.len() - 1].rows.end), (0, 1000));
            for pair in slices.windows(2) {
                assert_eq!(pair[0].rows.end, pair[1].rows.start);
                assert_eq!(pair[0].rows.end % 4, 0);
            }
            assert!(slices.iter().all(|s| s.entries.len() * 4 + (s.rows.len() + 1) * 4 <= limit));
        }
        assert!(row_slices(&[0], 4, 4, 100)?.is_empty());
        assert!(matches!(row_slices(&ptr, 4, 4, 32), Err(OperatorError::RowTooLarge { .. })));
        Ok(())
    }
}
