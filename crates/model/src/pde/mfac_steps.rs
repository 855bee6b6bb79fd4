//! Steps preconditioned by the inverse Fisher matrix of the last gradients (M-FAC): gradients come from the device, the rest is in f64 on the host.

use ansatz_expr::Scalar;
use ansatz_gpu::{Gpu, Plan};
use ansatz_optim::{Schedule, SlidingFisher, StaticFisher};

use super::equation::Equation;
use super::first_order::{End, Stepper};
use super::gradient::Gradient;
use super::newton::Stop;
use super::tier::Tier;
use super::{Collocation, PdeError as Error};

/// θ ← θ − η d/rms(d), d = F⁻¹m, m ← β m + (1 − β) g, with F = λI + (1/w) Σ ĝᵢĝᵢᵀ of the directions ĝ = g/‖g‖ of the last w gradients, the
/// newest among them (Frantar, Kurtic & Alistarh, NeurIPS 2021). Steps are as long as Adam's: what F knows is their direction.
///
/// In the paper gradients are of few samples and of much the same length, and λ is a number such as 1e-5. Those of all points at once are
/// nearly parallel, and fall by decades: beside a fixed λ they count for all at first, when F⁻¹g leaves nothing but their noise, and for
/// nothing in the end. So it is their directions that count here. And it is their mean that is preconditioned: the mean of steps
/// of one length would give those their full part that go astray.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MfacOptions {
    /// η of each step.
    pub schedule: Schedule,
    /// w.
    pub window: usize,
    /// λ, beside gradients of length 1. Large ones leave steps along the mean gradient; from 1e-3 to 1e-1 it matters little.
    pub damping: f64,
    /// β, at least 0 and below 1.
    pub momentum: f64,
    /// Which gradients.
    pub fisher: Fisher,
}

impl Default for MfacOptions {
    fn default() -> Self {
        Self {
            schedule: Schedule::constant(3e-3),
            window: 32,
            damping: 1e-2,
            momentum: 0.9,
            fisher: Fisher::Sliding,
        }
    }
}

/// Of which gradients M-FAC's matrix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fisher {
    /// The last ones before each step.
    #[default]
    Sliding,
    /// Those before the step at which it was made, which is done anew after as many steps as the window has gradients.
    Static,
}

/// M-FAC over the parameters of all fields, one after another.
pub(super) struct MfacSteps {
    options: MfacOptions,
    plan: Plan,
    /// None before the first step.
    fisher: Option<Inverse>,
    /// m.
    mean: Vec<f64>,
    steps: u32,
    /// The parameters before the last step.
    before: Option<Vec<f64>>,
}

enum Inverse {
    Sliding(SlidingFisher),
    /// With the gradients that it is of, and those since.
    Static {
        inverse: StaticFisher,
        of: Vec<Vec<f64>>,
        since: Vec<Vec<f64>>,
    },
}

impl Inverse {
    fn new(options: &MfacOptions, gradient: Vec<f64>) -> Result<Self, Error> {
        Ok(match options.fisher {
            Fisher::Sliding => {
                let mut fisher = SlidingFisher::new(gradient.len(), options.window, options.damping)?;
                fisher.push(gradient)?;
                Self::Sliding(fisher)
            }
            Fisher::Static => Self::of(vec![gradient], options.damping)?,
        })
    }

    /// The static one of these gradients.
    fn of(of: Vec<Vec<f64>>, damping: f64) -> Result<Self, Error> {
        Ok(Self::Static { inverse: StaticFisher::new(&of, damping)?, of, since: Vec::new() })
    }

    /// Takes a gradient in.
    fn push(&mut self, options: &MfacOptions, gradient: Vec<f64>) -> Result<(), Error> {
        match self {
            Self::Sliding(fisher) => fisher.push(gradient)?,
            Self::Static { since, .. } => {
                since.push(gradient);
                if since.len() >= options.window {
                    *self = Self::of(std::mem::take(since), options.damping)?;
                }
            }
        }
        Ok(())
    }

    fn apply(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Sliding(fisher) => fisher.apply(x),
            Self::Static { inverse, .. } => inverse.apply(x),
        }
    }
}

impl MfacSteps {
    pub fn new(gpu: &Gpu, options: MfacOptions) -> Self {
        let plan = Plan::new(gpu, "gradient");
        Self { options, plan, fisher: None, mean: Vec::new(), steps: 0, before: None }
    }
}

