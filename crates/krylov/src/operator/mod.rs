//! Operators: exact in f64 on the host, and laid out for the kernels of the device.
//!
//! On the host an operator acts on vectors in the *natural* order (rows of a matrix; cells of a grid, x fastest).
//! On the device every vector is padded and permuted as an [`Ordering`] says.

mod components;
mod csr;
mod defect;
mod error;
mod grid;
mod ordering;
mod padded_csr;
mod sell;
mod slices;
mod stencil;
mod stencil_variable;

use std::borrow::Cow;

pub use components::{Components, NullComponents};
pub use csr::{Asymmetry, Csr, RowStatistics};
pub use defect::Defect;
pub use error::OperatorError;
pub use grid::{Axis, Boundary, Cell, Grid, Side};
pub use ordering::Ordering;
pub use padded_csr::PaddedCsr;
pub use sell::{Format, FormatChoice, Sell, SellLayout, choose_format};
pub use slices::{RowSlice, row_slices};
pub use stencil::{Stencil, mask};
pub use stencil_variable::VariableStencil;

/// An operator, exact in f64 on the host. Vectors are in the natural order.
pub trait Operator: Send + Sync {
    /// Length of a vector: the rows of a matrix, all cells of a grid.
    fn dimension(&self) -> usize;

    /// Length of x, which is that of A x but for a matrix that is not square.
    fn columns(&self) -> usize {
        self.dimension()
    }

    /// Number of unknowns: the dimension less the inactive cells, whose `x` and `y` are zero.
    fn unknowns(&self) -> usize;

    /// Number of stored or implied nonzero entries.
    fn nonzeros(&self) -> usize;

    /// y = A x, of [`dimension`](Self::dimension) entries, for x of [`columns`](Self::columns). Inactive entries of `x` are ignored and
    /// those of `y` are set to zero.
    fn apply(&self, x: &[f64], y: &mut [f64]);

    /// Calls `visit` with the column and the value of each entry of a row; an inactive cell has none.
    fn visit_row(&self, row: usize, visit: &mut dyn FnMut(usize, f64));

    /// The diagonal; zero at inactive cells.
    fn diagonal(&self) -> Vec<f64>;

    /// ‖A‖∞ = maxᵢ Σⱼ |aᵢⱼ|.
    fn norm_inf(&self) -> f64;

    /// Whether entry `index` of a vector is an unknown.
    fn is_active(&self, index: usize) -> bool;

    /// The connected components whose constant vector A maps to zero: a right-hand side must have zero mean on each.
    fn null_components(&self) -> NullComponents;

    /// What about the entries rules out some methods, where anything is known to.
    fn defect(&self) -> Option<Defect> {
        None
    }

    /// Moves each entry of x to where ‖b − Ax‖ is smallest along it, and r = b − Ax along with it; false where the
    /// operator cannot. Where x is as good as refinement makes it, this picks better neighbours among the numbers of f64.
    fn descend(&self, _x: &mut [f64], _r: &mut [f64]) -> bool {
        false
    }

    /// The concrete operator, from which its layout on a device is made.
    fn form(&self) -> Form<'_>;
}

/// The operators that have kernels.
#[derive(Debug, Clone, Copy)]
pub enum Form<'a> {
    /// An unstructured matrix.
    Csr(&'a Csr),
    /// A stencil with constant coefficients.
    Stencil(&'a Stencil),
    /// A stencil with variable coefficients.
    Variable(&'a VariableStencil),
}

impl<'a> Form<'a> {
    /// The matrix, rows and columns in the natural order.
    ///
    /// # Errors
    /// More entries than 32 bits can number.
    pub fn to_csr(self) -> Result<Cow<'a, Csr>, OperatorError> {
        match self {
            Self::Csr(matrix) => Ok(Cow::Borrowed(matrix)),
            Self::Stencil(stencil) => stencil.to_csr().map(Cow::Owned),
            Self::Variable(stencil) => stencil.to_csr().map(Cow::Owned),
        }
    }

    /// The grid of a stencil.
    pub fn grid(self) -> Option<&'a Grid> {
        match self {
            Self::Csr(_) => None,
            Self::Stencil(stencil) => Some(stencil.grid()),
            Self::Variable(stencil) => Some(stencil.grid()),
        }
    }
}

#[cfg(test)]
mod tests;
