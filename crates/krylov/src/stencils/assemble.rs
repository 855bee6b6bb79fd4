//! Coefficients from the numbers that a network gave: `shaders/krylov/stencils_assemble.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::shape::{Params, gain};
use crate::operator::Grid;

/// d(p) = s(p)² (κ + (1 − κ)(1 + n₀(p))² + Σ_t |n_t(p)| + |n_t(p − t)|) and c_t(p) = s(p) n_t(p) s(p + t), t over the later half of
/// the neighbours.
#[derive(Debug)]
pub struct Assemble<'a, T> {
    /// The cells.
    pub grid: Grid,
    /// n: an image of 5 channels, or in space of 14.
    pub n: &'a Buffer<T>,
    /// s = a_pp^(−½), 0 where there is no unknown, in the device's layout of a vector.
    pub s: &'a Buffer<T>,
    /// d and then each c_t, likewise, in f32 whatever the rest is in.
    pub coefficients: &'a Buffer<f32>,
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
                .launch::<T>(Launch::new(kernel, twin::<T>), stride)
                .bind(self.n)
                .bind(self.s)
                .bind(self.coefficients)
                .cost(bytes as u64, (10 * params.edges() * params.cells()) as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (n, s, mut coefficients) = (args.read::<T>(1), args.read::<T>(2), args.write::<f32>(3));
    let stride = params.stride as usize;
    coefficients.fill(0.0);
    // n_t of an edge from a cell, 0 unless both ends are unknowns.
    let edge_of = |cell: usize, edge: usize| -> [T; 2] {
        let next = params.neighbour(cell, edge, false).map_or(T::zero(), |next| s[params.place(next)]);
        let is_between = next > T::zero() && s[params.place(cell)] > T::zero();
        [if is_between { n[params.channel(1 + edge, cell)] } else { T::zero() }, next]
    };
    let (diagonal, edges) = coefficients.split_at_mut(stride);
    let cells = || (0..params.cells()).filter(|&cell| s[params.place(cell)] > T::zero());
    edges.par_chunks_mut(stride.max(1)).enumerate().for_each(|(edge, c)| {
        for cell in cells() {
            let [n, next] = edge_of(cell, edge);
            c[params.place(cell)] = (s[params.place(cell)] * n * next).widen() as f32;
        }
    });
    for cell in cells() {
        let [mut sum, _] = gain(n[params.channel(0, cell)]);
        for edge in 0..params.edges() {
            let [forward, _] = edge_of(cell, edge);
            let last = params.neighbour(cell, edge, true);
            let backward = last.map_or(T::zero(), |last| edge_of(last, edge)[0]);
            sum += forward.abs() + backward.abs();
        }
        let s = s[params.place(cell)];
        diagonal[params.place(cell)] = (s * s * sum).widen() as f32;
    }
}
