//! Values of an unknown that contradict each other on the same part of the boundary, or at the start.

use ansatz_expr::{Expr, Jet, Leaf, short};

use super::periodic::sample;
use crate::{Condition, Problem, ProblemError, Region};

/// Points tried on each part.
const POINTS: usize = 64;

/// Largest difference, against the size of the values.
const TOLERANCE: f64 = 1e-9;

/// Two conditions that each give the value of a field where both hold must give the same.
pub(super) fn check(problem: &Problem) -> Result<(), ProblemError> {
    let given: Vec<(&Condition, usize, Expr)> = problem
        .conditions
        .iter()
        .filter(|condition| matches!(condition.region, Region::Boundary(_) | Region::Initial))
        .filter(|condition| !problem.is_open(&condition.residual))
        .filter_map(|condition| value(condition).map(|(field, value)| (condition, field, value)))
        .collect();
    for (number, (later, field, value)) in given.iter().enumerate() {
        for (earlier, other_field, other) in &given[..number] {
            if field != other_field || value == other {
                continue;
            }
            for (place, region) in common(problem, &earlier.region, &later.region) {
                let points = sample(problem, &region, POINTS)?;
                let values = problem.values(&[other.clone(), value.clone()], &points);
                let size = values.iter().flatten().filter(|value| value.is_finite());
                let size = size.fold(0.0f64, |size, value| size.max(value.abs()));
                let mut pairs = values[0].iter().zip(&values[1]);
                if let Some((a, b)) = pairs.find(|(a, b)| (*a - *b).abs() > TOLERANCE * size) {
                    let name = &problem.scope.fields()[*field];
                    return Err(ProblemError::new(
                        &later.key,
                        format!(
                            "contradicts {}: at {place} `{name}` would be {} and {}",
                            earlier.key,
                            short(*a),
                            short(*b)
                        ),
                        "one value in each place",
                        "remove one of the two, or let them hold on other pieces",
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The field and its value, where a condition is u = g.
fn value(condition: &Condition) -> Option<(usize, Expr)> {
    let residual = &condition.residual;
    let jets = residual.jets();
    let [jet] = jets[..] else { return None };
    if jet != Jet::value(jet.field) {
        return None;
    }
    let slope = residual.partial(&Leaf::Jet(jet));
    let nothing = residual.substitute(|leaf| matches!(leaf, Leaf::Jet(_)).then(|| Expr::number(0.0)));
    slope.jets().is_empty().then(|| (jet.field, -nothing / slope))
}

/// The parts where both conditions hold, by name.
fn common(problem: &Problem, a: &Region, b: &Region) -> Vec<(String, Region)> {
    match (a, b) {
        (Region::Initial, Region::Initial) => vec![("the initial time".to_owned(), Region::Initial)],
        (Region::Boundary(a), Region::Boundary(b)) => {
            let pieces = problem.domain.boundary().into_iter().filter(|piece| {
                let holds = |on: &[String]| on.iter().any(|name| name == "all" || piece.names.contains(name));
                holds(a) && holds(b)
            });
            pieces.map(|piece| (format!("`{}`", piece.name), Region::Boundary(vec![piece.name]))).collect()
        }
        _ => Vec::new(),
    }
}
