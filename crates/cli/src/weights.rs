//! Weights of networks, as they are named on the command line.

use std::path::PathBuf;
use std::sync::Arc;

use ansatz::krylov::learned::LearnedDirections;
use ansatz::train::DirectionWeights;
use ansatz::{Error, LinearSystem, Preconditioner, SolveOptions};

use crate::exit::Failure;

/// Files of weights that were read.
pub struct Weights(Vec<DirectionWeights>);

impl Weights {
    /// Reads all of them.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let read = paths.iter().map(|path| DirectionWeights::read(path));
        Ok(Self(read.collect::<Result<_, _>>().map_err(Error::from)?))
    }

    /// The first that fit the dimensions of a system; else the first.
    pub fn of(&self, system: &LinearSystem) -> Option<&DirectionWeights> {
        let flat = system.generated().is_some_and(|generated| generated.grid.extents()[2] == 1);
        let dimensions = if flat { 2 } else { 3 };
        let fits = |weights: &&DirectionWeights| weights.directions.network().dimensions == dimensions;
        self.0.iter().find(fits).or(self.0.first())
    }

    /// The network for a preconditioner that needs one.
    pub fn directions(
        &self,
        system: &LinearSystem,
        options: &SolveOptions,
    ) -> Option<Arc<LearnedDirections>> {
        let weights = self.of(system).filter(|_| options.preconditioner == Preconditioner::Network);
        weights.map(|weights| Arc::new(weights.directions.clone()))
    }
}
