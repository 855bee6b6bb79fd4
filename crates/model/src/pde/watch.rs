//! Where a solve stands, for a progress bar or to stop it.

use std::ops::ControlFlow;

use super::snapshot::Place;

/// Where a solve stands.
#[derive(Debug, Clone, PartialEq)]
pub struct PdeProgress {
    /// What is being done: `choosing scales`, `fitting`, `verifying`, `solving the baseline`.
    pub stage: &'static str,
    /// Number of the run, from 1.
    pub run: usize,
    /// Runs in all, one per seed.
    pub runs: usize,
    /// Number of the time window, from 1.
    pub window: usize,
    /// Time windows in all.
    pub windows: usize,
    /// Step of the fit, from 1.
    pub step: usize,
    /// Weighted residual norm before that step.
    pub residual: f64,
    /// What is known of the training of features.
    pub training: Option<Training>,
}

/// Where the training of features stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// Most steps.
    pub steps: usize,
    /// The parts of the loss, which is the square of the weighted residual norm: `residual` of the equations inside, `boundary`,
    /// `initial`, `data`, as far as there are such conditions.
    pub losses: Vec<(&'static str, f64)>,
    /// What bounds the steps, and its name: the damping `λ` of Levenberg and Marquardt, or a `rate`.
    pub bound: (&'static str, f64),
}

/// Tells the caller where a solve stands, and whether to go on.
pub(super) struct Watch<'a> {
    pub now: PdeProgress,
    pub stopped: bool,
    /// The stage in which that was.
    pub stopped_in: &'static str,
    tell: &'a mut dyn FnMut(&PdeProgress) -> ControlFlow<()>,
}

impl<'a> Watch<'a> {
    pub fn new(
        runs: usize,
        windows: usize,
        tell: &'a mut dyn FnMut(&PdeProgress) -> ControlFlow<()>,
    ) -> Self {
        let now = PdeProgress {
            stage: "",
            run: 1,
            runs,
            window: 1,
            windows,
            step: 0,
            residual: f64::NAN,
            training: None,
        };
        Self { now, stopped: false, stopped_in: "", tell }
    }

    /// Enters a stage; whether to go on.
    pub fn stage(&mut self, stage: &'static str) -> bool {
        self.now = PdeProgress { stage, step: 0, residual: f64::NAN, training: None, ..self.now };
        self.tell()
    }

    /// Begins a step; whether to go on.
    pub fn step(&mut self, step: usize, residual: f64) -> bool {
        (self.now.step, self.now.residual) = (step, residual);
        self.tell()
    }

    /// Begins a step of training; whether to go on.
    pub fn training(&mut self, step: usize, residual: f64, training: Training) -> bool {
        self.now.training = Some(training);
        self.step(step, residual)
    }

    /// The fit that is going on.
    pub fn place(&self) -> Place {
        (self.now.run, self.now.window)
    }

    /// Whether to go on, asked between two steps of anything.
    pub fn goes_on(&mut self) -> bool {
        self.tell()
    }

    fn tell(&mut self) -> bool {
        if (self.tell)(&self.now).is_break() && !self.stopped {
            (self.stopped, self.stopped_in) = (true, self.now.stage);
        }
        !self.stopped
    }
}
