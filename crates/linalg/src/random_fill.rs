//! x ← random numbers: `shaders/random/fill.wgsl`.

use ansatz_gpu::{Args, Buffer, Element, GpuError, Launch, Plan};
use ansatz_random::Philox;
use rayon::prelude::*;

use crate::Grid;

/// A number that [`RandomFill`] draws: `u32`, all of whose bits are random, or `f32`, uniform in [0, 1).
pub trait Drawn: Element {
    /// Whether it is uniform in [0, 1): selects the `UNIFORM` variant of the kernel.
    const UNIFORM: bool;
    /// From 32 random bits.
    fn from_bits(bits: u32) -> Self;
}

impl Drawn for u32 {
    const UNIFORM: bool = false;
    fn from_bits(bits: u32) -> Self {
        bits
    }
}

impl Drawn for f32 {
    const UNIFORM: bool = true;
    fn from_bits(bits: u32) -> Self {
        ansatz_random::unit_f32(bits)
    }
}

/// xᵢ ← element 4·`first_block` + i of a stream: what [`Philox::bits`] or [`Philox::uniform_f32`] gives, bit for bit.
///
/// ```
/// use ansatz_gpu::{Gpu, Plan};
/// use ansatz_linalg::{Grid, RandomFill};
/// use ansatz_random::Philox;
///
/// # fn main() -> Result<(), ansatz_gpu::GpuError> {
/// let (gpu, philox) = (Gpu::cpu(), Philox::new(42, 0));
/// let x = gpu.buffer::<f32>("x", 5)?;
/// let mut plan = Plan::new(&gpu, "draw");
/// RandomFill { philox, first_block: 0, x: &x, grid: Grid::stream(&gpu, 5) }.record(&mut plan)?;
/// plan.run()?;
/// assert_eq!(gpu.read(&x)?[3], philox.uniform_f32(3));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct RandomFill<'a, T> {
    /// The stream.
    pub philox: Philox,
    /// Blocks of four elements before the first one drawn.
    pub first_block: u64,
    /// Where the numbers go.
    pub x: &'a Buffer<T>,
    /// How the work is spread.
    pub grid: Grid,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n: u32,
    groups: u32,
    first: [u32; 2],
    seed: [u32; 2],
    stream: u32,
}

impl<T: Drawn> RandomFill<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the grid does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::random::FILL;
        let (philox, first, len) = (self.philox, self.first_block, self.x.len());
        let words = |x: u64| [x as u32, (x >> 32) as u32];
        let params = Params {
            n: self.grid.check_elements(kernel.name, len)?,
            groups: self.grid.groups,
            first: words(first),
            seed: words(philox.seed()),
            stream: philox.stream_number(),
        };
        plan.launch(
            Launch::new(kernel, move |args| twin::<T>(args, philox, first))
                .flag("UNIFORM", T::UNIFORM)
                .constant("LANES", self.grid.lanes)
                .params(&params)
                .bind(self.x)
                .workgroups(self.grid.groups.into())
                .cost((len * size_of::<T>()) as u64, if T::UNIFORM { len as u64 } else { 0 }),
        )
    }
}

fn twin<T: Drawn>(args: &Args, philox: Philox, first: u64) {
    let mut x = args.write::<T>(1);
    x.par_chunks_mut(4).with_min_len(1024).enumerate().for_each(|(i, x)| {
        let bits = philox.block(first.wrapping_add(i as u64));
        x.iter_mut().zip(bits).for_each(|(x, bits)| *x = T::from_bits(bits));
    });
}
