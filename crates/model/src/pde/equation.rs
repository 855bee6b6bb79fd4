//! A condition as a solver sees it: its residual and the partial derivatives by the jets of the unknown.

use ansatz_expr::{Expr, Jet, Leaf, Program};
use ansatz_problem::{Condition, PointSet};

/// R(x, u, u_x, …) = 0 on a region, with ∂R/∂u_α in closed form.
#[derive(Debug, Clone)]
pub(super) struct Equation {
    /// Its name in reports.
    pub name: String,
    /// The derivatives of unknowns that it contains; between partners, their jumps.
    pub jets: Vec<Jet>,
    /// Whether R is affine in them.
    pub linear: bool,
    /// [R, R(u = 0), ∂R/∂u_α …]
    program: Program,
}

/// R and its partial derivatives at points, for one state of the unknown.
#[derive(Debug, Clone)]
pub(super) struct Linearised {
    /// R.
    pub residual: Vec<f64>,
    /// ∂R/∂u_α: for every jet, at every point.
    pub partials: Vec<Vec<f64>>,
    /// |R(u = 0)| + Σ_α |∂R/∂u_α u_α|: the size of what cancels in R.
    pub magnitude: Vec<f64>,
}

impl Equation {
    pub fn new(name: &str, residual: &Expr) -> Self {
        let jets: Vec<Jet> = residual.jets().into_iter().collect();
        let partials: Vec<Expr> = jets.iter().map(|&jet| residual.partial(&Leaf::Jet(jet))).collect();
        let source = residual.substitute(&|leaf| matches!(leaf, Leaf::Jet(_)).then(|| Expr::from(0.0)));
        let linear = partials.iter().all(|partial| partial.jets().is_empty());
        let outputs: Vec<Expr> = [residual.clone(), source].into_iter().chain(partials).collect();
        Self { name: name.to_owned(), jets, linear, program: Program::new(&outputs) }
    }

    /// Whether anything is asked of the unknown.
    pub fn is_void(&self) -> bool {
        self.jets.is_empty()
    }

    /// R at `points` less `target`, where the unknown has these `jets`, jet after jet.
    pub fn linearise(&self, points: &PointSet, jets: &[Vec<f64>], target: Option<&[f64]>) -> Linearised {
        let count = points.len();
        let inputs: Vec<Vec<f64>> = self.program.inputs().iter().map(|leaf| self.input(leaf, points, jets)).collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let mut outputs = vec![vec![0.0; count]; 2 + self.jets.len()];
        self.program.eval_batch(&inputs, &mut outputs);
        let partials = outputs.split_off(2);
        let mut magnitude = outputs.pop().unwrap_or_default();
        let mut residual = outputs.pop().unwrap_or_default();
        if let Some(target) = target {
            residual.iter_mut().zip(target).for_each(|(residual, target)| *residual -= target);
            magnitude.iter_mut().zip(target).for_each(|(source, target)| *source -= target);
        }
        for (p, magnitude) in magnitude.iter_mut().enumerate() {
            // Where R has no value at u = 0, such as 1/u, the other terms tell its size.
            let source = if magnitude.is_finite() { magnitude.abs() } else { 0.0 };
            *magnitude = source + (0..self.jets.len()).map(|t| (partials[t][p] * jets[t][p]).abs()).sum::<f64>();
        }
        Linearised { residual, partials, magnitude }
    }

    fn input(&self, leaf: &Leaf, points: &PointSet, jets: &[Vec<f64>]) -> Vec<f64> {
        let column = |values: &[f64], i: usize| -> Vec<f64> {
            values.iter().skip(i).step_by(points.dimension.max(1)).copied().collect()
        };
        match leaf {
            Leaf::Coordinate(i) => column(&points.coordinates, *i),
            Leaf::Normal(i) => column(points.normals.as_deref().unwrap_or_default(), *i),
            Leaf::Jet(jet) => {
                let place = self.jets.iter().position(|known| known == jet);
                place.map_or_else(|| vec![0.0; points.len()], |place| jets[place].clone())
            }
            // Parameters have got their values when the problem was made.
            Leaf::Parameter(_) => vec![f64::NAN; points.len()],
        }
    }
}

impl Linearised {
    /// √(mean R²).
    pub fn rms(&self) -> f64 {
        rms(&self.residual)
    }

    /// √(mean of the squared size of what cancels in R).
    pub fn scale(&self) -> f64 {
        rms(&self.magnitude)
    }
}

/// The root of the mean square; 0 of nothing.
pub(super) fn rms(values: &[f64]) -> f64 {
    let sum: f64 = values.iter().map(|value| value * value).sum();
    if values.is_empty() { 0.0 } else { (sum / values.len() as f64).sqrt() }
}
