//! Training from gradients alone: parameters stay on the device, where the host looks now and then.

use std::sync::Arc;
use std::time::Instant;

use ansatz_expr::Scalar;
use ansatz_features::Trainable;

use super::balance::GradientNorm;
use super::first_order::{End, Stepper};
use super::gradient::{Gradient, Norms, OnHost};
use super::journal::Journal;
use super::loss::Loss;
use super::newton::{Fit, FitOptions, Stop};
use super::resample::Redraw;
use super::snapshot::Saved;
use super::stages::Stage;
use super::start::start_of;
use super::state::State;
use super::tier::Tier;
use super::trial::Trial;
use super::{PdeError as Error, Training, Watch};

/// Seconds of a submission: some drivers kill what takes 2.
const SUBMISSION: f64 = 0.3;
/// Losses are known after every so many steps; later, after more.
const KNOWN_EVERY: usize = 10;
const LATER: usize = 1000;
const KNOWN_EVERY_LATER: usize = 100;

/// Minimises Σ_b λ_b ω_b² mean_b R² over coefficients and features, from the best coefficients of the features as they are on, or from
/// where `journal` has the fit. Each of `stages`, which are at least one, goes on from where the one before it ended.
pub(super) fn train_first<T: Tier + Scalar>(
    loss: Loss<'_>,
    fields: Vec<Arc<dyn Trainable>>,
    (options, stages): (FitOptions<'_>, &[Stage]),
    redraw: Option<Redraw<'_>>,
    journal: Option<&mut Journal>,
    watch: &mut Watch<'_>,
) -> Result<(Trial, Fit), Error> {
    let (start, place) = (Instant::now(), watch.place());
    let conditions = loss.equations.len();
    let resumed = journal.as_ref().map_or(Ok(None), |journal| journal.found(place, &fields, conditions))?;
    let resumed = resumed.map(|resumed| resumed.saved);
    let trial = Trial::of_trained(&fields);
    let c = match &resumed {
        Some(saved) => saved.c.clone(),
        None => start_of::<T>(&loss, &trial, options, watch)?,
    };
    let with_coefficients = |(field, features): (usize, &Arc<dyn Trainable>)| {
        (features.clone(), c[trial.columns(field)].to_vec())
    };
    // What is resumed begins with the features as they were drawn, too: what is trained of them is overwritten, and so keeps its bits.
    let begin: Vec<OnHost> = fields.iter().enumerate().map(with_coefficients).collect();
    let gradient = Gradient::<T>::new(loss.gpu, &begin, conditions)?;
    let tier = format!("{} on the device", if T::IS_F64 { "f64" } else { "f32" });
    let fit = Fit::new(0, gradient.parameters(), tier);
    let mut run = Run {
        loss,
        gradient,
        fit,
        done: 0,
        begun: resumed.is_some() || !watch.stopped,
        good: None,
        balancing: options.balance.map(|rule| Balancing { rule, norms: None }),
        seconds: f64::INFINITY,
        max_steps: options.max_steps,
        redraw,
        journal,
        watch,
        start,
    };
    let (mut number, mut steps) = match &resumed {
        Some(saved) => run.restore(saved, stages)?,
        None => (0, stages[0].optimizer.steps(&run.loss, &run.gradient)?),
    };
    while run.fit.stop != Stop::Settled {
        run.record(&mut *steps)?;
        let goes_on = run.take(&mut *steps, stages[number])?;
        if !goes_on || number + 1 == stages.len() {
            run.save(&*steps, stages[number], true)?;
            break;
        }
        (number, run.fit.stop) = (number + 1, Stop::MaxSteps);
        steps = stages[number].optimizer.steps(&run.loss, &run.gradient)?;
    }
    run.end()
}

/// How losses are balanced, and what finds the norms of their gradients for the points as they are.
struct Balancing<T> {
    rule: GradientNorm,
    norms: Option<Norms<T>>,
}

/// A fit under way.
struct Run<'a, 'w, T: Tier> {
    loss: Loss<'a>,
    gradient: Gradient<T>,
    fit: Fit,
    /// Steps.
    done: usize,
    /// Whether its first coefficients are what they should be; else it is begun anew.
    begun: bool,
    /// The last good parameters, where those after the last step are not.
    good: Option<Vec<Vec<f64>>>,
    balancing: Option<Balancing<T>>,
    /// Seconds that one takes.
    seconds: f64,
    max_steps: usize,
    redraw: Option<Redraw<'a>>,
    journal: Option<&'a mut Journal>,
    watch: &'a mut Watch<'w>,
    start: Instant,
}

impl<T: Tier + Scalar> Run<'_, '_, T> {
    /// Goes on from a checkpoint; the stage that it is of.
    fn restore(&mut self, saved: &Saved, stages: &[Stage]) -> Result<(usize, Box<dyn Stepper<T>>), Error> {
        self.done = saved.steps;
        self.fit.earlier_seconds = saved.seconds;
        for (&steps, losses) in saved.known_after.iter().zip(&saved.losses) {
            self.fit.note_after(steps, losses.clone());
        }
        let known = stages.iter().position(|stage| stage.optimizer.name() == saved.optimizer);
        let number = known.unwrap_or(0);
        let mut steps = stages[number].optimizer.steps(&self.loss, &self.gradient)?;
        let (parameters, state) = saved.state.split_at(saved.state.len().min(self.gradient.fields.len()));
        let fits = known.is_some()
            && saved.balance.len() == self.gradient.balance().len()
            && self.gradient.set(parameters)?
            && steps.restore(&self.gradient, state)?;
        if let Some(journal) = self.journal.as_ref().filter(|_| !fits) {
            return Err(journal.misfit());
        }
        self.gradient.rebalance(saved.balance.clone(), &self.loss.collocations)?;
        if saved.settled {
            self.fit.stop = Stop::Settled;
        }
        if let Some(redraw) = self.redraw {
            redraw.restore(&mut self.loss, saved)?;
        }
        Ok((number, steps))
    }

    fn record(&mut self, steps: &mut dyn Stepper<T>) -> Result<(), Error> {
        let Loss { equations, collocations, .. } = &self.loss;
        if let Some(balancing) = &mut self.balancing {
            balancing.norms = Some(self.gradient.record_norms(equations, collocations)?);
        }
        steps.record(&mut self.gradient, equations, collocations)
    }

    /// Weighs the losses anew, if it is time for it.
    fn balance(&mut self, steps: &mut dyn Stepper<T>) -> Result<(), Error> {
        let Some(Balancing { rule, norms: Some(norms) }) = &mut self.balancing else { return Ok(()) };
        if !rule.is_due(self.done) {
            return Ok(());
        }
        let sizes = self.gradient.norms(norms)?;
        let balance = rule.update(self.gradient.balance(), &sizes, self.loss.counted);
        self.gradient.rebalance(balance, &self.loss.collocations)?;
        steps.reweighed(&mut self.gradient)
    }

    /// Takes the steps of a stage; whether the next one may go on.
    fn take(&mut self, steps: &mut dyn Stepper<T>, stage: Stage) -> Result<bool, Error> {
        self.seconds = f64::INFINITY;
        if steps.behind() == 0 {
            self.note(steps)?;
        }
        while self.done < stage.until {
            let training = Training {
                steps: self.max_steps,
                losses: self.loss.by_kind(self.fit.losses.last().map_or(&[], Vec::as_slice)),
                bound: steps.bound(),
            };
            let norm = self.fit.history.last().copied().unwrap_or(f64::NAN);
            if !self.watch.training(self.done + 1, norm, training) {
                self.fit.stop = Stop::Stopped;
                return Ok(false);
            }
            if let Some(redraw) = self.redraw.filter(|redraw| redraw.is_due(self.done)) {
                let found = self.gradient.found()?;
                redraw.next(&mut self.loss, self.done, (&found.trial, &found.c))?;
                self.record(steps)?;
            }
            self.balance(steps)?;
            let rounds = self.rounds(steps, stage);
            let begun = Instant::now();
            let end = steps.advance(&mut self.gradient, rounds)?;
            // The first round compiles, and its time says little.
            let first = self.seconds == f64::INFINITY;
            self.seconds = if first { SUBMISSION } else { begun.elapsed().as_secs_f64() / rounds as f64 };
            self.done += rounds;
            if let Some(end) = end {
                return self.ended(steps, end);
            }
            self.note(steps)?;
            if self.journal.as_mut().is_some_and(|journal| journal.is_due(rounds)) {
                self.save(steps, stage, false)?;
            }
        }
        Ok(true)
    }

    /// Steps until the host looks again.
    fn rounds(&self, steps: &dyn Stepper<T>, stage: Stage) -> usize {
        let fit_in = (SUBMISSION / self.seconds) as usize;
        let until_known = (1..).find(|more| is_known((self.done + more).saturating_sub(steps.behind())));
        let until_redraw = self.redraw.map_or(usize::MAX, |redraw| redraw.every - self.done % redraw.every);
        let until_saved = self.journal.as_ref().map_or(usize::MAX, |journal| journal.steps_left());
        let until_balanced = self
            .balancing
            .as_ref()
            .map_or(usize::MAX, |Balancing { rule, .. }| rule.every - self.done % rule.every);
        let most = [steps.batch(), stage.until - self.done, until_redraw, until_balanced, until_saved];
        most.into_iter().fold(fit_in.max(1), usize::min).min(until_known.unwrap_or(1))
    }

    /// Takes in the losses, if they are to be known here.
    fn note(&mut self, steps: &dyn Stepper<T>) -> Result<(), Error> {
        let after = self.done.saturating_sub(steps.behind());
        if is_known(after) && self.fit.known_after.last().is_none_or(|&known| known < after) {
            self.fit.note_after(after, self.gradient.losses()?);
        }
        Ok(())
    }

    /// The last step of an optimiser; whether another may go on.
    fn ended(&mut self, steps: &dyn Stepper<T>, end: End) -> Result<bool, Error> {
        self.done = self.done.saturating_sub(end.missing);
        (self.fit.stop, self.fit.cause) = (end.stop, end.word);
        if end.stop == Stop::NonFinite {
            let trouble = match self.gradient.found() {
                Ok(State { trial, c, .. }) => self.loss.trouble(&trial, &c, &self.loss.at::<T>(&trial, &c)?),
                Err(error) => Some(format!("in a step, {error}")),
            };
            self.good = end.good;
            let beyond = || "in a gradient, which is beyond the range of the fit's precision".to_owned();
            self.fit.cause = Some(trouble.unwrap_or_else(beyond));
            if self.fit.losses.is_empty() {
                self.fit.note_after(0, self.gradient.losses()?);
            }
            return Ok(false);
        }
        self.note(steps)?;
        Ok(true)
    }

    /// Saves it, if it is to be saved at all, and anything is known of it.
    fn save(&mut self, steps: &dyn Stepper<T>, stage: Stage, at_end: bool) -> Result<(), Error> {
        let place = self.watch.place();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        if self.fit.losses.is_empty() || !self.begun {
            return if at_end { journal.write() } else { Ok(()) };
        }
        let parameters = self.gradient.read()?;
        let found = self.gradient.on_host(self.good.as_ref().unwrap_or(&parameters))?;
        let saved = Saved {
            theta: found.theta(),
            c: found.c,
            losses: self.fit.losses.clone(),
            known_after: self.fit.known_after.clone(),
            seconds: self.fit.earlier_seconds + self.start.elapsed().as_secs_f64(),
            settled: self.fit.stop == Stop::Settled,
            chosen: self.loss.chosen(),
            steps: self.done,
            optimizer: stage.optimizer.name().to_owned(),
            state: [parameters, steps.state()?].concat(),
            balance: self.gradient.balance().to_vec(),
            ..Saved::default()
        };
        journal.save(place, saved)
    }

    /// What was found, with the losses there.
    fn end(mut self) -> Result<(Trial, Fit), Error> {
        if let Some(good) = self.good.take() {
            self.gradient.set(&good)?;
        }
        let State { trial, c, .. } = self.gradient.found()?;
        if self.fit.known_after.last().is_some_and(|&known| known < self.done) {
            let losses = self.loss.parts(&self.loss.at::<T>(&trial, &c)?);
            self.fit.note_after(self.done, losses);
        }
        self.fit.rows = self.loss.collocations.iter().map(|block| block.points.len()).sum();
        self.fit.unseen_steps = Some(self.done);
        self.fit.balance = self.gradient.balance().to_vec();
        self.fit.c = c;
        Ok((trial, self.fit))
    }
}

/// Whether losses are to be known after so many steps.
fn is_known(steps: usize) -> bool {
    steps.is_multiple_of(if steps <= LATER { KNOWN_EVERY } else { KNOWN_EVERY_LATER })
}
