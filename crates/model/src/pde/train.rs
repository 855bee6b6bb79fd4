//! Training by Levenberg and Marquardt: coefficients and features move together along the tangent functions.

use std::sync::Arc;
use std::time::Instant;

use ansatz_features::{FeatureError, Features, Trainable};
use ansatz_gpu::Gpu;
use ansatz_linalg::LeastSquares;
use ansatz_optim::{TrustRegion, Verdict};

use super::collocation::{DeviceCollocation, DeviceSpace};
use super::equation::{Equation, Linearised};
use super::journal::Journal;
use super::newton::{Fit, FitOptions, Stop, fit as solve, losses, norm as norm_of};
use super::snapshot::Saved;
use super::tier::Tier;
use super::trial::Trial;
use super::trouble::Trouble;
use super::{Collocation, PdeError as Error, Training, Watch};

/// λ of the first step, for columns of norm 1.
const FIRST_LAMBDA: f64 = 1e-2;
/// Coefficients, in which u is linear, are damped by this part of λ.
const FREE: f64 = 1e-2;
/// Parameters whose effect is below this part of the mean effect are damped more than others.
const UNIMPORTANT: f64 = 1e-3;
/// λ of a parameter that does not matter at all.
const MOST: f64 = 1e12;
/// Tikhonov's λ of the coefficients that the training begins with, for columns of norm 1: larger ones would cancel each other.
const START: f64 = 1e-4;
/// Steps of Gauss and Newton towards them.
const START_STEPS: usize = 5;
/// So many steps that together gain less than this part are the last.
const PATIENCE: usize = 30;
const GAIN: f64 = 0.02;

/// Features of every field, and all their coefficients.
struct State {
    fields: Vec<Arc<dyn Trainable>>,
    trial: Trial,
    c: Vec<f64>,
}

impl State {
    fn new(fields: Vec<Arc<dyn Trainable>>, c: Vec<f64>) -> Self {
        let trial = Trial::new(fields.iter().map(|features| features.clone() as Arc<dyn Features>).collect());
        Self { fields, trial, c }
    }

    /// The coefficients of a field.
    fn of_field(&self, field: usize) -> &[f64] {
        &self.c[self.trial.columns(field)]
    }

    /// λ_j/λ for columns of these lengths: √(1 + (k s/(‖J_j‖ unit_j))²), where s is the mean effect of a step by one unit: a
    /// parameter that hardly matters, like the centre of a Gaussian without amplitude, shall not run away for that.
    fn damping(&self, tangent: &Trial, lengths: &[f64]) -> Vec<f64> {
        let mut damping = vec![FREE; lengths.len()];
        for (field, features) in self.fields.iter().enumerate() {
            let trained = tangent.columns(field).skip(features.len());
            let effects: Vec<f64> = trained
                .clone()
                .zip(features.units(self.of_field(field)))
                .map(|(j, unit)| lengths[j] * unit)
                .collect();
            let square =
                effects.iter().map(|effect| effect * effect).sum::<f64>() / effects.len().max(1) as f64;
            let least = UNIMPORTANT * square.sqrt();
            trained
                .zip(effects)
                .for_each(|(j, effect)| damping[j] = 1f64.hypot(least / effect.max(f64::MIN_POSITIVE)));
        }
        damping
    }

    fn tangent(&self) -> Trial {
        let fields = self.fields.iter().enumerate();
        Trial::new(fields.map(|(field, features)| features.tangent(self.of_field(field))).collect())
    }

    /// After the step −δ along the tangent functions.
    fn moved(&self, tangent: &Trial, delta: &[f64]) -> Result<Self, FeatureError> {
        let (mut fields, mut c) = (Vec::new(), Vec::new());
        for (field, features) in self.fields.iter().enumerate() {
            let step: Vec<f64> = delta[tangent.columns(field)].iter().map(|delta| -delta).collect();
            let (moved, coefficients) = features.moved(self.of_field(field), &step)?;
            fields.push(moved);
            c.extend(coefficients);
        }
        Ok(Self::new(fields, c))
    }

    /// All that is needed to go on from here.
    fn saved(&self, region: &TrustRegion, fit: &Fit, start: Instant) -> Saved {
        Saved {
            theta: self.fields.iter().map(|features| features.theta()).collect(),
            c: self.c.clone(),
            region: region.state(),
            losses: fit.losses.clone(),
            seconds: fit.earlier_seconds + start.elapsed().as_secs_f64(),
            settled: fit.stop == Stop::Settled,
        }
    }
}

