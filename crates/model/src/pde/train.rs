//! Training by Levenberg and Marquardt: coefficients and features move together along the tangent functions.

use std::sync::Arc;
use std::time::Instant;

use ansatz_features::Trainable;
use ansatz_linalg::LeastSquares;
use ansatz_optim::{TrustRegion, Verdict};

use super::collocation::rows_of;
use super::device_loss::DeviceLoss;
use super::journal::{Journal, Resumed};
use super::loss::Loss;
use super::newton::{Fit, FitOptions, Stop};
use super::projection::projected;
use super::resample::Redraw;
use super::snapshot::Saved;
use super::start::start_of;
use super::state::State;
use super::step::{StepProblem, shape};
use super::tier::Tier;
use super::trial::Trial;
use super::{PdeError as Error, Training, Watch};

/// λ of the first step, for columns of norm 1.
pub(super) const FIRST_LAMBDA: f64 = 1e-2;
/// Coefficients, in which u is linear, are damped by this part of λ, if they do not follow the features by themselves.
pub(super) const FREE: f64 = 1e-2;
/// λ of a parameter that does not matter at all.
pub(super) const MOST: f64 = 1e12;
/// So many steps that together gain less than this part are the last.
const PATIENCE: usize = 30;
const GAIN: f64 = 0.02;

