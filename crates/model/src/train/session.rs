//! What trainings by Adam have in common: the steps between two looks of the host, and checkpoints.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::time::Instant;

use ansatz_gpu::{Buffer, Gpu};
use ansatz_optim::Adam;

use super::weights::{Learned, Weights};
use crate::Error;
use crate::io::tensors::{Numbers, Tensor, TensorFile, damaged};
use crate::pde::{Checkpoint, Interval};

/// What came of training.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained<L> {
    /// The weights.
    pub weights: Weights<L>,
    /// The loss of every step.
    pub losses: Vec<f64>,
    /// Why it ended.
    pub stop: TrainStop,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum TrainStop {
    /// All steps are done.
    MaxSteps,
    /// It was asked to stop.
    Stopped,
    /// A loss or a gradient was not finite: the weights are those before.
    NotFinite,
}

/// Steps between two looks of the host.
pub(super) const LOOK: usize = 10;

/// A training as it stands.
pub(super) struct Session<L> {
    pub weights: Weights<L>,
    /// m, v and the words of Adam.
    adam: Option<[Vec<f32>; 3]>,
    pub losses: Vec<f64>,
}

/// What a session works with on the device.
pub(super) struct Parts<'a> {
    pub gpu: &'a Gpu,
    pub adam: &'a Adam<f32>,
    pub parameters: &'a Buffer<f32>,
    pub checkpoint: Option<&'a Checkpoint>,
    /// Steps in all.
    pub steps: usize,
    /// When the training began.
    pub since: Instant,
}

/// The arrays of a checkpoint beside the weights.
const ADAM: [&str; 3] = ["adam.m", "adam.v", "adam.control"];
const LOSSES: &str = "losses";

impl<L: Learned> Session<L> {
    /// One that begins.
    pub fn new(weights: Weights<L>) -> Self {
        Self { weights, adam: None, losses: Vec::new() }
    }

    /// One that goes on from a checkpoint, unless `refuse` says why it is of something else.
    pub fn resume(path: &Path, refuse: impl FnOnce(&Weights<L>) -> Option<String>) -> Result<Self, Error> {
        let session = Weights::read_with(path, |weights, file: &TensorFile| {
            if let Some(other) = refuse(&weights) {
                return Err(other);
            }
            let Ok(losses) = file.tensor(LOSSES) else {
                return Err("these are weights, and no checkpoint: give them to --from".to_owned());
            };
            let losses = losses.numbers.widened();
            // Stopped before its first step.
            if losses.is_empty() {
                return Ok(Self::new(weights));
            }
            let row = |name: &str| match &file.tensor(name)?.numbers {
                Numbers::F32(numbers) => Ok(numbers.clone()),
                Numbers::F64(_) => Err(damaged(format!("`{name}` is not of f32"))),
            };
            let [m, v, control] = [row(ADAM[0])?, row(ADAM[1])?, row(ADAM[2])?];
            let numbers = weights.learned.parameters().len();
            if (m.len(), v.len(), control.len()) != (numbers, numbers, Adam::<f32>::WORDS) {
                return Err(damaged("the state of Adam is of another network"));
            }
            Ok(Self { weights, adam: Some([m, v, control]), losses })
        })?;
        Ok(session)
    }

    /// Steps up to the end: `advance` runs some of them and gives their losses, `look` may stop.
    pub fn run(
        mut self,
        parts: &Parts<'_>,
        mut advance: impl FnMut(Range<usize>) -> Result<Vec<f64>, Error>,
        mut look: impl FnMut(usize, f64) -> ControlFlow<()>,
    ) -> Result<Trained<L>, Error> {
        let &Parts { gpu, adam, parameters, checkpoint, steps, since } = parts;
        if let Some(state) = &self.adam {
            for (buffer, numbers) in [adam.m(), adam.v(), adam.control()].into_iter().zip(state) {
                gpu.write(buffer, 0, numbers)?;
            }
        }
        let before = self.weights.origin.seconds;
        let mut saved = (Instant::now(), self.losses.len());
        let mut stop = TrainStop::MaxSteps;
        while self.losses.len() < steps {
            let first = self.losses.len();
            let losses = advance(first..steps.min(first + LOOK))?;
            let control = gpu.read(adam.control())?;
            if control[Adam::<f32>::STATUS] != 0.0 || losses.iter().any(|loss| !loss.is_finite()) {
                stop = TrainStop::NotFinite;
                break;
            }
            let mean = losses.iter().sum::<f64>() / losses.len() as f64;
            self.losses.extend(losses);
            self.take(gpu.read(parameters)?, [gpu.read(adam.m())?, gpu.read(adam.v())?, control])?;
            let origin = &mut self.weights.origin;
            (origin.loss, origin.steps) = (mean, self.losses.len());
            origin.seconds = before + since.elapsed().as_secs_f64();
            let is_due = |every| match every {
                Interval::Time(time) => saved.0.elapsed() >= time,
                Interval::Steps(steps) => self.losses.len() - saved.1 >= steps,
            };
            if let Some(Checkpoint { file, every }) = checkpoint
                && is_due(*every)
            {
                self.save(file)?;
                saved = (Instant::now(), self.losses.len());
            }
            if look(self.losses.len(), mean).is_break() {
                stop = TrainStop::Stopped;
                break;
            }
        }
        self.finish(checkpoint, stop)
    }

    /// Ends the training, with a last checkpoint.
    pub fn finish(self, checkpoint: Option<&Checkpoint>, stop: TrainStop) -> Result<Trained<L>, Error> {
        if let Some(Checkpoint { file, .. }) = checkpoint {
            self.save(file)?;
        }
        let Self { weights, losses, .. } = self;
        Ok(Trained { weights, losses, stop })
    }

    fn take(&mut self, parameters: Vec<f32>, adam: [Vec<f32>; 3]) -> Result<(), Error> {
        let parameters = parameters.into_iter().map(f64::from).collect();
        self.weights.learned = L::of(&self.weights.learned.shape(), parameters)?;
        self.adam = Some(adam);
        Ok(())
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        let state = self.adam.iter().flat_map(|state| ADAM.iter().zip(state));
        let mut others: Vec<Tensor> =
            state.map(|(&name, numbers)| Tensor::row(name, Numbers::F32(numbers.clone()))).collect();
        others.push(Tensor::row(LOSSES, Numbers::F64(self.losses.clone())));
        Ok(self.weights.write_with(path, others)?)
    }
}
