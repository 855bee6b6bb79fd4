//! Training of a network for directions on the Ritz vectors of one operator (Kaneda et al., ICML 2023, section 5).
//!
//! ```text
//! V Y, Θ                          Ritz vectors and values by Lanczos
//! b = V Y c,  c_j ~ N(0, 1),      the smooth ones nine times as large;  ‖c‖ = 1
//! L = ‖b − αAq‖²                  q = f(b), the mean over a batch
//! θ by Adam
//! ```

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ansatz_gpu::{Gpu, Plan};
use ansatz_krylov::lanczos::RitzVectors;
use ansatz_krylov::learned::{DirectionLoss, LearnedDirections};
use ansatz_krylov::operator::Operator;
use ansatz_layers::convolution::DirectionNetwork;
use ansatz_linalg::{Gemm, Matrix};
use ansatz_optim::{Adam, AdamOptions};
use ansatz_random::Philox;
use rayon::prelude::*;

use super::{DirectionWeights, Origin};
use crate::Error;
use crate::io::tensors::{Numbers, Tensor, damaged};
use crate::pde::{Checkpoint, Interval};

/// How a network for directions is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectionTraining {
    /// The network.
    pub network: DirectionNetwork,
    /// Weights to begin with; drawn at random if not given.
    pub from: Option<LearnedDirections>,
    /// Steps of Adam.
    pub steps: usize,
    /// Right-hand sides per step; 10 as published.
    pub batch: usize,
    /// Ritz vectors, fewer where the operator has not as many unknowns.
    pub ritz: usize,
    /// Adam's settings; a constant rate of 1e-4 as published.
    pub adam: AdamOptions,
    /// Seed of everything random.
    pub seed: u64,
    /// Where training is saved, also at its end.
    pub checkpoint: Option<Checkpoint>,
    /// A checkpoint to go on from, with the same system and settings.
    pub resume: Option<PathBuf>,
}

/// Where training stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainProgress {
    /// The Lanczos process has done `step` of `steps` steps.
    Lanczos {
        /// Steps done.
        step: usize,
        /// Steps in all.
        steps: usize,
    },
    /// Adam has done `step` of `steps` steps.
    Training {
        /// Steps done.
        step: usize,
        /// Steps in all.
        steps: usize,
        /// The mean loss over the last few.
        loss: f64,
    },
}

/// What came of training.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The weights.
    pub weights: DirectionWeights,
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
const LOOK: usize = 10;
/// How much larger the coefficients of the smooth Ritz vectors are.
const SMOOTH_WEIGHT: f64 = 9.0;
/// They are half of all, and one in so many besides: 500 of 10,000 as published.
const SMOOTH_BESIDES: usize = 20;

/// Trains a network with an operator on a grid, which `system` names.
///
/// # Errors
/// Settings that make no sense, an operator without a grid, a checkpoint of something else or that cannot be written, and what the
/// device says.
pub fn train_directions(
    gpu: &Gpu,
    a: &dyn Operator,
    system: &str,
    options: &DirectionTraining,
    mut look: impl FnMut(TrainProgress) -> ControlFlow<()>,
) -> Result<Trained, Error> {
    let since = Instant::now();
    let mut run = Run::new(system, options)?;
    let loss = DirectionLoss::<f32>::new(gpu, a, &run.weights.directions, options.batch, LOOK as u32)?;
    let mut stopped = false;
    let ritz = RitzVectors::<f32>::new(gpu, a, options.ritz, options.seed, |step| {
        let flow = look(TrainProgress::Lanczos { step, steps: options.ritz });
        stopped |= flow.is_break();
        flow
    })?;
    let random = Philox::new(options.seed, SAMPLES);
    let samples = Samples { vectors: ritz.values().len(), random, ritz: &ritz };
    let adam = Adam::<f32>::new(gpu, loss.parameters().len(), options.adam)?;
    if let Some(state) = &run.adam {
        for (buffer, numbers) in [adam.m(), adam.v(), adam.control()].into_iter().zip(state) {
            gpu.write(buffer, 0, numbers)?;
        }
    }

    // b = V d;  L and its gradient;  a step of Adam
    let vectors = samples.vectors;
    let v = Matrix::of_buffer(ritz.basis().clone(), ritz.rows(), ritz.basis().len() / ritz.rows())?;
    let b = Matrix::of_buffer(loss.b().clone(), ritz.rows(), options.batch)?;
    let d = Matrix::zeros(gpu, "coefficients", vectors, options.batch)?;
    let mut plan = Plan::new(gpu, "training of directions");
    Gemm::new(v.view(0..ritz.rows(), 0..vectors)?, d.all(), b.all()).record(&mut plan)?;
    loss.record(&mut plan)?;
    adam.record(&mut plan, loss.parameters(), loss.gradient())?;

    let before = run.weights.origin.seconds;
    let mut saved = (Instant::now(), run.losses.len());
    let mut stop = if stopped { Some(TrainStop::Stopped) } else { None };
    while stop.is_none() && run.losses.len() < options.steps {
        let first = run.losses.len();
        let count = LOOK.min(options.steps - first);
        loss.begin()?;
        for step in first..first + count {
            d.write(gpu, &samples.coefficients(step, options.batch))?;
            plan.run()?;
        }
        let losses = loss.losses(count)?;
        let control = gpu.read(adam.control())?;
        if control[Adam::<f32>::STATUS] != 0.0 || losses.iter().any(|loss| !loss.is_finite()) {
            stop = Some(TrainStop::NotFinite);
            break;
        }
        let mean = losses.iter().sum::<f64>() / count as f64;
        run.losses.extend(losses);
        run.take(gpu.read(loss.parameters())?, [gpu.read(adam.m())?, gpu.read(adam.v())?, control])?;
        let origin = &mut run.weights.origin;
        (origin.loss, origin.steps) = (mean, run.losses.len());
        origin.seconds = before + since.elapsed().as_secs_f64();
        let is_due = |every| match every {
            Interval::Time(time) => saved.0.elapsed() >= time,
            Interval::Steps(steps) => run.losses.len() - saved.1 >= steps,
        };
        if let Some(Checkpoint { file, every }) = &options.checkpoint
            && is_due(*every)
        {
            run.save(file)?;
            saved = (Instant::now(), run.losses.len());
        }
        if look(TrainProgress::Training { step: run.losses.len(), steps: options.steps, loss: mean })
            .is_break()
        {
            stop = Some(TrainStop::Stopped);
        }
    }
    if let Some(Checkpoint { file, .. }) = &options.checkpoint {
        run.save(file)?;
    }
    let Run { weights, losses, .. } = run;
    Ok(Trained { weights, losses, stop: stop.unwrap_or(TrainStop::MaxSteps) })
}

