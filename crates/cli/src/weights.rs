//! Weights of networks, as they are named on the command line.

use std::path::PathBuf;
use std::sync::Arc;

use ansatz::train::{AnyWeights, Origin};
use ansatz::{Error, LinearSystem, Preconditioner, SolveOptions};

use crate::exit::Failure;

/// Files of weights that were read.
pub struct Weights(Vec<AnyWeights>);

/// The preconditioners that need weights.
pub const LEARNED: [Preconditioner; 2] = [Preconditioner::Network, Preconditioner::Stencils];

impl Weights {
    /// Reads all of them.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let read = paths.iter().map(|path| AnyWeights::read(path));
        let read: Vec<_> = read.collect::<Result<_, _>>().map_err(Error::from)?;
        for (i, weights) in read.iter().enumerate() {
            let alike = |other: &AnyWeights| {
                other.dimensions() == weights.dimensions()
                    && LEARNED.iter().all(|&learned| serves(other, learned) == serves(weights, learned))
            };
            if let Some(other) = read[..i].iter().position(alike) {
                return Err(Failure::usage(format!(
                    "--weights {} and {} are of one kind, for as many dimensions: name one of them",
                    paths[other].display(),
                    paths[i].display()
                )));
            }
        }
        Ok(Self(read))
    }

    /// The preconditioners that there are weights for.
    pub fn preconditioners(&self) -> impl Iterator<Item = Preconditioner> {
        LEARNED.into_iter().filter(|&learned| self.0.iter().any(|weights| serves(weights, learned)))
    }

    /// Gives the preconditioner of the options the weights that it needs, if it needs any and they were read: the first that fit the
    /// dimensions of a system; else the first. Says where they come from.
    pub fn give(&self, system: &LinearSystem, options: &mut SolveOptions) -> Option<&Origin> {
        let flat = system.generated().is_some_and(|generated| generated.grid.extents()[2] == 1);
        let dimensions = if flat { 2 } else { 3 };
        let serving = || self.0.iter().filter(|weights| serves(weights, options.preconditioner));
        let fitting = serving().find(|weights| weights.dimensions() == dimensions);
        match fitting.or(serving().next())? {
            AnyWeights::Directions(weights) => {
                options.directions = Some(Arc::new(weights.learned.clone()));
                Some(&weights.origin)
            }
            AnyWeights::Stencils(weights) => {
                options.stencils = Some(Arc::new(weights.learned.clone()));
                Some(&weights.origin)
            }
        }
    }
}

/// Whether weights are for a preconditioner.
fn serves(weights: &AnyWeights, preconditioner: Preconditioner) -> bool {
    match weights {
        AnyWeights::Directions(_) => preconditioner == Preconditioner::Network,
        AnyWeights::Stencils(_) => preconditioner == Preconditioner::Stencils,
    }
}
