//! Fields as transforms of the functions that a method spans, by which conditions hold exactly.

use ansatz_expr::{Expr, Jet, Leaf, Program};
use ansatz_problem::{PointSet, Problem};

use super::equation::evaluate;

/// What each field is, with the values of the parameters.
#[derive(Debug, Clone)]
pub(super) struct Transforms(Vec<Option<Expr>>);

impl Transforms {
    pub fn of(problem: &Problem) -> Self {
        let with_values = |transform: &Option<Expr>| transform.as_ref().map(|own| problem.with_values(own));
        Self(problem.transforms.iter().map(with_values).collect())
    }

    /// The jets of the fields at points, from those of the functions that `spanned` yields.
    pub fn jets(
        &self,
        dimension: usize,
        coordinates: &[f64],
        jets: &[Jet],
        spanned: impl Fn(&[Jet]) -> Vec<Vec<f64>>,
    ) -> Vec<Vec<f64>> {
        if self.0.iter().all(Option::is_none) {
            return spanned(jets);
        }
        let expressions = jets.iter().map(|jet| match self.0.get(jet.field).and_then(Option::as_ref) {
            Some(transform) => transform.derivatives(&jet.orders),
            None => Expr::leaf(Leaf::Jet(*jet)),
        });
        let program = Program::new(&expressions.collect::<Vec<_>>());
        let jet = |leaf: &Leaf| match leaf {
            Leaf::Jet(jet) => Some(*jet),
            _ => None,
        };
        let needed: Vec<Jet> = program.inputs().iter().filter_map(jet).collect();
        evaluate(&program, &PointSet::new(dimension, coordinates.to_vec()), &needed, &spanned(&needed))
    }
}