fn rms(x: &[f64]) -> f64 {
    (x.iter().map(|x| x * x).sum::<f64>() / x.len().max(1) as f64).sqrt()
}

/// Numbers of a state before its arrays of gradients.
const NUMBERS: usize = 2;

impl<T: Tier + Scalar> Stepper<T> for MfacSteps {
    fn record(
        &mut self,
        gradient: &mut Gradient<T>,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<(), Error> {
        self.plan = gradient.plan("gradient", equations, collocations)?;
        Ok(self.plan.run()?)
    }

    fn reweighed(&mut self, _gradient: &mut Gradient<T>) -> Result<(), Error> {
        Ok(self.plan.run()?)
    }

    /// The gradient where it stands is there already: of the last step, or since it was recorded.
    fn advance(&mut self, gradient: &mut Gradient<T>, _steps: usize) -> Result<Option<End>, Error> {
        let (theta, slopes) = (gradient.read()?.concat(), gradient.slopes()?.concat());
        let end = |stop, good: Option<&[f64]>| {
            let good = good.map(|theta| gradient.by_field(theta));
            Ok(Some(End { stop, word: None, missing: 1, good }))
        };
        let square: f64 = slopes.iter().map(|slope| slope * slope).sum();
        if !square.is_finite() {
            return end(Stop::NonFinite, self.before.as_deref());
        }
        if square == 0.0 {
            return end(Stop::Settled, None);
        }
        let unit: Vec<f64> = slopes.iter().map(|slope| slope / square.sqrt()).collect();
        match &mut self.fisher {
            None => {
                self.mean = vec![0.0; slopes.len()];
                self.fisher = Some(Inverse::new(&self.options, unit)?);
            }
            Some(fisher) => fisher.push(&self.options, unit)?,
        }
        let gain = 1.0 - self.options.momentum;
        self.mean.iter_mut().zip(&slopes).for_each(|(mean, slope)| *mean += gain * (slope - *mean));
        let direction = self.fisher.as_ref().map_or_else(Vec::new, |fisher| fisher.apply(&self.mean));
        self.steps = self.steps.saturating_add(1);
        let scale = self.options.schedule.rate_of(self.steps) / rms(&direction).max(f64::MIN_POSITIVE);
        let moved: Vec<f64> =
            theta.iter().zip(&direction).map(|(theta, direction)| theta - scale * direction).collect();
        gradient.set(&gradient.by_field(&moved))?;
        self.plan.run()?;
        self.before = Some(theta);
        Ok(None)
    }

    fn bound(&self) -> (&'static str, f64) {
        ("rate", self.options.schedule.rate_of(self.steps.max(1)))
    }

    fn state(&self) -> Result<Vec<Vec<f64>>, Error> {
        let mut state = vec![Vec::new(), self.mean.clone()];
        let mut older = 0;
        match &self.fisher {
            None => {}
            Some(Inverse::Sliding(fisher)) => state.extend(fisher.state()),
            Some(Inverse::Static { of, since, .. }) => {
                older = of.len();
                state.extend(of.iter().chain(since).cloned());
            }
        }
        state[0] = vec![self.steps.into(), older as f64];
        Ok(state)
    }

    fn restore(&mut self, gradient: &Gradient<T>, state: &[Vec<f64>]) -> Result<bool, Error> {
        let [numbers, mean, gradients @ ..] = state else { return Ok(false) };
        let Ok(&[steps, older]) = <&[f64; NUMBERS]>::try_from(numbers.as_slice()) else {
            return Ok(false);
        };
        (self.steps, self.mean) = (steps as u32, mean.clone());
        if gradients.is_empty() {
            return Ok(mean.is_empty());
        }
        let (n, damping) = (gradient.parameters(), self.options.damping);
        self.fisher = match self.options.fisher {
            Fisher::Sliding => {
                SlidingFisher::resume(n, self.options.window, damping, gradients).map(Inverse::Sliding)
            }
            Fisher::Static if gradients.iter().all(|gradient| gradient.len() == n) => {
                let (of, since) = gradients.split_at((older as usize).min(gradients.len()));
                let inverse = StaticFisher::new(of, damping).ok();
                inverse.map(|inverse| Inverse::Static { inverse, of: of.to_vec(), since: since.to_vec() })
            }
            Fisher::Static => None,
        };
        Ok(self.fisher.is_some() && mean.len() == n)
    }
}
