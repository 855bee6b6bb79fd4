//! The features and coefficients that a training begins with.

use std::sync::Arc;

use ansatz_features::Trainable;

use super::PdeError as Error;
use super::Watch;
use super::loss::Loss;
use super::newton::{FitOptions, fit};
use super::tier::Tier;
use super::trial::Trial;
use super::unknowns::Unknowns;

/// Tikhonov's λ of these coefficients, for columns of norm 1: larger ones would cancel each other.
const START: f64 = 1e-4;
/// Steps of Gauss and Newton towards them.
const START_STEPS: usize = 5;
/// Features of another time window are worth beginning with where their residual is below this part of that of features as they
/// are drawn. Those that have to change much end worse than fresh ones: on Allen–Cahn a tenth, and the error 10 times smaller;
/// on Klein–Gordon, where waves turn over within a window, six tenths, and the error twice as large.
const WORTH: f64 = 0.5;

/// Features as they are drawn, or those moved on from the time window before, if they fit far better before they are trained.
pub(super) fn chosen<T: Tier>(
    loss: &Loss<'_>,
    [drawn, moved]: [Vec<Arc<dyn Trainable>>; 2],
    options: FitOptions<'_>,
    watch: &mut Watch<'_>,
) -> Result<Vec<Arc<dyn Trainable>>, Error> {
    let mut norm = |fields: &[Arc<dyn Trainable>]| -> Result<f64, Error> {
        let trial = Trial::of_trained(fields);
        let c = start_of::<T>(loss, &trial, options, watch)?;
        Ok(loss.norm(&loss.parts(&loss.at::<T>(&trial, &c)?)))
    };
    let is_worth = norm(&moved)? < WORTH * norm(&drawn)?;
    Ok(if is_worth { moved } else { drawn })
}

/// The best coefficients of the features as they are; 0 where there are none better. Unknown parameters are among them.
pub(super) fn start_of<T: Tier>(
    loss: &Loss<'_>,
    trial: &Trial,
    options: FitOptions<'_>,
    watch: &mut Watch<'_>,
) -> Result<Vec<f64>, Error> {
    let unknowns = Unknowns::of(options.problem);
    let zero = unknowns.begin(trial.unknowns());
    let tikhonov = Some(options.tikhonov.unwrap_or(START));
    // Parameters that fit features which are not trained yet may be far off: the first step hardly moves them.
    let max_steps = if unknowns.len() > 0 { 1 } else { START_STEPS };
    let options = FitOptions { tikhonov, max_steps, ..options };
    let Loss { gpu, equations, collocations, .. } = loss;
    let linear = fit::<T>(gpu, trial, equations, collocations, zero.clone(), options, watch)?;
    Ok(if linear.history.last() < linear.history.first() { linear.c } else { zero })
}
