//! A problem. (Sketch.)
use ansatz_expr::{Expr, Scope};
use crate::{Domain, Region, DomainError};

/// A condition.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Name.
    pub name: String,
    /// Where.
    pub region: Region,
    /// What must vanish.
    pub residual: Expr,
    /// Weight.
    pub weight: Option<f64>,
}

/// A problem.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Short name, as of the file.
    pub name: String,
    /// One line on what it is.
    pub title: String,
    /// Where it is posed.
    pub domain: Domain,
    /// The names that its expressions use.
    pub scope: Scope,
    /// Values of the parameters, in the order of the scope.
    pub parameters: Vec<f64>,
    /// What must vanish. A periodic boundary is one condition for each field and order.
    pub conditions: Vec<Condition>,
    /// The exact solution of each field, where it is known; of coordinates and parameters only.
    pub exact: Vec<Option<Expr>>,
}
/// Error.
pub type ProblemError = DomainError;
impl Problem {
    /// Sketch.
    ///
    /// # Errors
    /// As lattice.
    pub fn evaluation_points(&self) -> Result<crate::PointSet, DomainError> {
        self.domain.lattice(&vec![101; self.domain.dimension()])
    }
    /// Sketch.
    pub fn values(&self, expressions: &[Expr], points: &crate::PointSet) -> Vec<Vec<f64>> {
        use ansatz_expr::{Leaf, Program, Scratch};
        let program = Program::new(expressions);
        let d = points.dimension;
        let inputs: Vec<Vec<f64>> = program.inputs().iter().map(|leaf| match *leaf {
            Leaf::Coordinate(axis) => points.coordinates.iter().skip(axis).step_by(d).copied().collect(),
            Leaf::Parameter(index) => vec![self.parameters[index]; points.len()],
            _ => vec![0.0; points.len()],
        }).collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let mut outputs = vec![vec![f64::NAN; points.len()]; expressions.len()];
        let mut views: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let _ = program.eval_points(&inputs, &mut views, &mut Scratch::default());
        outputs
    }
}
