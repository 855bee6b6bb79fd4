//! Fields as transforms of the functions that a method spans, by which conditions hold exactly.

use ansatz_expr::{Expr, Jet, Leaf, Program, Scratch};
use ansatz_problem::Problem;

/// What each field is, with the values of the parameters.
#[derive(Debug, Clone)]
pub(super) struct Transforms(Vec<Option<Expr>>);

impl Transforms {
    pub fn of(problem: &Problem) -> Self {
        let with_values = |transform: &Expr| {
            transform.substitute(|leaf| match leaf {
                Leaf::Parameter(index) => problem.parameters.get(index).copied().map(Expr::number),
                _ => None,
            })
        };
        Self(problem.transforms.iter().map(|transform| transform.as_ref().map(with_values)).collect())
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
        let expressions = jets.iter().map(|jet| match &self.0[jet.field] {
            Some(transform) => transform.derivatives(&jet.orders),
            None => Expr::leaf(Leaf::Jet(*jet)),
        });
        let program = Program::new(&expressions.collect::<Vec<_>>());
        let needed: Vec<Jet> = program
            .inputs()
            .iter()
            .filter_map(|leaf| match leaf {
                Leaf::Jet(jet) => Some(*jet),
                _ => None,
            })
            .collect();
        let mut found = spanned(&needed).into_iter();
        let points = coordinates.len() / dimension.max(1);
        let input = |leaf: &Leaf| match leaf {
            Leaf::Coordinate(i) => {
                coordinates.iter().skip(*i).step_by(dimension.max(1)).take(points).copied().collect()
            }
            // In the order of the inputs.
            Leaf::Jet(_) => found.next().unwrap_or_default(),
            Leaf::Parameter(_) | Leaf::Normal(_) => vec![f64::NAN; points],
        };
        let inputs: Vec<Vec<f64>> = program.inputs().iter().map(input).collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let mut outputs = vec![vec![f64::NAN; points]; jets.len()];
        let mut arrays: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let evaluated = program.eval_points(&inputs, &mut arrays, &mut Scratch::default());
        debug_assert_eq!(evaluated, Ok(()), "the arrays are made for the program");
        outputs
    }
}
