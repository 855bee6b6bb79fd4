//! Conditions that are built into the trial functions.

use ansatz_expr::{Expr, Jet, Scope, short};

use super::expressions::parse;
use super::periodic::sample;
use crate::builder::ProblemBuilder;
use crate::{Problem, ProblemError, Region};

/// Points on which a condition without unknowns is tried.
const POINTS: usize = 256;
/// Largest residual there, beside numbers of size 1.
const TOLERANCE: f64 = 1e-10;

/// The transform of each field.
pub(super) fn read(builder: &ProblemBuilder, scope: &Scope) -> Result<Vec<Option<Expr>>, ProblemError> {
    let mut transforms = vec![None; builder.fields.len()];
    for (name, text) in &builder.transforms {
        let key = format!("transform.{name}");
        let Some(field) = builder.fields.iter().position(|other| other == name) else {
            return Err(ProblemError::new(
                key,
                format!("`{name}` is no field"),
                format!("one of {}", builder.fields.join(", ")),
                "name a field",
            ));
        };
        let expression = parse(&key, scope, text)?;
        if expression.jets() != [Jet::value(field)] {
            return Err(ProblemError::new(
                key,
                format!("`{text}` is not an expression of `{name}` itself"),
                format!("`{name}`, coordinates and parameters, without derivatives or other fields"),
                format!("write it as in \"x*(1 - x)*{name}\""),
            ));
        }
        transforms[field] = Some(expression);
    }
    Ok(transforms)
}

/// A transform leaves unknowns in every equation, and fulfils a condition of which it leaves none.
pub(super) fn check(problem: &Problem) -> Result<(), ProblemError> {
    if problem.transforms.iter().all(Option::is_none) {
        return Ok(());
    }
    for condition in &problem.conditions {
        let residual = problem.transformed(condition);
        // Both sides of a periodic boundary have residuals of their own, whose difference is to vanish.
        if matches!(condition.region, Region::Periodic { .. }) {
            continue;
        }
        let points = sample(problem, &condition.region, POINTS)?;
        if residual.jets().is_empty() {
            let mut values = problem.values(&[residual], &points).pop().unwrap_or_default();
            let targets = points.values.iter().flatten();
            values.iter_mut().zip(targets).for_each(|(value, target)| *value -= target);
            let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            if !(largest <= TOLERANCE) {
                return Err(violated(&condition.key, format!("its residual is {}", short(largest))));
            }
        }
    }
    Ok(())
}

fn violated(key: &str, how: String) -> ProblemError {
    ProblemError::new(
        key,
        format!("[transform] leaves no unknown in it, and {how}"),
        "a transform that fulfils it, or leaves it to be fulfilled",
        "correct [transform] or the condition",
    )
}
