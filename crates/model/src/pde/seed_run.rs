//! One run: a fit in each time window, and the verification.

use std::time::Instant;

use ansatz_problem::{Domain, Unknown};

use super::accuracy::Yardstick;
use super::attempt::Attempt;
use super::journal::Journal;
use super::newton::Stop;
use super::settings::Settings;
use super::solution::Piece;
use super::standard_error::{Certainty, Move};
use super::truth::{Truth, verify};
use super::unknowns;
use super::{Balance, FitPrecision, PdeError, PdeReason, SeedReport, Solution, Watch};

/// One seed.
pub(super) struct SeedRun {
    pub seed: u64,
    pub solution: Solution,
    pub truth: Truth,
    pub reason: PdeReason,
    pub error: Option<f64>,
    pub floor: f64,
    pub steps: usize,
    pub stop_reason: String,
    pub history: Vec<f64>,
    pub losses: Vec<Vec<f64>>,
    pub known_after: Vec<usize>,
    pub rank: Option<usize>,
    pub condition: f64,
    pub rows: usize,
    pub parameters: usize,
    pub weights: Vec<(String, f64)>,
    pub balance: Vec<(String, f64)>,
    pub tier: String,
    /// Of the unknown parameters.
    pub standard_errors: Vec<f64>,
    pub solve_seconds: f64,
    pub verify_seconds: f64,
}

impl SeedRun {
    pub fn report(&self) -> SeedReport {
        SeedReport {
            seed: self.seed,
            relative_l2_error: self.error,
            relative_residual: self.truth.relative,
            reason: self.reason.name().to_owned(),
            stop_reason: self.stop_reason.clone(),
            steps: self.steps,
            seconds: self.solve_seconds,
        }
    }
}

/// Fits window after window, and verifies what is found.
pub(super) fn one_run(
    attempt: &Attempt<'_>,
    settings: &Settings,
    windows: &[Domain],
    yardstick: Option<&Yardstick>,
    mut journal: Option<&mut Journal>,
    watch: &mut Watch<'_>,
) -> Result<SeedRun, PdeError> {
    let task = attempt.task;
    let domain = &task.problem.domain;
    let start = Instant::now();
    watch.stage("fitting");
    let time = domain.time().map(|_| domain.dimension() - 1);
    let mut solution = Solution {
        dimension: domain.dimension(),
        time,
        pieces: Vec::new(),
        transforms: task.transforms.clone(),
        unknowns: task.unknowns.clone(),
    };
    let (mut last, mut steps, mut stop, mut cause) = (None, 0, Stop::Settled, None);
    let (mut history, mut losses, mut earlier_seconds) = (Vec::new(), Vec::new(), 0.0);
    let mut known_after = Vec::new();
    for (number, window) in windows.iter().enumerate() {
        watch.now.window = number + 1;
        let before = (number > 0).then_some(&solution);
        let attempted = attempt.run(window, before, settings, journal.as_deref_mut(), watch)?;
        let end = window.time().map_or(f64::INFINITY, |interval| interval[1]);
        solution.pieces.push(Piece { end, trial: attempted.trial.clone(), c: attempted.fit.c.clone() });
        known_after.extend(attempted.fit.known_after.iter().map(|known| steps + known));
        steps += attempted.fit.steps();
        history.extend(&attempted.fit.history);
        losses.extend(attempted.fit.losses.iter().cloned());
        earlier_seconds += attempted.fit.earlier_seconds;
        (stop, cause) = (attempted.fit.stop, attempted.fit.cause.clone());
        last = Some(attempted);
        // Training that has used up its steps is as good a start of the next window as it has become.
        let goes_on = journal.is_some() && stop == Stop::MaxSteps;
        if PdeReason::of(stop, None).is_some() && !goes_on {
            break;
        }
    }
    let solve_seconds = earlier_seconds + start.elapsed().as_secs_f64();

    let start = Instant::now();
    watch.stage("verifying");
    let truth = verify(task, &solution, settings.seed)?;
    let error = yardstick.map(|yardstick| yardstick.error_of(&solution));
    let epsilon = match attempt.options.precision {
        FitPrecision::F32 => f64::from(f32::EPSILON),
        FitPrecision::F64 => f64::EPSILON,
    };
    let floor = 0.5 * epsilon * truth.amplification;
    let (fit, collocations, certainties) =
        last.map_or_else(Default::default, |last| (Some(last.fit), last.collocations, last.certainties));
    let found = task.unknowns.iter().zip(solution.unknowns());
    let least = attempt.options.rtol.max(epsilon.sqrt());
    let open: Vec<bool> = certainties
        .iter()
        .zip(found)
        .map(|(certainty, found)| is_open(certainty, found, &truth, least))
        .collect();
    let reason = match reason(attempt, &truth, (stop, cause.as_deref()), floor) {
        PdeReason::Residual if open.contains(&true) => PdeReason::Undetermined {
            unknowns: {
                let open = task.unknowns.iter().zip(&open).filter(|(_, open)| **open);
                open.map(|(unknown, _)| format!("`{}`", unknown.name)).collect::<Vec<_>>().join(", ")
            },
        },
        reason => reason,
    };
    let standard_errors = certainties.iter().zip(&open);
    let standard_errors = standard_errors
        .map(|(certainty, &open)| if open { f64::INFINITY } else { certainty.standard_error })
        .collect();
    let names = task.equations.iter().map(|equation| equation.name.clone());
    Ok(SeedRun {
        seed: settings.seed,
        solution,
        truth,
        reason,
        error,
        floor,
        steps,
        stop_reason: cause.map_or_else(|| format!("{stop:?}"), |cause| format!("{stop:?}: {cause}")),
        history,
        losses,
        known_after,
        rank: fit.as_ref().and_then(|fit| fit.rank),
        condition: fit.as_ref().map_or(f64::NAN, |fit| fit.condition),
        rows: fit.as_ref().map_or(0, |fit| fit.rows),
        parameters: fit.as_ref().map_or(0, |fit| fit.parameters),
        balance: match &fit {
            Some(fit) if attempt.options.balance != Balance::Fixed => {
                names.clone().zip(fit.balance.iter().copied()).collect()
            }
            _ => Vec::new(),
        },
        weights: names.zip(collocations.iter().map(|block| block.weight)).collect(),
        tier: fit.map(|fit| fit.tier).unwrap_or_default(),
        standard_errors,
        solve_seconds,
        verify_seconds: start.elapsed().as_secs_f64(),
    })
}

