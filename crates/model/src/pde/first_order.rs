//! Steps of first-order training: what an optimiser does with the gradient on the device.

use ansatz_expr::Scalar;
use ansatz_gpu::{Gpu, GpuError, Plan};
use ansatz_optim::{Adam, AdamOptions, Schedule};

use super::equation::Equation;
use super::gradient::{Field, Gradient, OnHost, read, write};
use super::newton::Stop;
use super::tier::Tier;
use super::{Collocation, PdeError as Error};

/// An optimiser that moves the parameters of a [`Gradient`].
pub(super) trait Stepper<T: Tier> {
    /// Makes it ready for these points.
    fn record(
        &mut self,
        gradient: &mut Gradient<T>,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<(), Error>;

    /// After the weights of the losses have changed.
    fn reweighed(&mut self, _gradient: &mut Gradient<T>) -> Result<(), Error> {
        Ok(())
    }

    /// Steps that it takes without a look of the host, at most.
    fn batch(&self) -> usize {
        1
    }

    /// Takes so many steps; or says why there are no more.
    fn advance(&mut self, gradient: &mut Gradient<T>, steps: usize) -> Result<Option<End>, Error>;

    /// Before how many of the last steps losses are known.
    fn behind(&self) -> usize {
        0
    }

    /// What bounds the steps, and its name.
    fn bound(&self) -> (&'static str, f64);

    /// All that it knows, to the last bit, but the parameters.
    fn state(&self) -> Result<Vec<Vec<f64>>, Error>;

    /// Goes on from such a state; `false` where it is none of these parameters.
    fn restore(&mut self, gradient: &Gradient<T>, state: &[Vec<f64>]) -> Result<bool, Error>;
}

/// Why there are no more steps.
pub(super) struct End {
    pub stop: Stop,
    /// What the optimiser says to it.
    pub word: Option<String>,
    /// Steps of the last [`Stepper::advance`] that were not taken.
    pub missing: usize,
    /// Where something is not finite at the parameters as they are, the last ones before.
    pub good: Option<Vec<Vec<f64>>>,
}

/// The rate of an unknown parameter, relative to that of the rest. Adam moves each number as far as any other, so that a thousand which
/// move together go a long way where one alone does not: what is known of u would wait for it. Much more, and it runs ahead of u: with 30
/// the coefficient of the example `diffusion_inverse` goes beyond its value before u is there.
const UNKNOWN_RATE: f64 = 10.0;

/// Adam, a few launches behind the gradient. Its steps of unknown parameters are [`UNKNOWN_RATE`] times as long as those of the rest.
pub(super) struct AdamSteps<T: Tier> {
    gpu: Gpu,
    plan: Plan,
    /// For each field what moves its parameters.
    adam: Vec<Adam<T>>,
    done: usize,
    rate: f64,
    /// Whether it had ended before.
    over: bool,
}

impl<T: Tier + Scalar> AdamSteps<T> {
    pub fn new(gpu: &Gpu, gradient: &Gradient<T>, options: AdamOptions) -> Result<Self, Error> {
        let of_field = |field: &Field<T>| {
            let factor = if field.is_number { UNKNOWN_RATE } else { 1.0 };
            let schedule = Schedule { rate: factor * options.schedule.rate, ..options.schedule };
            Adam::new(gpu, field.gradient.len(), AdamOptions { schedule, ..options })
        };
        let adam = gradient.fields.iter().map(of_field);
        let (adam, plan) = (adam.collect::<Result<_, _>>()?, Plan::new(gpu, "step of training"));
        Ok(Self { gpu: gpu.clone(), plan, adam, done: 0, rate: options.schedule.rate_of(1), over: false })
    }
}

impl<T: Tier + Scalar> Stepper<T> for AdamSteps<T> {
    fn record(
        &mut self,
        gradient: &mut Gradient<T>,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<(), Error> {
        self.plan = gradient.plan("step of training", equations, collocations)?;
        for (field, adam) in gradient.fields.iter().zip(&self.adam) {
            adam.record(&mut self.plan, field.resident.parameters(), &field.gradient)?;
        }
        Ok(())
    }

    fn batch(&self) -> usize {
        usize::MAX
    }

    fn advance(&mut self, gradient: &mut Gradient<T>, steps: usize) -> Result<Option<End>, Error> {
        self.plan.repeat_blindly(steps as u32)?;
        self.done += steps;
        let words = self.adam.iter().map(|adam| self.gpu.read(adam.control()));
        let words = words.collect::<Result<Vec<_>, GpuError>>()?;
        self.rate = words.first().map_or(0.0, |words| words[Adam::<T>::RATE].widen());
        if words.iter().all(|words| words[Adam::<T>::STATUS] == T::zero()) {
            return Ok(None);
        }
        // The last good parameters are those before the step that led here, which does not count.
        let (mut good, mut missing) = (gradient.read()?, steps);
        for ((field, adam), (words, good)) in
            gradient.fields.iter().zip(&self.adam).zip(words.iter().zip(&mut good))
        {
            if words[Adam::<T>::STATUS] != T::zero() {
                let taken = words[Adam::<T>::STEP].widen() as usize;
                missing = if self.over { steps } else { self.done - taken.saturating_sub(1).min(self.done) };
                let there = self.gpu.read(field.resident.parameters())?;
                *good = adam.before_last(&self.gpu, &there)?.into_iter().map(T::widen).collect();
            }
        }
        self.over = true;
        Ok(Some(End { stop: Stop::NonFinite, word: None, missing, good: Some(good) }))
    }

    fn behind(&self) -> usize {
        1
    }

    fn bound(&self) -> (&'static str, f64) {
        ("rate", self.rate)
    }

    fn state(&self) -> Result<Vec<Vec<f64>>, Error> {
        let buffers = self.adam.iter().flat_map(|adam| [adam.m(), adam.v(), adam.control()]);
        Ok(buffers.map(|buffer| read(&self.gpu, buffer)).collect::<Result<_, _>>()?)
    }

    fn restore(&mut self, _gradient: &Gradient<T>, state: &[Vec<f64>]) -> Result<bool, Error> {
        let buffers: Vec<_> =
            self.adam.iter().flat_map(|adam| [adam.m(), adam.v(), adam.control()]).collect();
        let fits = state.len() == buffers.len()
            && buffers.iter().zip(state).all(|(buffer, numbers)| buffer.len() == numbers.len());
        if fits {
            let written: Result<(), GpuError> =
                buffers.iter().zip(state).try_for_each(|(buffer, numbers)| write(&self.gpu, buffer, numbers));
            written?;
            let steps = state.chunks(3).map(|arrays| arrays[2][Adam::<T>::STEP] as usize);
            self.done = steps.min().unwrap_or(0);
            self.over = state.chunks(3).any(|arrays| arrays[2][Adam::<T>::STATUS] != 0.0);
        }
        Ok(fits)
    }
}

/// A step of Adam on Σ_b λ_b ω_b² mean_b R², recorded once.
pub struct TrainingStep<T: Tier> {
    gradient: Gradient<T>,
    steps: AdamSteps<T>,
}

impl<T: Tier + Scalar> TrainingStep<T> {
    /// From these features and coefficients on.
    pub(super) fn new(
        gpu: &Gpu,
        fields: &[OnHost],
        equations: &[Equation],
        collocations: &[Collocation],
        options: AdamOptions,
    ) -> Result<Self, Error> {
        let mut gradient = Gradient::new(gpu, fields, equations.len())?;
        let mut steps = AdamSteps::new(gpu, &gradient, options)?;
        steps.record(&mut gradient, equations, collocations)?;
        Ok(Self { gradient, steps })
    }

    /// The launches of a step.
    pub fn plan(&mut self) -> &mut Plan {
        &mut self.steps.plan
    }

    /// Points of all equations.
    pub fn points(&self) -> usize {
        self.gradient.points()
    }

    /// Parameters of all fields, coefficients among them.
    pub fn parameters(&self) -> usize {
        self.gradient.parameters()
    }
}
