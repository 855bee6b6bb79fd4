//! Collocation points inside that the problem gives.

use ansatz_problem::{Cloud, Domain, ProblemError};

use super::settings::Settings;
use super::task::Task;
use super::{PdeError, PdeOptions};

/// The points that the problem gives, unless a number of points is asked for, which overrides them.
pub(super) fn given<'a>(task: &Task<'a>, options: &PdeOptions) -> Option<&'a Cloud> {
    task.problem.cloud.as_ref().filter(|_| options.points.is_none())
}

/// Whether there are points enough in every window; a line for the report.
///
/// # Errors
/// A window in which the points of all conditions are fewer than the unknowns.
pub(super) fn check(
    task: &Task<'_>,
    cloud: &Cloud,
    windows: &[Domain],
    settings: &Settings,
) -> Result<String, PdeError> {
    let problem = task.problem;
    let equations = task.inside().iter().filter(|inside| **inside).count();
    let elsewhere = settings.points[1] * (task.equations.len() - equations);
    let unknowns = settings.features * problem.scope.fields().len();
    let from = cloud.file.as_ref().map(|file| format!(" of `{file}`")).unwrap_or_default();
    for window in windows {
        let inside = cloud.points.iter().filter(|x| window.contains(x, true)).count();
        if inside > 0 && inside * equations + elsewhere >= unknowns {
            continue;
        }
        let when = match window.time() {
            Some([start, end]) if windows.len() > 1 => format!(" from time {start:.4} to {end:.4}"),
            _ => String::new(),
        };
        return Err(PdeError::Problem(problem.error(ProblemError {
            place: None,
            key: "method.points_file".to_owned(),
            column: None,
            problem: format!(
                "{inside} points{from}{when}: too few for {unknowns} unknowns, with the {elsewhere} of the other conditions"
            ),
            expected: "as many points as unknowns; two to ten times as many are usual".to_owned(),
            remedy: "give more points, or use fewer features or time windows".to_owned(),
        })));
    }
    Ok(format!(
        "the collocation points inside are the {} given ones{from}, the same for every seed; the verification is at others",
        cloud.points.len()
    ))
}