/// Whether an unknown parameter might as well be another one: its standard error is as large as it is, or, were it larger by its size
/// and all else followed, no residual would change by more than the part `rtol` of its terms, with which a condition holds, or than
/// rounding changes it.
fn is_open(certainty: &Certainty, (unknown, value): (&Unknown, f64), truth: &Truth, least: f64) -> bool {
    let by = value.abs().max(unknowns::size(unknown));
    let relative = |(change, size): (&Move, &f64)| by * change.followed / (size + by * change.alone);
    let moves = certainty.moves.iter().zip(&truth.sizes).map(relative);
    let most = moves.filter(|change| change.is_finite()).fold(0.0, f64::max);
    certainty.standard_error >= by || most <= least
}

/// The status: from the f64 residual at fresh points, unless the fit itself broke off.
fn reason(
    attempt: &Attempt<'_>,
    truth: &Truth,
    (stop, cause): (Stop, Option<&str>),
    floor: f64,
) -> PdeReason {
    let options = attempt.options;
    match PdeReason::of(stop, cause) {
        // What the residual confirms needs no more steps.
        Some(PdeReason::MaxSteps) | None if truth.relative <= options.rtol => PdeReason::Residual,
        Some(reason) => reason,
        None if !truth.relative.is_finite() => PdeReason::NonFinite {
            cause: truth.cause.clone().unwrap_or("a residual at a fresh point".to_owned()),
        },
        None if stop == Stop::Stagnated && !attempt.task.is_linear() => PdeReason::Stagnated,
        // Rounding counts where it explains what is left.
        None if floor > options.rtol && floor > 0.1 * truth.relative => {
            PdeReason::AttainableAccuracy { floor }
        }
        None => PdeReason::Underresolved { condition: truth.conditions[truth.worst].name.clone() },
    }
}
