//! Whether unknown parameters can be found.

use ansatz_expr::{Expr, short};

use crate::builder::ProblemBuilder;
use crate::unknown::{open, position};
use crate::{Condition, ProblemError, Unknown};

/// Where they begin and end.
pub(super) fn check(builder: &ProblemBuilder) -> Result<(), ProblemError> {
    for Unknown { name, start, bounds: [low, high], exact } in &builder.unknowns {
        let key = format!("unknowns.{name}");
        let inside = |value: f64| value.is_finite() && value > *low && value < *high;
        if low.is_nan() || high.is_nan() || low >= high {
            return Err(ProblemError::new(
                key,
                format!("nothing lies between {} and {}", short(*low), short(*high)),
                "a lower bound below the upper one",
                "correct `min` or `max`",
            ));
        }
        let between = match (low.is_finite(), high.is_finite()) {
            (true, true) => format!("a number between {} and {}", short(*low), short(*high)),
            (true, false) => format!("a number above {}", short(*low)),
            (false, true) => format!("a number below {}", short(*high)),
            (false, false) => "a finite number".to_owned(),
        };
        if !inside(*start) {
            let problem = format!("the start is {}", short(*start));
            return Err(ProblemError::new(key, problem, between, "begin inside the bounds"));
        }
        if let Some(exact) = exact.filter(|exact| !inside(*exact)) {
            let problem = format!("the true value is {}", short(exact));
            return Err(ProblemError::new(key, problem, between, "correct it, or the bounds"));
        }
    }
    Ok(())
}

/// Every one must be in some condition.
pub(super) fn are_used(builder: &ProblemBuilder, conditions: &[Condition]) -> Result<(), ProblemError> {
    for (number, Unknown { name, .. }) in builder.unknowns.iter().enumerate() {
        let holds = |condition: &Condition| {
            let mut leaves = condition.residual.leaves().into_iter();
            leaves.any(|leaf| {
                position(&leaf, builder.parameter_count(), builder.unknowns.len()) == Some(number)
            })
        };
        if !conditions.iter().any(holds) {
            return Err(ProblemError::new(
                format!("unknowns.{name}"),
                format!("no condition holds `{name}`, so nothing could find it"),
                "every unknown in some condition",
                "write it into an equation, or remove it",
            ));
        }
    }
    Ok(())
}

/// Refuses an expression that has no value before an unknown is found.
pub(super) fn known(
    builder: &ProblemBuilder,
    key: &str,
    text: &str,
    expression: &Expr,
) -> Result<(), ProblemError> {
    match open(expression, builder.parameter_count(), &builder.unknowns) {
        None => Ok(()),
        Some(Unknown { name, .. }) => Err(ProblemError::new(
            key,
            format!("`{text}` depends on `{name}`, which is unknown"),
            "an expression of what is known",
            format!("give its true value, as in {name} = {{ start = 1, exact = 2 }}, or write it without"),
        )),
    }
}

/// Refuses an expression of unknown parameters.
pub(super) fn absent(
    builder: &ProblemBuilder,
    key: &str,
    text: &str,
    expression: &Expr,
) -> Result<(), ProblemError> {
    let of = |leaf| builder.unknowns.get(position(&leaf, builder.parameter_count(), builder.unknowns.len())?);
    match expression.leaves().into_iter().find_map(of) {
        None => Ok(()),
        Some(Unknown { name, .. }) => Err(ProblemError::new(
            key,
            format!("`{text}` depends on `{name}`, which is unknown"),
            "an expression without unknown parameters",
            "write it without, or make it a parameter",
        )),
    }
}
