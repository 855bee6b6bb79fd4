//! Training by Levenberg and Marquardt: coefficients and features move together along the tangent functions.

use std::sync::Arc;

use ansatz_features::{Features, Trainable};
use ansatz_gpu::Gpu;
use ansatz_linalg::LeastSquares;
use ansatz_optim::{TrustRegion, Verdict};

use super::collocation::{DeviceCollocation, DeviceSpace};
use super::equation::{Equation, Linearised};
use super::newton::{Fit, FitOptions, Stop, fit, weighted_norm};
use super::tier::Tier;
use super::trial::Trial;
use super::{Collocation, PdeError as Error, Watch};

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
    fn moved(&self, tangent: &Trial, delta: &[f64]) -> Result<Self, Error> {
        let (mut fields, mut c) = (Vec::new(), Vec::new());
        for (field, features) in self.fields.iter().enumerate() {
            let step: Vec<f64> = delta[tangent.columns(field)].iter().map(|delta| -delta).collect();
            let (moved, coefficients) = features.moved(self.of_field(field), &step)?;
            fields.push(moved);
            c.extend(coefficients);
        }
        Ok(Self::new(fields, c))
    }
}

/// R and its partial derivatives at all points. What steps are judged by is not rounded to f32: amplitudes that cancel each other
/// would leave nothing of the residual. So steps in f32 are those of iterative refinement.
fn linearise<T: Tier>(
    gpu: &Gpu,
    state: &State,
    equations: &[Equation],
    collocations: &[Collocation],
) -> Result<Vec<Linearised>, Error> {
    let mut system = DeviceCollocation::<T>::new(gpu, &state.trial, equations, collocations)?;
    if T::IS_F64 { Ok(system.linearise(&state.c)?) } else { Ok(system.linearise_on_host(&state.c)) }
}

/// Minimises Σ_b ω_b² mean_b R² over coefficients and features, from the best coefficients of the features as they are on.
pub(super) fn train<T: Tier>(
    gpu: &Gpu,
    fields: Vec<Arc<dyn Trainable>>,
    equations: &[Equation],
    collocations: &[Collocation],
    options: FitOptions,
    watch: &mut Watch<'_>,
) -> Result<(Trial, Fit), Error> {
    let weights: Vec<f64> =
        collocations.iter().map(|block| block.weight / (block.points.len().max(1) as f64).sqrt()).collect();
    let floor = options.tikhonov.unwrap_or(LeastSquares::tikhonov_for::<T>());
    let solver = LeastSquares { tikhonov: None, place: options.place };

    let unknowns = fields.iter().map(|features| features.len()).sum();
    let mut state = State::new(fields, vec![0.0; unknowns]);
    let start = FitOptions { tikhonov: Some(START.max(floor)), max_steps: START_STEPS, ..options };
    let at_start = fit::<T>(gpu, &state.trial, equations, collocations, vec![0.0; unknowns], start, watch)?;
    if at_start.history.last() < at_start.history.first() {
        state.c = at_start.c;
    }
    let mut at = linearise::<T>(gpu, &state, equations, collocations)?;
    let mut norm = weighted_norm(&at, &weights);
    let mut region = TrustRegion::new(FIRST_LAMBDA);
    let mut found = Fit {
        c: Vec::new(),
        stop: Stop::MaxSteps,
        history: vec![norm],
        rank: 0,
        condition: f64::INFINITY,
        rows: 0,
        parameters: 0,
        tier: T::describe(gpu, options.place),
    };
    for step in 1..=options.max_steps {
        if !watch.step(step, norm) {
            found.stop = Stop::Stopped;
            break;
        }
        // min ‖J δ − R‖² + λ²‖D_θ δ_θ‖²: the coefficients, in which u is linear, are all but free.
        let tangent = state.tangent();
        let system = DeviceCollocation::<T>::new(gpu, &state.trial, equations, collocations)?;
        let along = DeviceSpace::new(gpu, &tangent)?;
        let (jacobian, residual) = system.assemble_along(&along, &at, &weights)?;
        (found.rows, found.parameters) = (system.rows(), tangent.unknowns());
        let Ok(problem) = solver.factor(gpu, &jacobian, &residual)? else {
            found.stop = Stop::NonFinite;
            break;
        };
        let damping = state.damping(&tangent, &problem.lengths());
        let accepted = loop {
            let lambda = region.lambda().max(floor);
            let (delta, promised) = problem.solve(|j| (lambda * damping[j]).clamp(floor, MOST));
            let there = state.moved(&tangent, &delta)?;
            let linearised = linearise::<T>(gpu, &there, equations, collocations)?;
            let new_norm = weighted_norm(&linearised, &weights);
            match region.judge(norm * norm, new_norm * new_norm, promised) {
                Verdict::Accepted => break Some((there, linearised, new_norm)),
                Verdict::Rejected => {}
                Verdict::Exhausted => break None,
            }
        };
        let Some((there, linearised, new_norm)) = accepted else {
            found.stop = if norm.is_finite() { Stop::Stagnated } else { Stop::NonFinite };
            break;
        };
        (state, at, norm) = (there, linearised, new_norm);
        found.history.push(norm);
        let before = found.history.iter().rev().nth(PATIENCE);
        if before.is_some_and(|before| norm > (1.0 - GAIN) * before) {
            found.stop = Stop::Settled;
            break;
        }
    }
    found.c = state.c;
    Ok((state.trial, found))
}
