//! A condition as a solver sees it: its residual and the partial derivatives by the jets of the unknown.

use ansatz_expr::{Expr, Jet, Leaf, Program};
use ansatz_problem::{Condition, PointSet, Problem, Region};

use super::unknowns::Unknowns;

/// R(x, u, u_x, …) = 0 on a region, with ∂R/∂u_α in closed form.
#[derive(Debug, Clone)]
pub(super) struct Equation {
    /// Its name in reports.
    pub name: String,
    /// What its loss counts as: `residual`, `boundary`, `initial` or `data`.
    pub kind: &'static str,
    /// The derivatives of unknowns that it contains, fields for unknown parameters among them; between partners, their jumps.
    pub jets: Vec<Jet>,
    /// Whether R is affine in them.
    pub linear: bool,
    /// R, with the names of parameters.
    pub expression: Expr,
    /// [R, ∂R/∂u_α …], with the values of parameters.
    pub gradient: Vec<Expr>,
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
    /// R for u = 0.
    pub source: Vec<f64>,
}

impl Equation {
    /// Of a condition of a problem, whose residual is `residual` with the names of parameters.
    pub fn new(problem: &Problem, condition: &Condition, residual: &Expr) -> Self {
        let name = &condition.name;
        let expression = residual.clone();
        let residual = problem.with_values(&Unknowns::of(problem).opened(problem, residual));
        let jets = residual.jets();
        let partials: Vec<Expr> = jets.iter().map(|&jet| residual.partial(&Leaf::Jet(jet))).collect();
        let source = residual.substitute(|leaf| matches!(leaf, Leaf::Jet(_)).then(|| Expr::number(0.0)));
        let linear = partials.iter().all(|partial| partial.jets().is_empty());
        let gradient = std::iter::once(&residual).chain(&partials).cloned().collect();
        let outputs: Vec<Expr> = [residual.clone(), source].into_iter().chain(partials).collect();
        let kind = match condition.region {
            Region::Interior => "residual",
            Region::Boundary(_) | Region::Periodic { .. } => "boundary",
            Region::Initial => "initial",
            Region::Points(_) => "data",
        };
        Self { name: name.clone(), kind, jets, linear, expression, gradient, program: Program::new(&outputs) }
    }

    /// A jet itself as the residual.
    pub fn probe(jet: Jet) -> Self {
        let expression = Expr::leaf(Leaf::Jet(jet));
        let outputs = [expression.clone(), Expr::number(0.0), Expr::number(1.0)];
        Self {
            name: String::new(),
            kind: "energy",
            jets: vec![jet],
            linear: true,
            gradient: vec![expression.clone(), Expr::number(1.0)],
            program: Program::new(&outputs),
            expression,
        }
    }

    /// R at `points` less what it shall be there, where the unknown has these `jets`, jet after jet.
    pub fn linearise(&self, points: &PointSet, jets: &[Vec<f64>]) -> Linearised {
        let mut outputs = evaluate(&self.program, points, &self.jets, jets);
        let partials = outputs.split_off(2);
        let mut source = outputs.pop().unwrap_or_default();
        let mut residual = outputs.pop().unwrap_or_default();
        if let Some(values) = &points.values {
            residual.iter_mut().zip(values).for_each(|(residual, target)| *residual -= target);
            source.iter_mut().zip(values).for_each(|(source, target)| *source -= target);
        }
        Linearised { residual, source, partials }
    }

    /// As [`Equation::linearise`], where `jets` yields those of the unknown at coordinates; what it has between partners is their jumps.
    pub fn at(&self, points: &PointSet, jets: impl Fn(&[f64], &[Jet]) -> Vec<Vec<f64>>) -> Linearised {
        self.linearise(points, &self.jets_at(points, jets))
    }

    /// The jets of [`Equation::at`].
    pub fn jets_at(
        &self,
        points: &PointSet,
        jets: impl Fn(&[f64], &[Jet]) -> Vec<Vec<f64>>,
    ) -> Vec<Vec<f64>> {
        let mut at = jets(&points.coordinates, &self.jets);
        if let Some(partners) = &points.partners {
            let others = jets(partners, &self.jets);
            at.iter_mut().flatten().zip(others.iter().flatten()).for_each(|(jet, other)| *jet -= other);
        }
        at
    }
}

/// The outputs of a program at points, where these jets have these values, jet after jet.
pub(super) fn evaluate(
    program: &Program,
    points: &PointSet,
    jets: &[Jet],
    values: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    points.evaluate(program, |leaf| {
        let place = jets.iter().position(|known| Leaf::Jet(*known) == *leaf);
        place.map_or_else(|| vec![f64::NAN; points.len()], |place| values[place].clone())
    })
}

impl Linearised {
    /// √(mean R²).
    pub fn rms(&self) -> f64 {
        rms(&self.residual)
    }

    /// The size of what cancels in R, where the jet t of the unknown has the size `sizes[t]`:
    /// √(mean (|R(u = 0)| + Σ_t |∂R/∂u_t| `sizes[t]`)²).
    ///
    /// Of an equation `inside` it is at most a hundred times √(mean R(u = 0)²), where that is more than rounding: else a u
    /// that grows without bound, as at an eigenvalue, would fulfil anything.
    pub fn scale(&self, sizes: &[f64], inside: bool) -> f64 {
        const MOST: f64 = 100.0;
        const ROUNDING: f64 = 1e-13;
        let (known, terms) = (rms(&self.source), self.terms(sizes));
        let bounded = inside && known.is_finite() && known > ROUNDING * terms;
        if bounded { terms.min(MOST * known) } else { terms }
    }

    fn terms(&self, sizes: &[f64]) -> f64 {
        let terms = |(p, source): (usize, &f64)| {
            // Where R has no value at u = 0, such as 1/u, the other terms tell its size.
            let source = if source.is_finite() { source.abs() } else { 0.0 };
            source
                + sizes
                    .iter()
                    .zip(&self.partials)
                    .map(|(size, partial)| (size * partial[p]).abs())
                    .sum::<f64>()
        };
        rms(&self.source.iter().enumerate().map(terms).collect::<Vec<_>>())
    }
}

/// The root of the mean square; 0 of nothing. Scaled by the largest value, so that no square over- or underflows.
pub(super) fn rms(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if values.iter().any(|value| value.is_nan()) || largest == 0.0 || largest.is_infinite() {
        return values.iter().map(|value| value.abs()).sum();
    }
    let sum: f64 = values.iter().map(|value| (value / largest).powi(2)).sum();
    largest * (sum / values.len() as f64).sqrt()
}