/// Minimises Σ_b ω_b² mean_b R² over coefficients and features, from the best coefficients of the features as they are on, or from
/// where `journal` has the fit.
pub(super) fn train<T: Tier>(
    mut loss: Loss<'_>,
    fields: Vec<Arc<dyn Trainable>>,
    options: FitOptions<'_>,
    redraw: Option<Redraw<'_>>,
    mut journal: Option<&mut Journal>,
    watch: &mut Watch<'_>,
) -> Result<(Trial, Fit), Error> {
    let start = Instant::now();
    let floor = options.tikhonov.unwrap_or(LeastSquares::tikhonov_for::<T>());
    let solver = LeastSquares { tikhonov: None, place: options.place };
    let coefficients = LeastSquares { tikhonov: options.tikhonov, place: options.place };
    let free = if options.projection { 0.0 } else { FREE };

    let place = watch.place();
    let parameters = fields.iter().map(|features| features.parameters()).sum();
    let conditions = loss.equations.len();
    let resumed = journal.as_ref().map_or(Ok(None), |journal| journal.found(place, &fields, conditions))?;
    let (mut state, mut region) = match &resumed {
        Some(resumed) => State::resumed(resumed),
        None => {
            let state = State::new(fields, Vec::new());
            let c = start_of::<T>(&loss, &state.trial, options, watch)?;
            (state.with_coefficients(c), TrustRegion::new(FIRST_LAMBDA))
        }
    };
    if let Some(Resumed { saved, .. }) = &resumed
        && saved.balance.len() == conditions
    {
        loss.balance.clone_from(&saved.balance);
    }
    if let (Some(Resumed { saved, .. }), Some(redraw)) = (&resumed, redraw) {
        redraw.restore(&mut loss, saved)?;
    }
    let (form, tier) = options.step.form::<T>(loss.gpu, shape(&loss, parameters))?;
    let on_device = |loss: &Loss<'_>, state: &State| {
        DeviceLoss::<T>::new(loss, (&state.trial, &state.tangent()), form, options.projection)
    };
    let mut device = on_device(&loss, &state)?;
    let mut at = device.evaluation.at(&loss, &state.trial, &state.c)?;
    let mut fit = Fit::new(rows_of(&loss.collocations), parameters, tier);
    match &resumed {
        Some(Resumed { saved, .. }) => {
            fit.earlier_seconds = saved.seconds;
            saved.losses.iter().for_each(|losses| _ = fit.note(losses.clone()));
        }
        None => _ = fit.note(loss.parts(&at)),
    }
    let mut norm = loss.norm(fit.losses.last().map_or(&[], Vec::as_slice));
    // What was stopped before its first step is begun anew.
    let resumable = resumed.is_some() || !watch.stopped;
    if resumed.is_some_and(|resumed| resumed.saved.settled) {
        fit.stop = Stop::Settled;
        fit.c = state.c;
        return Ok((state.trial, fit));
    }
    let save = |state: &State, loss: &Loss<'_>, region: &TrustRegion, fit: &Fit| Saved {
        chosen: loss.chosen(),
        balance: loss.balance.clone(),
        ..state.saved(region, fit, start)
    };
    for step in fit.losses.len()..=options.max_steps {
        let before = region.clone();
        let training = Training {
            steps: options.max_steps,
            losses: loss.by_kind(fit.losses.last().map_or(&[], Vec::as_slice)),
            bound: ("λ", region.lambda()),
        };
        if !watch.training(step, norm, training) {
            fit.stop = Stop::Stopped;
            break;
        }
        if let Some(redraw) = redraw.filter(|redraw| redraw.is_due(step - 1)) {
            redraw.next(&mut loss, step - 1, (&state.trial, &state.c))?;
            // What there was makes room first.
            drop(device);
            device = on_device(&loss, &state)?;
            at = device.evaluation.at(&loss, &state.trial, &state.c)?;
            norm = loss.norm(&loss.parts(&at));
        }
        // min ‖J δ − R‖² + λ²‖D_θ δ_θ‖²: the coefficients, in which u is linear, are all but free.
        let tangent = state.tangent();
        let DeviceLoss { evaluation, along, by_coefficients } = &mut device;
        along.fill(&loss, &tangent, &at)?;
        if let Some(rule) = options.balance.filter(|rule| rule.is_due(step - 1)) {
            loss.rebalance(&rule, &along.traces(&loss)?);
            norm = loss.norm(&loss.parts(&at));
            along.weigh(&loss, &at)?;
        }
        let problem = StepProblem::new(&loss, along, &at, (form, solver))?;
        let Some(mut problem) = problem else {
            fit.stop = Stop::NonFinite;
            fit.cause = loss.trouble(&state.trial, &state.c, &at);
            break;
        };
        let lengths = problem.lengths();
        let damping = state.damping(&tangent, &lengths, free);
        let (mut cause, mut stopped) = (None, false);
        let accepted = loop {
            let lambda = region.lambda().max(floor);
            let damp = |j: usize| (lambda * damping[j]).clamp(floor, MOST);
            let mut step = problem.solve(damp, &mut || watch.goes_on())?;
            let promised = step.promised;
            let probed = step.probe().map(|probe| state.moved(&tangent, &probe));
            let delta = match probed {
                Some(Ok(probed)) => {
                    let there = evaluation.at(&loss, &probed.trial, &probed.c)?;
                    let measure = |j| damp(j) * lengths[j];
                    step.corrected(&loss.rows(&there), measure, &mut || watch.goes_on())?
                }
                _ => None,
            }
            .unwrap_or(step.delta);
            if watch.stopped {
                stopped = true;
                break None;
            }
            let tried = match state.moved(&tangent, &delta) {
                Ok(there) => {
                    let mut tried = (evaluation.at(&loss, &there.trial, &there.c)?, there);
                    if let Some(rows) = by_coefficients {
                        tried = projected(&loss, (evaluation, rows), tried, coefficients)?;
                    }
                    let (linearised, there) = tried;
                    let parts = loss.parts(&linearised);
                    if !loss.norm(&parts).is_finite() && cause.is_none() {
                        cause = loss.trouble(&there.trial, &there.c, &linearised);
                    }
                    Some((there, linearised, parts))
                }
                Err(error) => {
                    cause.get_or_insert_with(|| format!("in a step, {error}"));
                    None
                }
            };
            let new_norm = tried.as_ref().map_or(f64::NAN, |(_, _, parts)| loss.norm(parts));
            match region.judge(norm * norm, new_norm * new_norm, promised) {
                Verdict::Accepted => break tried,
                Verdict::Rejected if watch.goes_on() => {}
                Verdict::Rejected => {
                    stopped = true;
                    break None;
                }
                Verdict::Exhausted => break None,
            }
        };
        let Some((there, linearised, parts)) = accepted else {
            // The last good state stays, with the damping that it had.
            region = before;
            fit.stop = match (stopped, cause.is_some() || !norm.is_finite()) {
                (true, _) => Stop::Stopped,
                (false, true) => Stop::NonFinite,
                (false, false) => Stop::Stagnated,
            };
            fit.cause = cause;
            break;
        };
        (state, at) = (there, linearised);
        norm = loss.norm(&parts);
        fit.note(parts);
        if is_settled(&fit.history) {
            fit.stop = Stop::Settled;
            break;
        }
        if let Some(journal) = &mut journal {
            journal.step(place, || save(&state, &loss, &region, &fit))?;
        }
    }
    if let Some(journal) = journal {
        if resumable { journal.save(place, save(&state, &loss, &region, &fit))? } else { journal.write()? }
    }
    fit.c = state.c;
    fit.balance = loss.balance;
    Ok((state.trial, fit))
}

/// Whether the last steps brought next to nothing. The best counts: at new points the norm may rise.
fn is_settled(history: &[f64]) -> bool {
    let (before, since) = history.split_at(history.len().saturating_sub(PATIENCE));
    let best = |norms: &[f64]| norms.iter().copied().fold(f64::INFINITY, f64::min);
    best(since) > (1.0 - GAIN) * best(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_settled_where_many_steps_bring_little() {
        let falling: Vec<f64> = (0..100).map(|step| 0.99f64.powi(step)).collect();
        assert!((0..100).all(|steps| !is_settled(&falling[..steps])));
        let flat = [falling, vec![0.3698; PATIENCE]].concat();
        assert!(is_settled(&flat) && !is_settled(&flat[..99 + PATIENCE - 5]));
        // New points after every ten steps, where the norm is ten times as large at first.
        let saw: Vec<f64> = (0..100).map(|step| 0.9f64.powi(step / 10) * 0.8f64.powi(step % 10)).collect();
        assert!((0..100).all(|steps| !is_settled(&saw[..steps])));
    }
}
