//! Convolutions of images in the plane and in space, forward and backward: sums over 3² or 3³ cells with bias, max(·, 0) and
//! connections that skip them; averages, and interpolation to finer images.
//!
//! ```
//! use ansatz_gpu::{Gpu, Plan};
//! use ansatz_layers::convolution::{Convolution, Convolve, Epilogue, Images};
//!
//! # fn main() -> Result<(), ansatz_gpu::GpuError> {
//! let gpu = Gpu::cpu();
//! let images = Images { extents: [3, 1, 1], count: 1 };
//! let layer = Convolution { inputs: 1, outputs: 1, neighbours: true, dimensions: 2, first: 0 };
//! let mut parameters = vec![0.0f32; layer.numbers()];
//! // y = 2 x(p) − x(p + e_x): the tap in the middle of nine is the cell itself.
//! parameters[layer.weight(0, 0, 4)] = 2.0;
//! parameters[layer.weight(0, 0, 5)] = -1.0;
//! let parameters = gpu.upload("parameters", &parameters)?;
//! let mut x = vec![0.0; images.len(1)];
//! (0..3).for_each(|cell| x[4 * cell] = 1.0 + cell as f32);
//! let (x, y) = (gpu.upload("x", &x)?, gpu.buffer("y", images.len(1))?);
//! let mut plan = Plan::new(&gpu, "convolution");
//! let (parameters, x, epilogue) = (&parameters, &x, Epilogue::Identity);
//! Convolve { layer, adjoint: false, images, parameters, x, y: &y, epilogue }.record(&mut plan)?;
//! plan.run()?;
//! let y = gpu.read(&y)?;
//! assert_eq!([y[0], y[4], y[8]], [0.0, 1.0, 6.0]);
//! # Ok(()) }
//! ```

mod backward;
mod forward;
mod gate;
mod gradient;
mod images;
mod layer;
mod network;
mod resample;
mod spare;
mod split;

pub use forward::Tape;
pub use gate::Gate;
pub use gradient::ConvolutionGradient;
pub use images::Images;
pub use layer::{Convolution, Convolve, Epilogue, MOST_CHANNELS};
pub use network::DirectionNetwork;
pub use resample::{Downsample, Interpolation, Upsample};
use split::Split;
