//! The error of a solution where the exact one is known.

use ansatz_expr::Jet;
use ansatz_problem::{PointSet, Problem};

use super::{PdeError, Solution};

/// What solutions are compared with, at the points of the problem's evaluation grid.
pub(super) struct Yardstick {
    /// What it is, for the report.
    pub name: String,
    /// The fields that are known.
    fields: Vec<usize>,
    pub points: PointSet,
    /// The known values, field after field.
    values: Vec<Vec<f64>>,
}

impl Yardstick {
    /// The exact solution of a problem, if it has one.
    pub fn exact(problem: &Problem) -> Result<Option<Self>, PdeError> {
        let known = problem.exact.iter().enumerate();
        let (fields, expressions): (Vec<usize>, Vec<_>) =
            known.filter_map(|(field, exact)| Some((field, exact.clone()?))).unzip();
        if fields.is_empty() {
            return Ok(None);
        }
        let points = problem.evaluation_points()?;
        let values = problem.values(&expressions, &points);
        Ok(Some(Self { name: "the exact solution".to_owned(), fields, points, values }))
    }

    /// ‖u − u*‖₂/‖u*‖₂ over all known fields and all points where u* is finite.
    pub fn relative_l2_error(&self, values: impl Fn(&[Jet], &PointSet) -> Vec<Vec<f64>>) -> f64 {
        let jets: Vec<Jet> = self.fields.iter().map(|&field| Jet::value(field)).collect();
        let found = values(&jets, &self.points);
        let pairs = found.iter().flatten().zip(self.values.iter().flatten());
        let (mut difference, mut size) = (0.0, 0.0);
        for (u, exact) in pairs.filter(|(_, exact)| exact.is_finite()) {
            difference += (u - exact) * (u - exact);
            size += exact * exact;
        }
        (difference / size).sqrt()
    }

    /// As [`Yardstick::relative_l2_error`], of a solution.
    pub fn error_of(&self, solution: &Solution) -> f64 {
        self.relative_l2_error(|jets, points| solution.jets(&points.coordinates, jets))
    }
}
