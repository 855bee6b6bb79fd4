//! Trained features with their coefficients, and how a step moves them.

use std::sync::Arc;
use std::time::Instant;

use ansatz_features::{FeatureError, Trainable};
use ansatz_optim::TrustRegion;

use super::journal::Resumed;
use super::newton::{Fit, Stop};
use super::snapshot::Saved;
use super::trial::Trial;

/// Parameters whose effect is below this part of the mean effect are damped more than others.
const UNIMPORTANT: f64 = 1e-3;

/// Features of every field, and all their coefficients.
pub(super) struct State {
    fields: Vec<Arc<dyn Trainable>>,
    pub trial: Trial,
    pub c: Vec<f64>,
}

impl State {
    pub fn new(fields: Vec<Arc<dyn Trainable>>, c: Vec<f64>) -> Self {
        Self { trial: Trial::of_trained(&fields), fields, c }
    }

    /// As it was saved, and the trust region around it.
    pub fn resumed(Resumed { saved, fields }: &Resumed) -> (Self, TrustRegion) {
        (Self::new(fields.clone(), saved.c.clone()), TrustRegion::resumed(saved.region))
    }

    /// The same features with other coefficients.
    pub fn with_coefficients(&self, c: Vec<f64>) -> Self {
        Self { fields: self.fields.clone(), trial: self.trial.clone(), c }
    }

    /// The coefficients of a field.
    fn of_field(&self, field: usize) -> &[f64] {
        &self.c[self.trial.columns(field)]
    }

    /// λ_j/λ for columns of these lengths: √(1 + (k s/(‖J_j‖ unit_j))²), where s is the mean effect of a step by one unit: a
    /// parameter that hardly matters, like the centre of a Gaussian without amplitude, shall not run away for that. Of coefficients
    /// it is `free`.
    pub fn damping(&self, tangent: &Trial, lengths: &[f64], free: f64) -> Vec<f64> {
        let mut damping = vec![free; lengths.len()];
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

    pub fn tangent(&self) -> Trial {
        self.trial.tangent(&self.c)
    }

    /// After the step −δ along the tangent functions.
    pub fn moved(&self, tangent: &Trial, delta: &[f64]) -> Result<Self, FeatureError> {
        let (mut fields, mut c) = (Vec::new(), Vec::new());
        for (field, features) in self.fields.iter().enumerate() {
            let step: Vec<f64> = delta[tangent.columns(field)].iter().map(|delta| -delta).collect();
            let (moved, coefficients) = features.moved(self.of_field(field), &step)?;
            fields.push(moved);
            c.extend(coefficients);
        }
        Ok(Self::new(fields, c))
    }

    /// θ of the features of each field.
    pub fn theta(&self) -> Vec<Vec<f64>> {
        self.fields.iter().map(|features| features.theta()).collect()
    }

    /// All that is needed to go on from here.
    pub fn saved(&self, region: &TrustRegion, fit: &Fit, start: Instant) -> Saved {
        Saved {
            theta: self.theta(),
            c: self.c.clone(),
            region: region.state(),
            losses: fit.losses.clone(),
            seconds: fit.earlier_seconds + start.elapsed().as_secs_f64(),
            settled: fit.stop == Stop::Settled,
            steps: fit.steps(),
            ..Saved::default()
        }
    }
}
