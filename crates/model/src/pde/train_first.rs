//! Training by Adam on the device: the host looks now and then.

use std::sync::Arc;
use std::time::Instant;

use ansatz_expr::Scalar;
use ansatz_features::Trainable;
use ansatz_optim::AdamOptions;

use super::first_order::{OnHost, TrainingStep};
use super::loss::Loss;
use super::newton::{Fit, FitOptions, Stop};
use super::tier::Tier;
use super::train::start_of;
use super::trial::Trial;
use super::{PdeError as Error, Watch};

/// Seconds of a submission: some drivers kill what takes 2.
const SUBMISSION: f64 = 0.3;
/// Steps between two looks, at most.
const LOOK_EVERY: usize = 100;

/// Minimises Σ_b ω_b² mean_b R² over coefficients and features, from the best coefficients of the features as they are on.
pub(super) fn train_first<T: Tier + Scalar>(
    loss: &Loss<'_>,
    fields: Vec<Arc<dyn Trainable>>,
    (options, adam): (FitOptions<'_>, AdamOptions),
    watch: &mut Watch<'_>,
) -> Result<(Trial, Fit), Error> {
    let Loss { gpu, equations, collocations, .. } = loss;
    let trial = Trial::of_trained(&fields);
    let c = start_of::<T>(loss, &trial, options, watch)?;
    let with_coefficients = |(field, features): (usize, &Arc<dyn Trainable>)| {
        (features.clone(), c[trial.columns(field)].to_vec())
    };
    let begin: Vec<OnHost> = fields.iter().enumerate().map(with_coefficients).collect();
    let mut step = TrainingStep::<T>::new(gpu, &begin, equations, collocations, adam)?;
    let tier = format!("{} on the device", if T::IS_F64 { "f64" } else { "f32" });
    let mut fit = Fit::new(step.points(), step.parameters(), tier);
    let (mut done, mut seconds, mut norm) = (0, f64::INFINITY, f64::NAN);
    while done < options.max_steps {
        if !watch.step(done + 1, norm) {
            fit.stop = Stop::Stopped;
            break;
        }
        let fit_in = (SUBMISSION / seconds) as usize;
        let rounds = fit_in.clamp(1, LOOK_EVERY).min(options.max_steps - done);
        let begun = Instant::now();
        step.plan().repeat_blindly(rounds as u32)?;
        let losses = step.losses(gpu)?;
        // The first round compiles, and its time says little.
        seconds = if done == 0 { SUBMISSION } else { begun.elapsed().as_secs_f64() / rounds as f64 };
        done += rounds;
        fit.unseen_steps = Some(done);
        norm = fit.note(losses);
        if !norm.is_finite() {
            // Adam has stopped at the last parameters with a finite gradient.
            fit.stop = Stop::NonFinite;
            break;
        }
    }
    let found = step.on_host(gpu)?;
    let fields: Vec<_> = found.iter().map(|(features, _)| features.clone()).collect();
    fit.c = found.into_iter().flat_map(|(_, c)| c).collect();
    Ok((Trial::of_trained(&fields), fit))
}