/// Minimises Σ_b ω_b² mean_b R² over coefficients and features, from the best coefficients of the features as they are on, or from
/// where `journal` has the fit.
pub(super) fn train<T: Tier>(
    gpu: &Gpu,
    fields: Vec<Arc<dyn Trainable>>,
    equations: &[Equation],
    collocations: &[Collocation],
    options: FitOptions<'_>,
    mut journal: Option<&mut Journal>,
    watch: &mut Watch<'_>,
) -> Result<(Trial, Fit), Error> {
    let start = Instant::now();
    let weights: Vec<f64> =
        collocations.iter().map(|block| block.weight / (block.points.len().max(1) as f64).sqrt()).collect();
    let floor = options.tikhonov.unwrap_or(LeastSquares::tikhonov_for::<T>());
    let solver = LeastSquares { tikhonov: None, place: options.place };
    // What steps are judged by is not rounded to f32: amplitudes that cancel each other would leave nothing of the residual. So
    // steps in f32 are those of iterative refinement.
    let linearise = |state: &State| -> Result<(usize, Vec<Linearised>), Error> {
        let mut system = DeviceCollocation::<T>::new(gpu, &state.trial, equations, collocations)?;
        let at = if T::IS_F64 { system.linearise(&state.c)? } else { system.linearise_on_host(&state.c) };
        Ok((system.rows(), at))
    };

    let place = watch.place();
    let parameters = fields.iter().map(|features| features.parameters()).sum();
    let saved =
        journal.as_ref().map_or(Ok(None), |journal| journal.found(place, &fields, equations.len()))?;
    let (mut state, mut region) = match &saved {
        Some((saved, fields)) => {
            (State::new(fields.clone(), saved.c.clone()), TrustRegion::resumed(saved.region))
        }
        None => {
            let c = linear_start::<T>(gpu, &fields, equations, collocations, options, watch)?;
            let state = State::new(fields, c);
            (state, TrustRegion::new(FIRST_LAMBDA))
        }
    };
    let (rows, mut at) = linearise(&state)?;
    let mut fit = Fit::new(rows, parameters, T::describe(gpu, options.place));
    let mut norm = match &saved {
        Some((saved, _)) => {
            fit.earlier_seconds = saved.seconds;
            saved.losses.iter().fold(f64::NAN, |_, losses| fit.note(losses.clone()))
        }
        None => fit.note(losses(&at, &weights)),
    };
    if saved.is_some_and(|(saved, _)| saved.settled) {
        fit.stop = Stop::Settled;
        fit.c = state.c;
        return Ok((state.trial, fit));
    }
    for step in fit.losses.len()..=options.max_steps {
        let before = region.clone();
        let training = Training {
            steps: options.max_steps,
            losses: by_kind(equations, fit.losses.last().map_or(&[], Vec::as_slice)),
            lambda: region.lambda(),
        };
        if !watch.training(step, norm, training) {
            fit.stop = Stop::Stopped;
            break;
        }
        // min ‖J δ − R‖² + λ²‖D_θ δ_θ‖²: the coefficients, in which u is linear, are all but free.
        let tangent = state.tangent();
        let system = DeviceCollocation::<T>::new(gpu, &state.trial, equations, collocations)?;
        let along = DeviceSpace::new(gpu, &tangent)?;
        let (jacobian, residual) = system.assemble_along(&along, &at, &weights)?;
        let trouble = |state: &State, at: &[Linearised]| {
            let found = Trouble::of_fit(&state.trial, &state.c, equations, collocations, at);
            found.map(|found| found.describe(options.problem))
        };
        let Ok(problem) = solver.factor(gpu, &jacobian, &residual)? else {
            fit.stop = Stop::NonFinite;
            fit.cause = trouble(&state, &at);
            break;
        };
        let damping = state.damping(&tangent, &problem.lengths());
        let (mut cause, mut stopped) = (None, false);
        let accepted = loop {
            let lambda = region.lambda().max(floor);
            let (delta, promised) = problem.solve(|j| (lambda * damping[j]).clamp(floor, MOST));
            let tried = match state.moved(&tangent, &delta) {
                Ok(there) => {
                    let (_, linearised) = linearise(&there)?;
                    let losses = losses(&linearised, &weights);
                    if !norm_of(&losses).is_finite() && cause.is_none() {
                        cause = trouble(&there, &linearised);
                    }
                    Some((there, linearised, losses))
                }
                Err(error) => {
                    cause.get_or_insert_with(|| format!("in a step, {error}"));
                    None
                }
            };
            let new_norm = tried.as_ref().map_or(f64::NAN, |(_, _, losses)| norm_of(losses));
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
        let Some((there, linearised, losses)) = accepted else {
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
        norm = fit.note(losses);
        let patience = fit.history.iter().rev().nth(PATIENCE);
        if patience.is_some_and(|before| norm > (1.0 - GAIN) * before) {
            fit.stop = Stop::Settled;
            break;
        }
        if let Some(journal) = &mut journal {
            journal.step(place, || state.saved(&region, &fit, start))?;
        }
    }
    if let Some(journal) = journal {
        journal.save(place, state.saved(&region, &fit, start))?;
    }
    fit.c = state.c;
    Ok((state.trial, fit))
}

/// The best coefficients of the features as they are, or zeros.
pub(super) fn linear_start<T: Tier>(
    gpu: &Gpu,
    fields: &[Arc<dyn Trainable>],
    equations: &[Equation],
    collocations: &[Collocation],
    options: FitOptions<'_>,
    watch: &mut Watch<'_>,
) -> Result<Vec<f64>, Error> {
    let floor = options.tikhonov.unwrap_or(LeastSquares::tikhonov_for::<T>());
    let trial = Trial::new(fields.iter().map(|features| features.clone() as Arc<dyn Features>).collect());
    let zeros = vec![0.0; trial.unknowns()];
    let options = FitOptions { tikhonov: Some(START.max(floor)), max_steps: START_STEPS, ..options };
    let linear = solve::<T>(gpu, &trial, equations, collocations, zeros.clone(), options, watch)?;
    Ok(if linear.history.last() < linear.history.first() { linear.c } else { zeros })
}

/// The losses of all conditions of a kind together, kind after kind.
fn by_kind(equations: &[Equation], losses: &[f64]) -> Vec<(&'static str, f64)> {
    let mut sums: Vec<(&'static str, f64)> = Vec::new();
    for (equation, loss) in equations.iter().zip(losses) {
        match sums.iter_mut().find(|(kind, _)| *kind == equation.kind) {
            Some((_, sum)) => *sum += loss,
            None => sums.push((equation.kind, *loss)),
        }
    }
    sums
}
