//! Products of sparse matrices, whose pattern may be known from before.

use sprs::smmp;
use sprs::{CsMatViewI, CsMatViewMutI};

use crate::operator::{Csr, OperatorError};

fn view(a: &Csr) -> Result<CsMatViewI<'_, f64, u32, usize>, OperatorError> {
    CsMatViewI::try_new((a.rows(), a.columns()), a.row_ptr(), a.column_indices(), a.values())
        .map_err(|_| OperatorError::Unsorted { row: 0 })
}

/// AB. `pattern` is an earlier product of matrices with the same patterns, whose numbers are replaced.
pub(super) fn multiply(a: &Csr, b: &Csr, pattern: Option<Csr>) -> Result<Csr, OperatorError> {
    let (left, right) = (view(a)?, view(b)?);
    let Some(pattern) = pattern else {
        let (row_ptr, columns, values) = smmp::mul_csr_csr(left, right).into_raw_storage();
        return Csr::from_parts(b.columns(), row_ptr, columns, values);
    };
    let (row_ptr, columns, mut values) = pattern.into_parts();
    let shape = (a.rows(), b.columns());
    let product =
        CsMatViewMutI::try_new(shape, row_ptr.as_slice(), columns.as_slice(), values.as_mut_slice());
    let product = product.map_err(|_| OperatorError::Unsorted { row: 0 })?;
    smmp::numeric(left, right, product, &mut vec![0.0; b.columns()]);
    Csr::from_parts(b.columns(), row_ptr, columns, values)
}

/// Aᵀ.
pub(super) fn transpose(a: &Csr) -> Result<Csr, OperatorError> {
    let (row_ptr, columns, values) = view(a)?.transpose_view().to_csr().into_raw_storage();
    Csr::from_parts(a.rows(), row_ptr, columns, values)
}
