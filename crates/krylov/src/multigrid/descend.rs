//! From an operator on a grid to coarser and coarser ones.

use super::coarsest::MOST_CELLS;
use super::faces::{
    CoarseFaces, Faces, StencilFaces, VariableFaces, axes_to_halve, coarse_distance, coarsen,
};
use crate::KrylovError;
use crate::operator::{Form, Operator};

/// An operator on its way from the finest to the coarsest.
enum Current<'a> {
    Finest(Box<dyn Faces + 'a>),
    Coarse(CoarseFaces),
}

impl Current<'_> {
    fn faces(&self) -> &dyn Faces {
        match self {
            Self::Finest(faces) => &**faces,
            Self::Coarse(faces) => faces,
        }
    }
}

/// What a level goes on to: the next coarser one, and the axes that are halved.
pub(crate) type Next<'a> = Option<(&'a dyn Faces, [bool; 3])>;

/// Visits the levels of an operator from the finest on, each with what it goes on to; the last one has at most
/// [`MOST_CELLS`] cells where that can be.
///
/// # Errors
/// [`KrylovError::Setting`] where the operator has no grid, which `preconditioner` needs; and what `visit` gives.
pub(crate) fn descend(
    operator: &dyn Operator,
    preconditioner: &str,
    mut visit: impl FnMut(&dyn Faces, Next<'_>) -> Result<(), KrylovError>,
) -> Result<(), KrylovError> {
    let finest: Box<dyn Faces> = match operator.form() {
        Form::Stencil(stencil) => Box::new(StencilFaces::new(stencil)),
        Form::Variable(stencil) => Box::new(VariableFaces::new(stencil)),
        Form::Csr(_) => {
            return Err(KrylovError::Setting {
                name: "the preconditioner",
                value: preconditioner.to_owned(),
                expected: "another one for a matrix: this one needs the grid of a stencil",
            });
        }
    };
    let (mut current, mut distance) = (Current::Finest(finest), [1.0; 3]);
    loop {
        let faces = current.faces();
        let halved = axes_to_halve(faces);
        if faces.grid().ordering().device_len() <= MOST_CELLS || halved == [false; 3] {
            return visit(faces, None);
        }
        let coarse = coarsen(faces, halved, distance)?;
        visit(faces, Some((&coarse, halved)))?;
        distance = coarse_distance(halved, distance);
        current = Current::Coarse(coarse);
    }
}
