//! Training of what solvers learn: networks for directions ([`train_directions`]) and for stencils ([`train_stencils`]), and the files of
//! their weights.

mod directions;
mod session;
mod stencils;
mod weights;

pub use directions::{DirectionTraining, TrainProgress, train_directions};
pub use session::{TrainStop, Trained};
pub use stencils::{StencilsTraining, train_stencils};
pub use weights::{
    AnyWeights, DirectionShape, DirectionWeights, Learned, Origin, StencilShape, StencilWeights, Weights,
};
