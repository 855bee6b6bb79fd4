//! The error of a solution where the exact one is known, or one in a file.

use std::path::{Path, PathBuf};

use ansatz_expr::{Expr, Jet};
use ansatz_problem::{PointSet, Problem};

use super::{PdeError, Solution};
use crate::io::ErrorKind;
use crate::reference::{Axis, Reference};

/// The environment variable that names the folder of reference solutions.
const REFERENCES: &str = "ANSATZ_REFERENCES";
/// Of larger evaluation grids, so many points or a few more are taken.
const MOST_POINTS: usize = 150_000;

/// Where the file of a reference may lie: in the folder of the problem file, and in that of references.
pub(super) fn places(file: &str, folder: Option<&Path>) -> Vec<PathBuf> {
    let folders = [folder.map(Path::to_owned), std::env::var_os(REFERENCES).map(PathBuf::from)];
    folders.into_iter().flatten().map(|folder| folder.join(file)).collect()
}

/// Where a solution is known from.
pub(super) enum Known {
    /// Expressions of some fields.
    Exact { fields: Vec<usize>, expressions: Vec<Expr> },
    /// A field on a grid in a file, whose dimensions are these coordinates.
    File { name: String, field: usize, axes: Vec<usize>, reference: Reference },
}

impl Known {
    /// The exact solution of a problem, else the one in its reference file, if it has either and the file is somewhere.
    /// `folder` is that of the problem file.
    pub fn find(problem: &Problem, folder: Option<&Path>) -> Result<Option<Self>, PdeError> {
        let known = problem.exact.iter().enumerate();
        let (fields, expressions): (Vec<usize>, Vec<_>) =
            known.filter_map(|(field, exact)| Some((field, exact.clone()?))).unzip();
        if !fields.is_empty() {
            return Ok(Some(Self::Exact { fields, expressions }));
        }
        let Some(wanted) = &problem.reference else { return Ok(None) };
        let bounds = problem.domain.bounds();
        let periodic = |axis| {
            let is_of =
                |region: &ansatz_problem::Region| *region == ansatz_problem::Region::Periodic { axis };
            problem.conditions.iter().any(|condition| is_of(&condition.region))
        };
        let axes: Vec<Axis> = wanted
            .axes
            .iter()
            .map(|&axis| Axis {
                name: problem.domain.coordinates()[axis].clone(),
                low: bounds[axis][0],
                high: bounds[axis][1],
                periodic: periodic(axis),
            })
            .collect();
        let field = &problem.scope.fields()[wanted.field];
        for place in places(&wanted.file, folder) {
            let reference = match Reference::read(&place, field, &axes) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                found => found?,
            };
            let (name, axes) = (wanted.file.clone(), wanted.axes.clone());
            return Ok(Some(Self::File { name, field: wanted.field, axes, reference }));
        }
        Ok(None)
    }

    /// The fields that are known.
    pub fn fields(&self) -> Vec<usize> {
        match self {
            Self::Exact { fields, .. } => fields.clone(),
            Self::File { field, .. } => vec![*field],
        }
    }

    /// The known values at points, field after field.
    pub fn values(&self, problem: &Problem, points: &PointSet) -> Vec<Vec<f64>> {
        match self {
            Self::Exact { expressions, .. } => problem.values(expressions, points),
            Self::File { axes, reference, .. } => {
                let at = |x: &[f64]| reference.at(&axes.iter().map(|&axis| x[axis]).collect::<Vec<_>>());
                vec![points.iter().map(at).collect()]
            }
        }
    }
}

/// What solutions are compared with, at the points of the problem's evaluation grid.
pub(super) struct Yardstick {
    /// What it is, for the report.
    pub name: String,
    /// The fields that are known.
    fields: Vec<usize>,
    points: PointSet,
    /// The known values, field after field.
    values: Vec<Vec<f64>>,
}

impl Yardstick {
    /// The known solution of a problem, if there is one; a file that is nowhere is noted.
    pub fn new(
        problem: &Problem,
        folder: Option<&Path>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Self>, PdeError> {
        let Some(known) = Known::find(problem, folder)? else {
            notes.extend(problem.reference.as_ref().map(|wanted| {
                format!(
                    "the reference solution {} is neither beside the problem file nor in ${REFERENCES}, so no error is known",
                    wanted.file
                )
            }));
            return Ok(None);
        };
        if let (Known::Exact { .. }, Some(unread)) = (&known, &problem.reference) {
            notes.push(format!("errors are against [exact]; the reference file {} is not read", unread.file));
        }
        let name = match &known {
            Known::Exact { .. } => "the exact solution".to_owned(),
            Known::File { name, .. } => name.clone(),
        };
        let points = thinned(problem, problem.evaluation_points()?);
        let values = known.values(problem, &points);
        Ok(Some(Self { name, fields: known.fields(), points, values }))
    }

    /// ‖u − u*‖₂/‖u*‖₂ over all known fields; see [`relative_difference`].
    pub fn relative_l2_error(&self, values: impl Fn(&[Jet], &PointSet) -> Vec<Vec<f64>>) -> f64 {
        let jets: Vec<Jet> = self.fields.iter().map(|&field| Jet::value(field)).collect();
        relative_difference(&values(&jets, &self.points), &self.values)
    }

    /// As [`Yardstick::relative_l2_error`], of a solution.
    pub fn error_of(&self, solution: &Solution) -> f64 {
        self.relative_l2_error(|jets, points| solution.jets(&points.coordinates, jets))
    }
}

/// ‖u − v‖₂/‖v‖₂ over all fields and all points where v is finite.
pub(super) fn relative_difference(u: &[Vec<f64>], v: &[Vec<f64>]) -> f64 {
    let (mut difference, mut size) = (0.0, 0.0);
    let pairs = u.iter().flatten().zip(v.iter().flatten());
    for (u, v) in pairs.filter(|(_, v)| v.is_finite()) {
        difference += (u - v) * (u - v);
        size += v * v;
    }
    if difference == 0.0 { 0.0 } else { (difference / size).sqrt() }
}

/// Every so manyth point, where there are too many: a step that has no divisor in common with the grid's sides, so that no
/// row or column of it is favoured.
fn thinned(problem: &Problem, points: PointSet) -> PointSet {
    let mut step = points.len().div_ceil(MOST_POINTS).max(1);
    while step > 1 && problem.evaluate.iter().any(|&side| greatest_common_divisor(side, step) > 1) {
        step += 1;
    }
    PointSet::new(points.dimension, points.iter().step_by(step).flatten().copied().collect())
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
