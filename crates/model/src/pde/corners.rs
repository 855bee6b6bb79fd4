//! Corners that make the gradient of the solution unbounded: said in the report, not hidden.

use ansatz_problem::Corner;

use super::report::list;
use super::singular::SingularFunction;
use super::task::Task;

/// So many corners are named, the sharpest first; the others are counted.
const NAMED: usize = 8;
/// The largest residual is a corner's if it lies this near, in parts of the size of the domain.
const AT_THE_CORNER: f64 = 0.1;

/// A line for each re-entrant corner of a problem of second order in the plane; `worst` is where the largest residual is.
pub(super) fn notes(task: &Task<'_>, worst: &[f64]) -> Vec<String> {
    let domain = &task.problem.domain;
    let mut corners = domain.corners();
    corners.retain(Corner::is_reentrant);
    if order_in_space(task) != 2 || corners.is_empty() {
        return Vec::new();
    }
    corners.sort_by(|a, b| b.angle.total_cmp(&a.angle));
    let mut notes: Vec<String> = corners.iter().take(NAMED).map(|corner| note(task, corner, worst)).collect();
    if corners.len() > NAMED {
        notes.push(format!("{} more re-entrant corners, less sharp ones", corners.len() - NAMED));
    }
    notes
}

/// Whether there is a re-entrant corner, of an equation of second order. A corner of less than 180° leaves less behind, for
/// which smooth features do well enough.
pub(super) fn are_sharp(task: &Task<'_>) -> bool {
    order_in_space(task) == 2 && task.problem.domain.corners().iter().any(Corner::is_reentrant)
}

fn note(task: &Task<'_>, corner: &Corner, worst: &[f64]) -> String {
    let domain = &task.problem.domain;
    let size = domain.shape().bounds().iter().map(|[low, high]| high - low).fold(0.0, f64::max);
    let near = match worst {
        [x, y, ..] if (x - corner.at[0]).hypot(y - corner.at[1]) <= AT_THE_CORNER * size => "near",
        _ => "not near",
    };
    let added = exponents(task, corner);
    let remedy = match added[..] {
        [] => ", so convergence is slow near it".to_owned(),
        [.., last] => format!(", so {} functions up to r^{last:.3} stand beside the features", added.len()),
    };
    format!(
        "corner at {}: with {:.0}° inside, u in general behaves like r^{:.3} there and its gradient is unbounded{remedy}; \
         the largest residual, at {}, lies {near} it",
        list(&corner.at),
        corner.angle.to_degrees(),
        added.first().copied().unwrap_or(corner.exponent()),
        list(worst)
    )
}

/// The exponents that the trial space has for a corner, of all fields, in order.
fn exponents(task: &Task<'_>, corner: &Corner) -> Vec<f64> {
    let added = task.singular.iter().flatten().filter_map(SingularFunction::exponent);
    let mut exponents: Vec<f64> =
        added.filter(|(at, _)| *at == corner.at).map(|(_, exponent)| exponent).collect();
    exponents.sort_by(f64::total_cmp);
    exponents
}

/// The highest order in the coordinates of space of the equations inside.
fn order_in_space(task: &Task<'_>) -> u32 {
    let space = task.problem.domain.shape().dimension();
    let inside = task.inside();
    let equations = task.equations.iter().zip(inside).filter(|(_, inside)| *inside);
    let jets = equations.flat_map(|(equation, _)| &equation.jets);
    jets.map(|jet| jet.orders[..space].iter().map(|&order| u32::from(order)).sum()).max().unwrap_or(0)
}
