//! Arrays of any number of dimensions.

/// An array of any number of dimensions; the last index runs fastest, as in C and NumPy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NdArray {
    /// The length of each dimension; empty for a single number.
    pub shape: Vec<usize>,
    /// The values, as many as the product of the lengths.
    pub values: Vec<f64>,
}

/// The number of elements of an array, or `None` where it overflows.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side))
}

/// The values of an array whose first index runs fastest, in the order in which the last one does.
pub(super) fn to_row_major(shape: &[usize], values: &[f64]) -> Vec<f64> {
    let mut index = vec![0; shape.len()];
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, &side| {
            let own = *stride;
            *stride *= side;
            Some(own)
        })
        .collect();
    let mut at = 0;
    let mut sorted = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        sorted.push(values[at]);
        for dimension in (0..shape.len()).rev() {
            index[dimension] += 1;
            at += strides[dimension];
            if index[dimension] < shape[dimension] {
                break;
            }
            at -= strides[dimension] * shape[dimension];
            index[dimension] = 0;
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_index_becomes_the_slowest() {
        let shape = [2, 3, 4];
        let fortran: Vec<f64> = (0..24).map(f64::from).collect();
        let sorted = super::to_row_major(&shape, &fortran);
        for i in 0..2 {
            for j in 0..3 {
                for k in 0..4 {
                    assert_eq!(sorted[(i * 3 + j) * 4 + k], (i + 2 * j + 6 * k) as f64);
                }
            }
        }
        assert!(super::to_row_major(&[3, 0], &[]).is_empty());
        assert_eq!(super::to_row_major(&[], &[7.0]), [7.0]);
    }
}
