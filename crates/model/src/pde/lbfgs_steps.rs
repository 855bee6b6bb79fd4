//! Steps of L-BFGS: loss and gradient come from the device, the rest is in f64 on the host.

use ansatz_expr::Scalar;
use ansatz_gpu::{Gpu, Plan};
use ansatz_optim::{Lbfgs, LbfgsReason, LbfgsRun};

use super::equation::Equation;
use super::first_order::{End, Stepper};
use super::gradient::Gradient;
use super::newton::Stop;
use super::tier::Tier;
use super::{Collocation, PdeError as Error};

/// L-BFGS over the parameters of all fields, one after another.
pub(super) struct LbfgsSteps {
    options: Lbfgs,
    plan: Plan,
    run: Option<LbfgsRun>,
    /// Whether the points are those of the last step.
    same: bool,
    bound: f64,
}

impl LbfgsSteps {
    pub fn new(gpu: &Gpu, options: Lbfgs) -> Self {
        let plan = Plan::new(gpu, "gradient");
        // The caller counts the steps.
        let options = Lbfgs { max_iterations: usize::MAX, ..options };
        Self { options, plan, run: None, same: false, bound: 0.0 }
    }
}

/// The loss at θ, to whose gradient `slopes` is set.
fn evaluate<T: Tier + Scalar>(
    plan: &mut Plan,
    gradient: &Gradient<T>,
    theta: &[f64],
    slopes: &mut [f64],
) -> Result<f64, Error> {
    gradient.set(&gradient.by_field(theta))?;
    plan.run()?;
    slopes.copy_from_slice(&gradient.slopes()?.concat());
    Ok(gradient.loss()?)
}

impl<T: Tier + Scalar> Stepper<T> for LbfgsSteps {
    fn record(
        &mut self,
        gradient: &mut Gradient<T>,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<(), Error> {
        self.plan = gradient.plan("gradient", equations, collocations)?;
        let objective = |theta: &[f64], slopes: &mut [f64]| evaluate(&mut self.plan, gradient, theta, slopes);
        match &mut self.run {
            None => self.run = Some(self.options.begin(gradient.read()?.concat(), objective)?),
            // A resumed one knows the loss where it stands, but the device does not.
            Some(_) if self.same => self.plan.run()?,
            Some(run) => run.change(objective)?,
        }
        self.same = false;
        Ok(())
    }

    fn reweighed(&mut self, gradient: &mut Gradient<T>) -> Result<(), Error> {
        let Some(run) = &mut self.run else { return Ok(()) };
        run.change(|theta: &[f64], slopes: &mut [f64]| evaluate(&mut self.plan, gradient, theta, slopes))
    }

    fn advance(&mut self, gradient: &mut Gradient<T>, _steps: usize) -> Result<Option<End>, Error> {
        let Some(run) = &mut self.run else { return Ok(None) };
        let mut last = Vec::new();
        let reason = run.advance(|theta: &[f64], slopes: &mut [f64]| {
            last = theta.to_vec();
            evaluate(&mut self.plan, gradient, theta, slopes)
        })?;
        self.bound = run.progress().step;
        let good = gradient.by_field(run.theta());
        let stop = match reason {
            None => {
                // The device has the parameters that were tried last.
                if last != run.theta() {
                    gradient.set(&good)?;
                    self.plan.run()?;
                }
                return Ok(None);
            }
            Some(LbfgsReason::GradientSmall | LbfgsReason::AttainableAccuracy) => Stop::Settled,
            Some(LbfgsReason::NonFinite) => Stop::NonFinite,
            Some(_) => Stop::Stagnated,
        };
        if stop != Stop::NonFinite {
            gradient.set(&good)?;
            self.plan.run()?;
        }
        let word = reason.map(|reason| format!("{} of L-BFGS", reason.name()));
        Ok(Some(End { stop, word, missing: 1, good: (stop == Stop::NonFinite).then_some(good) }))
    }

    fn bound(&self) -> (&'static str, f64) {
        ("step", self.bound)
    }

    fn state(&self) -> Result<Vec<Vec<f64>>, Error> {
        Ok(self.run.as_ref().map(LbfgsRun::state).unwrap_or_default())
    }

    fn restore(&mut self, gradient: &Gradient<T>, state: &[Vec<f64>]) -> Result<bool, Error> {
        self.run = self.options.resume(state).filter(|run| run.theta().len() == gradient.parameters());
        self.same = true;
        Ok(self.run.is_some())
    }
}
