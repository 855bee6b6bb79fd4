//! Coefficients from the numbers that a network gave: `shaders/krylov/stencils_assemble.wgsl`.

use super::shape::{EXCESS, Params, gain, put_half};
use crate::operator::Grid;
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

/// d(p) = s(p)² (κ + (1 − κ)(1 + n₀(p))² + (1 + ε) Σ_t |n_t(p)| + |n_t(p − t)|) and c_t(p) = s(p) n_t(p) s(p + t), t over the later half of
/// the neighbours.
#[derive(Debug)]
pub struct Assemble<'a, T> {
    /// The cells.
    pub grid: Grid,
    /// n: an image of 5 channels, or in space of 14.
    pub n: &'a Buffer<T>,
    /// s = a_pp^(−½), 0 where there is no unknown, in the device's layout of a vector.
    pub s: &'a Buffer<T>,
    /// d in f32, and then each c_t and its like in halves of words, as the kernel says.
    pub coefficients: &'a Buffer<u32>,
}

impl<T: Real> Assemble<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where a length does not fit the grid, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::krylov::STENCILS_ASSEMBLE;
        let params = Params::new(&self.grid, 1);
        let (stride, channels) = (params.stride as usize, params.edges() + 1);
        let found = [self.n.len(), self.s.len(), self.coefficients.len()];
        let expected = [4 * params.cells() * channels.div_ceil(4), stride, stride * channels];
        super::check(kernel.name, "n, s and coefficients", found, expected)?;
        let bytes = (self.n.len() + 2 * self.s.len()) * size_of::<T>() + 4 * self.coefficients.len();
        plan.launch(
            params
                .launch::<T>(Launch::new(kernel, twin::<T>), stride / 4)
                .bind(self.n)
                .bind(self.s)
                .bind(self.coefficients)
                .cost(bytes as u64, (20 * params.edges() * params.cells()) as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (n, s, mut coefficients) = (args.read::<T>(1), args.read::<T>(2), args.write::<u32>(3));
    let length = params.stride as usize;
    coefficients.fill(0);
    for cell in 0..params.cells() {
        let at = params.place(cell);
        let own = s[at];
        if own <= T::zero() || own.is_nan() {
            continue;
        }
        let [gain, _] = gain(n[params.channel(0, cell)]);
        let mut sum = T::zero();
        for edge in 0..params.edges() {
            for back in [false, true] {
                let Some(other) = params.neighbour(cell, edge, back) else { continue };
                let other_s = s[params.place(other)];
                if other_s > T::zero() {
                    let n = n[params.channel(1 + edge, if back { other } else { cell })];
                    sum += n.abs();
                    // The products are taken in the same order from both ends.
                    let c = if back { other_s * n * own } else { own * n * other_s };
                    put_half(&mut coefficients, length, edge, back, at, c.widen() as f32);
                }
            }
        }
        let d = own * own * (gain + T::from_f64(EXCESS) * sum);
        coefficients[at] = (d.widen() as f32).to_bits();
    }
}
