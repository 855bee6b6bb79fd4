//! Training of what solvers learn: networks for directions ([`train_directions`]), and the files of their weights.

mod directions;
mod weights;

pub use directions::{DirectionTraining, TrainProgress, TrainStop, Trained, train_directions};
pub use weights::{DirectionWeights, Origin};
