//! Training of a network for stencils on many geometries, without a solve.
//!
//! ```text
//! e = Σ_l P_l ξ_l                errors of every scale
//! L = 1 − (q·b)²/(q·Aq e·b)      b = A e, q = M⁻¹b: the part of ‖e‖²_A that the best step along q leaves; the mean over a batch
//! θ by Adam
//! e ← e − αq, some times          what the step leaves: more and more that which the cycle does worst at
//! ```

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use ansatz_gpu::{Gpu, Plan};
use ansatz_krylov::generate::{self, random};
use ansatz_krylov::stencils::{LearnedStencils, StencilNetwork, StencilTraining};
use ansatz_optim::{Adam, AdamOptions};

use super::session::{LOOK, Parts, Session, Trained};
use super::{Origin, TrainProgress, Weights};
use crate::Error;
use crate::pde::Checkpoint;

/// How a network for stencils is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct StencilsTraining {
    /// The network.
    pub network: StencilNetwork,
    /// Weights to begin with; drawn at random if not given.
    pub from: Option<LearnedStencils>,
    /// The grid of every geometry, such as `64x64`, of more than 512 cells.
    pub grid: String,
    /// Geometries, at least 1: obstacles that fill 10 to 30 %, and among every eight of them an empty box with zero beyond its sides.
    pub geometries: usize,
    /// Steps of Adam.
    pub steps: usize,
    /// Errors per step.
    pub batch: usize,
    /// Steps from one drawing of errors to the next, 1 to 10; each step but the first takes what the one before has left of them.
    pub rounds: usize,
    /// Adam's settings.
    pub adam: AdamOptions,
    /// Seed of everything random.
    pub seed: u64,
    /// Where training is saved, also at its end.
    pub checkpoint: Option<Checkpoint>,
    /// A checkpoint to go on from, with the same settings.
    pub resume: Option<PathBuf>,
}

impl StencilsTraining {
    /// The text and the seed of a geometry. Seeds that are typed by hand are none of them.
    fn geometry(&self, number: usize) -> (String, u64) {
        if number % 8 == 7 {
            return (format!("poisson:{}", self.grid), 0);
        }
        let seed = (self.seed << 32) + FIRST_GEOMETRY + number as u64;
        let fraction = 0.2 + 0.1 * random(seed, 0);
        (format!("obstacles:{}:{fraction:.3}", self.grid), seed)
    }

    fn begin(&self) -> Result<Session<LearnedStencils>, Error> {
        let &Self { network, ref from, ref grid, geometries, batch, rounds, seed, adam, .. } = self;
        let (system, optimizer) = (grid.clone(), format!("{adam:?}"));
        let origin = Origin { system, seed, batch, geometries, rounds, optimizer, ..Origin::default() };
        let Some(path) = &self.resume else {
            let learned = match from {
                Some(learned) => learned.clone(),
                None => LearnedStencils::new(network, network.initial(seed))?,
            };
            return Ok(Session::new(Weights { learned, origin }));
        };
        Session::<LearnedStencils>::resume(path, |weights| {
            let found = Origin { loss: 0.0, seconds: 0.0, steps: 0, ..weights.origin.clone() };
            (found != origin || *weights.learned.network() != network).then(|| {
                format!(
                    "a training on {} with seed {}, {} geometries, {} errors per step, {} steps on each and {:?}, by {}",
                    found.system,
                    found.seed,
                    found.geometries,
                    found.batch,
                    found.rounds,
                    weights.learned.network(),
                    found.optimizer
                )
            })
        })
    }
}

/// What is added to the seed of a geometry.
const FIRST_GEOMETRY: u64 = 1 << 24;

/// Trains a network for stencils.
///
/// # Errors
/// Settings that make no sense, a checkpoint of something else or that cannot be written, and what the device says.
pub fn train_stencils(
    gpu: &Gpu,
    options: &StencilsTraining,
    mut look: impl FnMut(TrainProgress) -> ControlFlow<()>,
) -> Result<Trained<LearnedStencils>, Error> {
    let since = Instant::now();
    let session = options.begin()?;
    let parameters: Vec<f32> = session.weights.learned.parameters().iter().map(|&p| p as f32).collect();
    let gradient = gpu.buffer::<f32>("gradient", parameters.len())?;
    let parameters = gpu.upload("parameters", &parameters)?;
    let adam = Adam::<f32>::new(gpu, parameters.len(), options.adam)?;
    let mut geometries = Vec::with_capacity(options.geometries);
    for number in 0..options.geometries.max(1) {
        let (text, seed) = options.geometry(number);
        let operator = generate::parse(&text, seed)?.operator;
        let training = StencilTraining::<f32>::new(gpu, &*operator, options.network, options.batch)?;
        let mut plans = ["first step on errors", "next step on errors"].map(|label| Plan::new(gpu, label));
        training.record(&mut plans[0], &parameters, &gradient)?;
        training.record_next(&mut plans[1], &parameters, &gradient)?;
        for plan in &mut plans {
            adam.record(plan, &parameters, &gradient)?;
        }
        geometries.push((training, plans));
    }
    let (checkpoint, steps) = (options.checkpoint.as_ref(), options.steps);
    let parts = Parts { gpu, adam: &adam, parameters: &parameters, checkpoint, steps, since };
    let (count, rounds) = (geometries.len(), options.rounds.clamp(1, LOOK));
    session.run(
        &parts,
        |range| {
            let mut losses = Vec::with_capacity(range.len());
            for step in range.clone() {
                // Errors are drawn after every look, too: then a checkpoint need not hold them.
                let since_look = step - range.start;
                let drawing = range.start / LOOK * LOOK.div_ceil(rounds) + since_look / rounds;
                let (training, [first, next]) = &mut geometries[drawing % count];
                if since_look.is_multiple_of(rounds) {
                    training.draw(gpu, (options.seed << 32) + drawing as u64)?;
                    first.run()?;
                } else {
                    next.run()?;
                }
                let of_columns = gpu.read(training.losses())?;
                losses.push(of_columns.into_iter().map(f64::from).sum::<f64>() / options.batch as f64);
            }
            Ok(losses)
        },
        |step, loss| look(TrainProgress::Training { step, steps, loss }),
    )
}
