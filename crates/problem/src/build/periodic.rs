//! Whether what is given agrees across periodic sides.

use ansatz_expr::{Expr, Leaf};

use crate::{PointSet, Problem, ProblemError, Region, Sampler};

/// Points tried on each side.
const POINTS: usize = 64;

/// Largest difference, against the size of the values.
const TOLERANCE: f64 = 1e-9;

/// Initial values and exact solutions must be equal at the two sides of a periodic coordinate.
pub(super) fn check(problem: &Problem) -> Result<(), ProblemError> {
    let mut known: Vec<(String, Expr)> = Vec::new();
    for condition in &problem.conditions {
        if condition.region == Region::Initial && !problem.is_open(&condition.residual) {
            // The part without the fields: minus the initial value.
            let given = condition.residual.substitute(|leaf| match leaf {
                Leaf::Jet(_) => Some(Expr::number(0.0)),
                _ => None,
            });
            known.push((condition.key.clone(), given));
        }
    }
    for (field, exact) in problem.scope.fields().iter().zip(&problem.exact) {
        known.extend(exact.iter().map(|exact| (format!("exact.{field}"), exact.clone())));
    }
    let mut axes: Vec<(usize, &str)> = Vec::new();
    for condition in &problem.conditions {
        if let Region::Periodic { axis } = condition.region
            && !axes.iter().any(|(other, _)| *other == axis)
        {
            axes.push((axis, &condition.key));
        }
    }
    for (axis, periodic) in axes {
        let mut side = sample(problem, &Region::Periodic { axis }, POINTS)?;
        let mut twin = PointSet::new(side.dimension, side.partners.take().unwrap_or_default());
        side.normals = None;
        for (key, expr) in &known {
            if key.starts_with("initial") {
                at_start(problem, &mut side);
                at_start(problem, &mut twin);
            }
            let here = problem.values(std::slice::from_ref(expr), &side).remove(0);
            let there = problem.values(std::slice::from_ref(expr), &twin).remove(0);
            // Values inside count too: a sine may vanish at both ends.
            let mut inside = sample(problem, &Region::Interior, POINTS)?;
            if key.starts_with("initial") {
                at_start(problem, &mut inside);
            }
            let inside = problem.values(std::slice::from_ref(expr), &inside).remove(0);
            let size = here.iter().chain(&there).chain(&inside).fold(0.0f64, |size, x| size.max(x.abs()));
            let worst = here.iter().zip(&there).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            if worst > TOLERANCE * size {
                let name = &problem.scope.coordinates()[axis];
                return Err(ProblemError::new(
                    key,
                    format!("differs by {worst:.3e} between the two ends of `{name}`, which is periodic"),
                    format!("equal values at both, as {periodic} demands"),
                    "correct the values, or remove `periodic`",
                ));
            }
        }
    }
    Ok(())
}

fn at_start(problem: &Problem, points: &mut PointSet) {
    if let Some([start, _]) = problem.domain.time() {
        let last = points.dimension - 1;
        points.coordinates.iter_mut().skip(last).step_by(points.dimension).for_each(|t| *t = start);
    }
}

/// The same points in every check.
pub(super) fn sample(problem: &Problem, region: &Region, count: usize) -> Result<PointSet, ProblemError> {
    problem.sample(region, count, Sampler::Sobol, 0).map_err(|error| super::of_domain("domain", &error))
}
