//! Right-hand sides one after the other, each with what the ones before it left to recycle.

use std::ops::ControlFlow;

use ansatz_gpu::Gpu;

use super::{Progress, Solution, SolveOptions, solve_by};
use crate::operator::Operator;
use crate::{KrylovError, Outcome};

/// Solves as [`super::solve`] does, but in turn.
pub(super) fn solve_in_turn(
    gpu: &Gpu,
    a: &dyn Operator,
    b: &[Vec<f64>],
    x0: Option<&[Vec<f64>]>,
    options: &SolveOptions,
    monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Solution, KrylovError> {
    // What does not fit is to be told before the first is solved.
    let mut solution = solve_by(gpu, a, &[], x0.map(|_| &[] as &[Vec<f64>]), options, monitor)?;
    if let Some(x0) = x0.filter(|x0| x0.len() != b.len()) {
        let what = "the list of initial guesses";
        return Err(KrylovError::Length { what, found: x0.len(), expected: b.len() });
    }
    let mut options = options.clone();
    for (index, b) in b.iter().enumerate() {
        let x0 = x0.map(|x0| &x0[index..=index]);
        let solved = solve_by(gpu, a, std::slice::from_ref(b), x0, &options, monitor);
        let next = solved.map_err(|error| with_earlier(error, &solution))?;
        solution.profile.merge(&next.profile);
        let mut outcomes = std::mem::take(&mut solution.outcomes);
        outcomes.extend(next.outcomes);
        options.deflation = next.recycled.clone().or(options.deflation);
        solution = Solution { outcomes, profile: std::mem::take(&mut solution.profile), ..next };
    }
    solution.recycled = options.deflation;
    // As where all are solved at once, each outcome has the time of all.
    let total = |seconds: fn(&Outcome) -> f64| solution.outcomes.iter().map(seconds).sum::<f64>();
    let (setup, solve) = (total(|outcome| outcome.setup_seconds), total(|outcome| outcome.solve_seconds));
    for outcome in &mut solution.outcomes {
        (outcome.setup_seconds, outcome.solve_seconds) = (setup, solve);
    }
    Ok(solution)
}

/// An error with the iterates of the right-hand sides that were solved before.
fn with_earlier(error: KrylovError, solution: &Solution) -> KrylovError {
    match error {
        KrylovError::Interrupted { source, iterates, outer_iterations } => {
            let earlier = solution.outcomes.iter().map(|outcome| outcome.x.clone());
            KrylovError::Interrupted { source, iterates: earlier.chain(iterates).collect(), outer_iterations }
        }
        other => other,
    }
}