/// Stream of the samples' random numbers, beside that of the first weights.
const SAMPLES: u32 = 1;

/// Right-hand sides of each step.
struct Samples<'a> {
    vectors: usize,
    random: Philox,
    ritz: &'a RitzVectors<f32>,
}

impl Samples<'_> {
    /// d = Y c of the batch of a step, column after column, ‖c‖ = 1.
    fn coefficients(&self, step: usize, batch: usize) -> Vec<f32> {
        let m = self.vectors;
        let smooth = m / 2 + m / SMOOTH_BESIDES;
        let column = |sample: usize| {
            let first = (step * batch + sample) as u64 * m as u64;
            let draw = |j: usize| {
                let weight = if j < smooth { SMOOTH_WEIGHT } else { 1.0 };
                weight * self.random.normal(first + j as u64)
            };
            let c: Vec<f64> = (0..m).map(draw).collect();
            let length = c.iter().map(|c| c * c).sum::<f64>().sqrt();
            let unit: Vec<f64> = c.iter().map(|c| c / length).collect();
            self.ritz.coefficients(&unit)
        };
        let columns: Vec<Vec<f64>> = (0..batch).into_par_iter().map(column).collect();
        columns.into_iter().flatten().map(|d| d as f32).collect()
    }
}

/// A training as it stands.
struct Run {
    weights: DirectionWeights,
    /// m, v and the words of Adam.
    adam: Option<[Vec<f32>; 3]>,
    losses: Vec<f64>,
}

/// The arrays of a checkpoint beside the weights.
const ADAM: [&str; 3] = ["adam.m", "adam.v", "adam.control"];
const LOSSES: &str = "losses";

impl Run {
    fn new(system: &str, options: &DirectionTraining) -> Result<Self, Error> {
        let &DirectionTraining { network, steps: _, batch, ritz, seed, .. } = options;
        let origin = Origin { system: system.to_owned(), seed, batch, ritz, ..Origin::default() };
        if let Some(path) = &options.resume {
            return Self::read(path, network, &origin);
        }
        let directions = match &options.from {
            Some(directions) => directions.clone(),
            None => LearnedDirections::new(network, network.initial(seed))?,
        };
        Ok(Self { weights: DirectionWeights { directions, origin }, adam: None, losses: Vec::new() })
    }

    /// A checkpoint of the same network and system.
    fn read(path: &Path, network: DirectionNetwork, wanted: &Origin) -> Result<Self, Error> {
        let run = DirectionWeights::read_with(path, |weights, file| {
            let found = &weights.origin;
            let same = (found.system == wanted.system && found.seed == wanted.seed)
                && (found.batch, found.ritz) == (wanted.batch, wanted.ritz)
                && *weights.directions.network() == network;
            if !same {
                return Err(format!(
                    "a training of {} with seed {}, {} right-hand sides per step, {} Ritz vectors and {:?}",
                    found.system,
                    found.seed,
                    found.batch,
                    found.ritz,
                    weights.directions.network()
                ));
            }
            let row = |name: &str| match &file.tensor(name)?.numbers {
                Numbers::F32(numbers) => Ok(numbers.clone()),
                Numbers::F64(_) => Err(damaged(format!("`{name}` is not of f32"))),
            };
            let [m, v, control] = [row(ADAM[0])?, row(ADAM[1])?, row(ADAM[2])?];
            let numbers = network.numbers();
            if (m.len(), v.len(), control.len()) != (numbers, numbers, Adam::<f32>::WORDS) {
                return Err(damaged("the state of Adam is of another network"));
            }
            let losses = file.tensor(LOSSES)?.numbers.widened();
            Ok(Self { weights, adam: Some([m, v, control]), losses })
        })?;
        Ok(run)
    }

    fn take(&mut self, parameters: Vec<f32>, adam: [Vec<f32>; 3]) -> Result<(), Error> {
        let network = *self.weights.directions.network();
        let parameters = parameters.into_iter().map(f64::from).collect();
        self.weights.directions = LearnedDirections::new(network, parameters)?;
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
