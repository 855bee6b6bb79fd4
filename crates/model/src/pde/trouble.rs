//! What is not finite, and where: the cause that a failed fit is told with.

use ansatz_expr::{Expr, Jet, Leaf};
use ansatz_problem::{PointSet, Problem};

use super::Collocation;
use super::equation::{Equation, Linearised};
use super::report_text::brief;
use super::trial::Trial;
use super::unknowns::Unknowns;

/// A condition that is not finite at a point.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    condition: String,
    /// What is not finite: the residual, or a partial derivative of it.
    expression: Expr,
    /// The point.
    x: Vec<f64>,
    normal: Vec<f64>,
    /// The fields and derivatives there, in f64.
    jets: Vec<(Leaf, f64)>,
}

impl Trouble {
    /// The first point at which R or a partial derivative is not finite; `jets` as of [`Equation::at`].
    pub fn find(
        equation: &Equation,
        points: &PointSet,
        at: &Linearised,
        jets: impl Fn(&[f64], &[Jet]) -> Vec<Vec<f64>>,
    ) -> Option<Self> {
        let first = |values: &[f64]| values.iter().position(|value| !value.is_finite());
        let of_partial = |(jet, values): (&Jet, &Vec<f64>)| {
            Some((first(values)?, equation.expression.partial(&Leaf::Jet(*jet))))
        };
        let (p, expression) = first(&at.residual)
            .map(|p| (p, equation.expression.clone()))
            .or_else(|| equation.jets.iter().zip(&at.partials).find_map(of_partial))?;
        let row = |all: &[f64]| all[p * points.dimension..][..points.dimension].to_vec();
        let point = PointSet {
            partners: points.partners.as_deref().map(row),
            ..PointSet::new(points.dimension, points.point(p).to_vec())
        };
        let values = equation
            .jets_at(&point, jets)
            .into_iter()
            .map(|values| values.first().copied().unwrap_or(f64::NAN));
        Some(Self {
            condition: equation.name.clone(),
            expression,
            x: point.coordinates,
            normal: points.normals.as_deref().map(row).unwrap_or_default(),
            jets: equation.jets.iter().map(|&jet| Leaf::Jet(jet)).zip(values).collect(),
        })
    }

    /// The first point at which the density of an energy is not finite, where its jets have these values.
    pub fn of_energy(
        expression: &Expr,
        jets: &[Jet],
        points: &PointSet,
        density: &[f64],
        values: &[Vec<f64>],
    ) -> Option<Self> {
        let p = density.iter().position(|value| !value.is_finite())?;
        Some(Self {
            condition: "energy".to_owned(),
            expression: expression.clone(),
            x: points.point(p).to_vec(),
            normal: Vec::new(),
            jets: jets.iter().zip(values).map(|(&jet, values)| (Leaf::Jet(jet), values[p])).collect(),
        })
    }

    /// The same among all conditions of a fit, of which `at` was evaluated for the coefficients `c`.
    pub fn of_fit(
        trial: &Trial,
        c: &[f64],
        equations: &[Equation],
        collocations: &[Collocation],
        at: &[Linearised],
    ) -> Option<Self> {
        let mut blocks = equations.iter().zip(collocations).zip(at);
        blocks.find_map(|((equation, Collocation { points, .. }), at)| {
            Self::find(equation, points, at, |x, jets| trial.jets(c, points.dimension, x, jets))
        })
    }

    /// Such as: in `equation[1]`, log(u) is NaN where u = -0.31, at x = 0.25.
    pub fn describe(&self, problem: &Problem) -> String {
        let numbers = |names: &[String], values: &[f64]| {
            let pairs = names.iter().zip(values).map(|(name, &value)| format!("{name} = {}", brief(value)));
            pairs.collect::<Vec<_>>().join(", ")
        };
        let at = numbers(problem.domain.coordinates(), &self.x);
        let jet = |leaf: Leaf| self.jets.iter().find(|(known, _)| *known == leaf).map(|(_, value)| *value);
        let unknowns = Unknowns::of(problem);
        let z: Vec<f64> =
            (0..unknowns.len()).map(|k| jet(Leaf::Jet(unknowns.jet(k))).unwrap_or(f64::NAN)).collect();
        let found = unknowns.values(&z);
        let value = |leaf: Leaf| match leaf {
            Leaf::Coordinate(i) => self.x.get(i).copied(),
            Leaf::Normal(i) => self.normal.get(i).copied(),
            Leaf::Parameter(i) => problem
                .unknown(&leaf)
                .map_or_else(|| problem.parameters.get(i).copied(), |k| found.get(k).copied()),
            Leaf::Jet(_) => jet(leaf),
        };
        let condition = &self.condition;
        let Some(found) = self.expression.non_finite(|leaf| value(leaf).unwrap_or(0.0)) else {
            return format!(
                "in `{condition}`, a value is beyond the range of the fit's precision on the device, at {at}"
            );
        };
        let scope = &problem.scope;
        let what = match found.value {
            value if value.is_nan() => "NaN",
            value if value > 0.0 => "+∞",
            _ => "−∞",
        };
        let operands =
            found.operands.iter().map(|(part, value)| format!("{} = {}", scope.show(part), brief(*value)));
        let operands: Vec<String> = operands.collect();
        let (part, given) = (scope.show(&found.part), operands.join(", "));
        let given = if given.is_empty() { String::new() } else { format!(" where {given}") };
        format!("in `{condition}`, {part} is {what}{given}, at {at}")
    }
}
