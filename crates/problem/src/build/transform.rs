//! Conditions that are built into the trial functions.

use ansatz_expr::{Expr, Jet, Leaf, Scope, short};

use super::expressions::{field, parse};
use super::periodic::sample;
use super::unknowns;
use crate::builder::ProblemBuilder;
use crate::{Condition, Problem, ProblemError, Region};

/// Points on which a condition is tried.
const POINTS: usize = 256;
/// Largest residual there of a condition that holds, beside numbers of size 1.
const TOLERANCE: f64 = 1e-10;

/// The transform of each field.
pub(super) fn read(builder: &ProblemBuilder, scope: &Scope) -> Result<Vec<Option<Expr>>, ProblemError> {
    let mut transforms = vec![None; builder.fields.len()];
    for (name, text) in &builder.transforms {
        let key = format!("transform.{name}");
        let field = field(builder, &key, name)?;
        let expression = parse(&key, scope, text)?;
        if expression.jets() != [Jet::value(field)] {
            return Err(ProblemError::new(
                key,
                format!("`{text}` is not an expression of `{name}` itself"),
                format!("`{name}`, coordinates and parameters, without derivatives or other fields"),
                format!("write it as in \"x*(1 - x)*{name}\""),
            ));
        }
        unknowns::absent(builder, &key, text, &expression)?;
        transforms[field] = Some(expression);
    }
    Ok(transforms)
}

/// Which conditions hold whatever a method spans. Where a transform leaves nothing of the unknown at the points of a condition,
/// it must fulfil it.
pub(super) fn built_in(problem: &Problem) -> Result<Vec<bool>, ProblemError> {
    if problem.transforms.iter().all(Option::is_none) {
        return Ok(vec![false; problem.conditions.len()]);
    }
    problem.conditions.iter().map(|condition| holds(problem, condition)).collect()
}

fn holds(problem: &Problem, condition: &Condition) -> Result<bool, ProblemError> {
    // Both sides of a periodic boundary have residuals of their own, whose difference is to vanish. What is measured or unknown is
    // fulfilled by the fit.
    let of_unknowns = condition.residual.leaves().iter().any(|leaf| problem.unknown(leaf).is_some());
    if matches!(condition.region, Region::Periodic { .. }) || condition.noise.is_some() || of_unknowns {
        return Ok(false);
    }
    let residual = problem.transformed(&condition.residual);
    let points = sample(problem, &condition.region, POINTS)?;
    let partials: Vec<Expr> =
        residual.jets().into_iter().map(|jet| residual.partial(&Leaf::Jet(jet))).collect();
    let exceeds = |size: f64| size.is_nan() || size > TOLERANCE;
    let largest = |values: &[f64]| values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if problem.values(&partials, &points).iter().any(|values| exceeds(largest(values))) {
        return Ok(false);
    }
    let mut values = problem.values(&[residual], &points).pop().unwrap_or_default();
    let targets = points.values.iter().flatten();
    values.iter_mut().zip(targets).for_each(|(value, target)| *value -= target);
    let residual = largest(&values);
    if !exceeds(residual) {
        return Ok(true);
    }
    Err(ProblemError::new(
        &condition.key,
        format!("[transform] leaves nothing of the unknown in it, and its residual is {}", short(residual)),
        "a transform that fulfils the condition, or leaves it to be fulfilled",
        "correct [transform] or the condition",
    ))
}
