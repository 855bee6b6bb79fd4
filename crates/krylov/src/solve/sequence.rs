//! Right-hand sides one after the other, each with what the ones before it left to recycle.

use std::ops::ControlFlow;

use ansatz_gpu::Gpu;

use super::{Progress, Solution, SolveOptions, solve_by};
use crate::operator::Operator;
use crate::{KrylovError, Outcome, Reason};

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
    // What the first right-hand side took; a space that does not help may not take much more.
    let mut usual = None;
    for (index, b) in b.iter().enumerate() {
        let (b, x0) = (std::slice::from_ref(b), x0.map(|x0| &x0[index..=index]));
        let given = options.max_iterations;
        options.max_iterations = match usual {
            Some(usual) if options.recycle.is_some() => {
                Some(given.unwrap_or(u64::MAX).min(2 * usual + SLACK))
            }
            _ => given,
        };
        let solved = solve_by(gpu, a, b, x0, &options, monitor);
        let mut next = solved.map_err(|error| with_earlier(error, &solution))?;
        let allowed = std::mem::replace(&mut options.max_iterations, given);
        let is_cut = next.outcomes[0].reason == Reason::MaxIterations && allowed != given;
        if is_cut {
            // The space is dropped, for this right-hand side and those that follow.
            (options.deflation, options.recycle, next.recycled) = (None, None, None);
            let left = given.map(|given| given.saturating_sub(next.outcomes[0].iterations));
            let rest = SolveOptions { max_iterations: left, ..options.clone() };
            let x = [next.outcomes[0].x.clone()];
            let again = solve_by(gpu, a, b, Some(&x), &rest, monitor);
            let again = again.map_err(|error| with_earlier(error, &solution))?;
            next = continued(next, again);
        }
        usual = usual.or(Some(next.outcomes[0].iterations));
        solution.profile.merge(&next.profile);
        let mut outcomes = std::mem::take(&mut solution.outcomes);
        let is_stopped = next.outcomes[0].reason == Reason::Stopped;
        outcomes.extend(std::mem::take(&mut next.outcomes));
        options.deflation = next.recycled.clone().or(options.deflation);
        solution = Solution { outcomes, profile: std::mem::take(&mut solution.profile), ..next };
        if is_stopped {
            // The others stay as they are.
            options = SolveOptions { max_iterations: Some(0), recycle: None, ..options };
        }
    }
    let first_stop = solution.outcomes.iter().position(|outcome| outcome.reason == Reason::Stopped);
    for outcome in solution.outcomes.iter_mut().skip(first_stop.unwrap_or(usize::MAX)) {
        if outcome.reason == Reason::MaxIterations {
            outcome.reason = Reason::Stopped;
        }
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

/// Iterations that a deflated solve may take beyond twice those of the first.
const SLACK: u64 = 100;

/// A solve that went on where another one had ended.
fn continued(before: Solution, mut after: Solution) -> Solution {
    for (after, before) in after.outcomes.iter_mut().zip(&before.outcomes) {
        after.follow(before);
        after.outer_iterations += before.outer_iterations;
    }
    after.profile.merge(&before.profile);
    after
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
