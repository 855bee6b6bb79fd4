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
    format!(
        "corner at {}: with {:.0}° inside, u in general behaves like r^{:.3} there and its gradient is unbounded{}; \
         the largest residual, at {}, lies {near} it",
        list(&corner.at),
        corner.angle.to_degrees(),
        corner.exponent(),
        remedy(task, corner),
        list(worst)
    )
}

/// What the trial space has for a corner.
fn remedy(task: &Task<'_>, corner: &Corner) -> String {
    let mut added: Vec<String> = Vec::new();
    for (at, function) in task.singular.iter().flatten().map(SingularFunction::describe) {
        if at == corner.at && !added.contains(&function) {
            added.push(function);
        }
    }
    if added.is_empty() {
        ", so convergence is slow near it".to_owned()
    } else {
        format!(", so the features have {} of it beside them", added.join(", "))
    }
}

/// The highest order in the coordinates of space of the equations inside.
fn order_in_space(task: &Task<'_>) -> u32 {
    let space = task.problem.domain.shape().dimension();
    let inside = task.inside();
    let equations = task.equations.iter().zip(inside).filter(|(_, inside)| *inside);
    let jets = equations.flat_map(|(equation, _)| &equation.jets);
    jets.map(|jet| jet.orders[..space].iter().map(|&order| u32::from(order)).sum()).max().unwrap_or(0)
}
