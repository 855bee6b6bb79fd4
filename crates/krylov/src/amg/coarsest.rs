//! The inverse of the operator of the coarsest level.

use faer::{Mat, Side};

use crate::KrylovError;
use crate::operator::Csr;

/// Eigenvalues up to this fraction of the largest, times the number of unknowns, are rounding.
const NEGLIGIBLE: f64 = 4.0 * f64::EPSILON;

/// A⁻¹ for a symmetric matrix, by its eigenvalues. In the null space of a singular matrix, and wherever an eigenvalue is not
/// positive, a number takes the place of the inverse, so that the whole stays definite.
pub(super) fn inverse(a: &Csr) -> Result<Mat<f64>, KrylovError> {
    let n = a.rows();
    let mut dense = Mat::<f64>::zeros(n, n);
    for i in 0..n {
        let (columns, values) = a.row(i);
        // Rounding leaves the two halves of a Galerkin product different.
        for (&j, &value) in columns.iter().zip(values) {
            dense[(i, j as usize)] += 0.5 * value;
            dense[(j as usize, i)] += 0.5 * value;
        }
    }
    let eigen = dense.self_adjoint_eigen(Side::Lower).map_err(|_| KrylovError::CoarsestLevel)?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let largest = values.iter().fold(0.0, |max: f64, value| max.max(value.abs()));
    if largest == 0.0 {
        return Ok(Mat::identity(n, n));
    }
    let negligible = NEGLIGIBLE * n as f64 * largest;
    let scaled =
        Mat::from_fn(n, n, |i, k| vectors[(i, k)] / if values[k] > negligible { values[k] } else { largest });
    Ok(&scaled * vectors.transpose())
}
