//! Training by an energy in place of residuals: Deep Ritz (E & Yu, Commun. Math. Stat. 2018), by natural gradients.

use std::sync::Arc;
use std::time::Instant;

use ansatz_features::Trainable;
use ansatz_gpu::{Gpu, Real};
use ansatz_linalg::Quadratic;
use ansatz_optim::{TrustRegion, Verdict};

use super::collocation::{DeviceCollocation, linearise_on_host, rows_of};
use super::energy::{Density, Energy};
use super::equation::{Equation, Linearised};
use super::jacobian::DeviceJacobian;
use super::journal::{Journal, Resumed};
use super::newton::{Fit, FitOptions, Stop};
use super::state::State;
use super::tier::Tier;
use super::train::{FIRST_LAMBDA, FREE, MOST};
use super::trial::Trial;
use super::{Collocation, PdeError as Error, Training, Watch};

/// So many steps that together gain less than this part of what was gained in all are the last.
const PATIENCE: usize = 30;
const GAIN: f64 = 1e-14;

/// Minimises E = ∫ L dx + ½ Σ_b ω_b² mean_b R² over coefficients and features, where the R are those of `conditions`, all but the
/// equations inside. A step is −(∇²_u E along the tangent functions + λ²D²)⁻¹ ∇E: the natural gradient of the energy (Müller &
/// Zeinhofer, ICML 2023), in the trust region of Levenberg and Marquardt.
pub(super) fn minimise<T: Tier>(
    gpu: &Gpu,
    fields: Vec<Arc<dyn Trainable>>,
    energy: &Energy,
    conditions: (&[Equation], &[Collocation]),
    options: FitOptions<'_>,
    mut journal: Option<&mut Journal>,
    watch: &mut Watch<'_>,
) -> Result<(Trial, Fit), Error> {
    let start = Instant::now();
    let jets = energy.probes.len();
    let equations = [energy.probes.as_slice(), conditions.0].concat();
    let collocations = [vec![energy.points.clone(); jets], conditions.1.to_vec()].concat();
    let weights = [vec![1.0; jets], conditions.1.iter().map(Collocation::row_weight).collect()].concat();

    let values = |at: &[Linearised]| -> Vec<Vec<f64>> {
        at[..jets].iter().map(|probe| probe.residual.clone()).collect()
    };
    // E and what it is made of.
    let evaluate = |state: &State| -> (Vec<Linearised>, Density, f64) {
        let at = linearise_on_host(&state.trial, &state.c, &equations, &collocations);
        let density = energy.at(&values(&at));
        let penalty = |(at, weight): (&Linearised, &f64)| {
            0.5 * weight * weight * at.residual.iter().map(|r| r * r).sum::<f64>()
        };
        let penalties: f64 = at[jets..].iter().zip(&weights[jets..]).map(penalty).sum();
        let value = density.values.iter().sum::<f64>() + penalties;
        (at, density, value)
    };

    let trouble = |at: &[Linearised], density: &Density| {
        energy.trouble(density, &values(at)).map(|trouble| trouble.describe(options.problem))
    };

    let parameters = fields.iter().map(|features| features.parameters()).sum();
    let unknowns = fields.iter().map(|features| features.len()).sum();
    let place = watch.place();
    let resumed = journal.as_ref().map_or(Ok(None), |journal| journal.found(place, &fields, 1))?;
    let (mut state, mut region) = match &resumed {
        Some(resumed) => State::resumed(resumed),
        None => (State::new(fields, vec![0.0; unknowns]), TrustRegion::new(FIRST_LAMBDA)),
    };
    let (mut at, mut density, mut value) = evaluate(&state);
    let mut fit = Fit::new(rows_of(&collocations), parameters, "the energy in f64 on the host".to_owned());
    match &resumed {
        Some(Resumed { saved, .. }) => {
            fit.earlier_seconds = saved.seconds;
            saved.losses.iter().flatten().for_each(|&energy| fit.note_energy(energy));
        }
        None => fit.note_energy(value),
    }
    if resumed.is_some_and(|resumed| resumed.saved.settled) {
        fit.stop = Stop::Settled;
        fit.c = state.c;
        return Ok((state.trial, fit));
    }
    let points = Arc::new(DeviceCollocation::<T>::new(gpu, &state.trial, &equations, &collocations)?);
    let mut along = DeviceJacobian::new(&points, &state.tangent())?;
    for step in fit.losses.len()..=options.max_steps {
        let before = region.clone();
        let training = Training {
            steps: options.max_steps,
            losses: vec![("energy", value)],
            bound: ("λ", region.lambda()),
        };
        if !watch.training(step, value, training) {
            fit.stop = Stop::Stopped;
            break;
        }
        // The rows ∂^α ψ_j of every jet, and those of the conditions.
        let tangent = state.tangent();
        along.load(&tangent)?;
        let (jacobian, residual) = along.assemble(&at, &weights)?;
        let rows: Vec<f64> = jacobian.read(gpu)?.into_iter().map(Real::widen).collect();
        let residual: Vec<f64> = residual.read(gpu)?.into_iter().map(Real::widen).collect();
        let block = |first: usize, count: usize| -> Vec<f64> {
            rows.chunks(points.rows).flat_map(|column| &column[first..first + count]).copied().collect()
        };
        let stride = energy.points.points.len().next_multiple_of(4);
        let count = energy.points.points.len();
        let by_jet: Vec<Vec<f64>> = (0..jets).map(|jet| block(jet * stride, count)).collect();
        let elsewhere = block(jets * stride, points.rows - jets * stride);

        let mut model = Quadratic::zeros(tangent.unknowns());
        for ([a, b], curvature) in &density.curvatures {
            if curvature.iter().any(|&value| value != 0.0) {
                let twice = if a == b { 1.0 } else { 2.0 };
                let curvature: Vec<f64> = curvature.iter().map(|value| twice * value).collect();
                model.add_product(&by_jet[*a], &curvature, &by_jet[*b]);
            }
        }
        by_jet.iter().zip(&density.slopes).for_each(|(rows, slope)| model.add_gradient(rows, slope));
        model.add_product(&elsewhere, &vec![1.0; points.rows - jets * stride], &elsewhere);
        model.add_gradient(&elsewhere, &residual[jets * stride..]);

        let damping = state.damping(&tangent, &model.lengths(), FREE);
        let floor = f64::EPSILON.sqrt();
        let mut cause = trouble(&at, &density);
        let accepted = loop {
            let lambda = region.lambda().max(floor);
            // A density that is not convex may have no least value along the tangent functions: more damping, then.
            let step = model.minimise(|j| (lambda * damping[j]).clamp(floor, MOST));
            let tried = match &step {
                Some((delta, _)) => state.moved(&tangent, delta).ok(),
                None => None,
            };
            let tried = tried.map(|there| {
                let found = evaluate(&there);
                (there, found)
            });
            if let Some((_, (at, density, _))) = &tried {
                cause = cause.or_else(|| trouble(at, density));
            }
            let (promised, new_value) = (
                step.map_or(1.0, |(_, promised)| promised),
                tried.as_ref().map_or(f64::NAN, |(_, found)| found.2),
            );
            match region.judge(value, new_value, promised) {
                Verdict::Accepted => break tried,
                Verdict::Rejected if watch.goes_on() => {}
                Verdict::Rejected | Verdict::Exhausted => break None,
            }
        };
        let Some((there, found)) = accepted else {
            // The last good state stays, with the damping that it had.
            region = before;
            fit.stop = match (watch.stopped, cause.is_none() && value.is_finite()) {
                (true, _) => Stop::Stopped,
                (false, true) => Stop::Settled,
                (false, false) => Stop::NonFinite,
            };
            fit.cause = cause;
            break;
        };
        state = there;
        (at, density, value) = found;
        fit.note_energy(value);
        let before = fit.history.iter().rev().nth(PATIENCE);
        if before.is_some_and(|before| before - value <= GAIN * (fit.history[0] - value).abs()) {
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
