//! Corners that make the gradient of the solution unbounded: said in the report, not hidden.

use ansatz_problem::Corner;

use super::report_text::list;
use super::singular::SingularFunction;
use super::task::Task;

/// So many corners are named, the sharpest first; the others are counted.
const NAMED: usize = 8;
/// The largest residual is a corner's if it lies this near, in parts of the size of the domain.
const AT_THE_CORNER: f64 = 0.1;

/// A line for each re-entrant corner of a problem of second order in the plane; `worst` is where the largest residual is.
pub(super) fn notes(task: &Task<'_>, worst: &[f64]) -> Vec<String> {
    if !matter(task) {
        return Vec::new();
    }
    let domain = &task.problem.domain;
    let mut corners = domain.corners();
    corners.retain(Corner::is_reentrant);
    corners.sort_by(|a, b| b.angle.total_cmp(&a.angle));
    let mut notes: Vec<String> = corners.iter().take(NAMED).map(|corner| note(task, corner, worst)).collect();
    if corners.len() > NAMED {
        notes.push(format!("{} more re-entrant corners, less sharp ones", corners.len() - NAMED));
    }
    let holes = domain.round_holes();
    if let Some(functions) = holes.first().and_then(|hole| remedy(task, hole.centre)) {
        let count = holes.len();
        let holes =
            if count == 1 { "a round hole".to_owned() } else { format!("each of {count} round holes") };
        notes.push(format!("for {holes}, the features have {functions} of its centre beside them"));
    }
    notes
}

/// Whether the shape of the domain may be more than smooth features can follow: with an equation of second order in the plane.
/// Where no corner is re-entrant, what corners leave behind is little.
pub(super) fn matter(task: &Task<'_>) -> bool {
    order_in_space(task) == 2 && task.problem.domain.shape().dimension() == 2
}

fn note(task: &Task<'_>, corner: &Corner, worst: &[f64]) -> String {
    let domain = &task.problem.domain;
    let size = domain.shape().bounds().iter().map(|[low, high]| high - low).fold(0.0, f64::max);
    let remedy = remedy(task, corner.at).map_or_else(
        || ", so convergence is slow near it".to_owned(),
        |functions| format!(", so the features have {functions} beside them"),
    );
    let near = match worst {
        [x, y, ..] if (x - corner.at[0]).hypot(y - corner.at[1]) <= AT_THE_CORNER * size => "near",
        _ => "not near",
    };
    format!(
        "corner at {}: with {:.0}° inside, u in general behaves like r^{:.3} there and its gradient is unbounded{}; \
         the largest residual, at {}, lies {near} it",
        list(&corner.at),
        corner.angle.to_degrees(),
        leading(task, corner),
        remedy,
        list(worst)
    )
}

/// The exponent of a corner: the least of those added for it, which the kinds of its conditions decide.
fn leading(task: &Task<'_>, corner: &Corner) -> f64 {
    let added = task.singular.iter().flatten().filter_map(SingularFunction::exponent);
    let of_corner = added.filter(|(at, _)| *at == corner.at).map(|(_, exponent)| exponent);
    of_corner.reduce(f64::min).unwrap_or(corner.exponent())
}

/// What the trial space has for a corner or a hole there.
fn remedy(task: &Task<'_>, place: [f64; 2]) -> Option<String> {
    let mut added: Vec<String> = Vec::new();
    let exponents = |function: &SingularFunction| Some((function.exponent()?, function.describe()?));
    for ((at, _), function) in task.singular.iter().flatten().filter_map(exponents) {
        if at == place && !added.contains(&function) {
            added.push(function);
        }
    }
    (!added.is_empty()).then(|| added.join(", "))
}

/// The highest order in the coordinates of space of the equations inside.
fn order_in_space(task: &Task<'_>) -> u32 {
    let space = task.problem.domain.shape().dimension();
    let inside = task.inside();
    let equations = task.equations.iter().zip(inside).filter(|(_, inside)| *inside);
    let jets = equations.flat_map(|(equation, _)| &equation.jets);
    jets.map(|jet| jet.orders[..space].iter().map(|&order| u32::from(order)).sum()).max().unwrap_or(0)
}
