//! What about the entries of a matrix rules out some methods before the first iteration.

use super::{Csr, Operator};

/// A property that conjugate gradients cannot live with; other methods may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// An entry is infinite or not a number.
    NonFinite,
    /// A ≠ Aᵀ, or A is not square.
    Asymmetric,
    /// A principal minor of one or two rows is negative, so A is not positive semidefinite.
    NegativeMinor,
}

/// Entries may differ from their mirror images by this much of the larger: what writing with a dozen digits leaves.
const ASYMMETRY: f64 = 1e-10;

/// Looks for a defect in a matrix.
pub(super) fn of_matrix(matrix: &Csr) -> Option<Defect> {
    if matrix.first_non_finite().is_some() {
        return Some(Defect::NonFinite);
    }
    if matrix.check_square().is_err() || matrix.asymmetry().is_some_and(|worst| worst.relative > ASYMMETRY) {
        return Some(Defect::Asymmetric);
    }
    let diagonal = matrix.diagonal();
    let negative = |row: usize| {
        let (columns, values) = matrix.row(row);
        let negative_pair = |(&column, &value): (&u32, &f64)| {
            let column = column as usize;
            // The product of the diagonal entries may round; a minor must be negative beyond that.
            column != row && value * value > diagonal[row] * diagonal[column] * (1.0 + 1e-12)
        };
        diagonal[row] < 0.0 || columns.iter().zip(values).any(negative_pair)
    };
    (0..matrix.dimension()).any(negative).then_some(Defect::NegativeMinor)
}
