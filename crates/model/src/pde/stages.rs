//! Which optimisers of first order take the steps of a training, one after another.

use ansatz_expr::Scalar;
use ansatz_optim::{AdamOptions, Lbfgs};

use super::first_order::{AdamSteps, Stepper};
use super::gradient::Gradient;
use super::lbfgs_steps::LbfgsSteps;
use super::loss::Loss;
use super::mfac_steps::{MfacOptions, MfacSteps};
use super::tier::Tier;
use super::{Optimizer, PdeError as Error};

/// An optimiser that takes steps until so many are done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    pub optimizer: FirstOrder,
    pub until: usize,
}

/// What takes steps from gradients alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum FirstOrder {
    Adam(AdamOptions),
    Lbfgs(Lbfgs),
    Mfac(MfacOptions),
}

impl FirstOrder {
    /// Its name in checkpoints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adam(_) => "adam",
            Self::Lbfgs(_) => "lbfgs",
            Self::Mfac(_) => "mfac",
        }
    }

    pub fn steps<T: Tier + Scalar>(
        self,
        loss: &Loss<'_>,
        gradient: &Gradient<T>,
    ) -> Result<Box<dyn Stepper<T>>, Error> {
        Ok(match self {
            Self::Adam(options) => Box::new(AdamSteps::new(loss.gpu, gradient, options)?),
            Self::Mfac(options) => Box::new(MfacSteps::new(loss.gpu, options)),
            Self::Lbfgs(options) => {
                // The rounding of the loss, a sum of squares that rounding may leave little of.
                let noise = options.noise.max(10.0 * T::epsilon().widen());
                Box::new(LbfgsSteps::new(loss.gpu, Lbfgs { noise, ..options }))
            }
        })
    }
}

impl Optimizer {
    /// Those of a training of so many steps in all; `None` for steps of second order.
    pub(super) fn stages(&self, max_steps: usize) -> Option<Vec<Stage>> {
        let stage = |optimizer, until| Stage { optimizer, until };
        match *self {
            Self::LevenbergMarquardt => None,
            Self::Adam(options) => Some(vec![stage(FirstOrder::Adam(options), max_steps)]),
            Self::Lbfgs(options) => Some(vec![stage(FirstOrder::Lbfgs(options), max_steps)]),
            Self::Mfac(options) => Some(vec![stage(FirstOrder::Mfac(options), max_steps)]),
            Self::AdamThenLbfgs { adam, steps, lbfgs } => Some(vec![
                stage(FirstOrder::Adam(adam), steps.min(max_steps)),
                stage(FirstOrder::Lbfgs(lbfgs), max_steps),
            ]),
        }
    }
}
