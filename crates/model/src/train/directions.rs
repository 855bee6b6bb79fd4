//! Training of a network for directions on the Ritz vectors of one operator (Kaneda et al., ICML 2023, section 5).
//!
//! ```text
//! V Y, Θ                          Ritz vectors and values by Lanczos
//! b = V Y c,  c_j ~ N(0, 1),      the smooth ones nine times as large;  ‖c‖ = 1
//! L = ‖b − αAq‖²                  q = f(b), the mean over a batch
//! θ by Adam
//! ```

use std::ops::ControlFlow;
use std::path::PathBuf;
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

use super::session::{LOOK, Parts, Session, TrainStop, Trained};
use super::{Origin, Weights};
use crate::Error;
use crate::pde::Checkpoint;

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
) -> Result<Trained<LearnedDirections>, Error> {
    let since = Instant::now();
    let session = begin(system, options)?;
    let loss = DirectionLoss::<f32>::new(gpu, a, &session.weights.learned, options.batch, LOOK as u32)?;
    let mut stopped = false;
    let ritz = RitzVectors::<f32>::new(gpu, a, options.ritz, options.seed, |step| {
        let flow = look(TrainProgress::Lanczos { step, steps: options.ritz });
        stopped |= flow.is_break();
        flow
    })?;
    let random = Philox::new(options.seed, SAMPLES);
    let samples = Samples { vectors: ritz.values().len(), random, ritz: &ritz };
    let adam = Adam::<f32>::new(gpu, loss.parameters().len(), options.adam)?;

    // b = V d;  L and its gradient;  a step of Adam
    let vectors = samples.vectors;
    let v = Matrix::of_buffer(ritz.basis().clone(), ritz.rows(), ritz.basis().len() / ritz.rows())?;
    let b = Matrix::of_buffer(loss.b().clone(), ritz.rows(), options.batch)?;
    let d = Matrix::zeros(gpu, "coefficients", vectors, options.batch)?;
    let mut plan = Plan::new(gpu, "training of directions");
    Gemm::new(v.view(0..ritz.rows(), 0..vectors)?, d.all(), b.all()).record(&mut plan)?;
    loss.record(&mut plan)?;
    adam.record(&mut plan, loss.parameters(), loss.gradient())?;

    let (checkpoint, steps) = (options.checkpoint.as_ref(), options.steps);
    if stopped {
        return session.finish(checkpoint, TrainStop::Stopped);
    }
    let parts = Parts { gpu, adam: &adam, parameters: loss.parameters(), checkpoint, steps, since };
    session.run(
        &parts,
        |range| {
            let count = range.len();
            loss.begin()?;
            for step in range {
                d.write(gpu, &samples.coefficients(step, options.batch))?;
                plan.run()?;
            }
            Ok(loss.losses(count)?)
        },
        |step, loss| look(TrainProgress::Training { step, steps, loss }),
    )
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

/// A session with the first weights, or from a checkpoint of the same network and system.
fn begin(system: &str, options: &DirectionTraining) -> Result<Session<LearnedDirections>, Error> {
    let &DirectionTraining { network, batch, ritz, seed, adam, .. } = options;
    let (system, optimizer) = (system.to_owned(), format!("{adam:?}"));
    let origin = Origin { system, seed, batch, ritz, optimizer, ..Origin::default() };
    let Some(path) = &options.resume else {
        let learned = match &options.from {
            Some(directions) => directions.clone(),
            None => LearnedDirections::new(network, network.initial(seed))?,
        };
        return Ok(Session::new(Weights { learned, origin }));
    };
    Session::<LearnedDirections>::resume(path, |weights| {
        let found = Origin { loss: 0.0, seconds: 0.0, steps: 0, ..weights.origin.clone() };
        (found != origin || *weights.learned.network() != network).then(|| {
            format!(
                "a training of {} with seed {}, {} right-hand sides per step, {} Ritz vectors and {:?}, by {}",
                found.system,
                found.seed,
                found.batch,
                found.ritz,
                weights.learned.network(),
                found.optimizer
            )
        })
    })
}
