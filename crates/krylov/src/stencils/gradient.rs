//! The gradient by the numbers that coefficients were made from: `shaders/krylov/stencils_gradient.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::shape::{Params, gain, sign};
use crate::operator::Grid;

/// n̄, the gradient of Σ f̄ᵀ W f over columns by the n that W was assembled from.
#[derive(Debug)]
pub struct StencilGradient<'a, T> {
    /// The cells.
    pub grid: Grid,
    /// Columns of f and f̄.
    pub columns: usize,
    /// n: an image of 5 channels, or in space of 14.
    pub n: &'a Buffer<T>,
    /// s = a_pp^(−½), 0 where there is no unknown, in the device's layout of a vector.
    pub s: &'a Buffer<T>,
    /// f, likewise for each column.
    pub f: &'a Buffer<T>,
    /// f̄, likewise.
    pub f_bar: &'a Buffer<T>,
    /// n̄, as n.
    pub n_bar: &'a Buffer<T>,
}

impl<T: Real> StencilGradient<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where a length does not fit the grid, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::krylov::STENCILS_GRADIENT;
        let params = Params::new(&self.grid, self.columns);
        let (stride, cells) = (params.stride as usize, params.cells());
        let image = 4 * cells * (params.edges() + 1).div_ceil(4);
        super::check(
            kernel.name,
            "n, s and n̄",
            [self.n.len(), self.s.len(), self.n_bar.len()],
            [image, stride, image],
        )?;
        let columns = stride * self.columns;
        super::check(kernel.name, "f and f̄", [self.f.len(), self.f_bar.len()], [columns; 2])?;
        let reals = 2 * self.n.len() + self.s.len() + 2 * self.f.len();
        let flops = 10 * params.edges() * cells * self.columns;
        plan.launch(
            params
                .launch::<T>(Launch::new(kernel, twin::<T>), cells)
                .bind(self.n)
                .bind(self.s)
                .bind(self.f)
                .bind(self.f_bar)
                .bind(self.n_bar)
                .cost((reals * size_of::<T>()) as u64, flops as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (n, s) = (args.read::<T>(1), args.read::<T>(2));
    let (f, f_bar, mut n_bar) = (args.read::<T>(3), args.read::<T>(4), args.write::<T>(5));
    // Σ x(p) h(q) over columns, with x = S f and h = S f̄
    let product = |p: usize, q: usize| -> T {
        let [p, q] = [params.place(p), params.place(q)];
        let firsts = (0..params.columns as usize).map(|column| column * params.stride as usize);
        s[p] * s[q] * firsts.map(|first| f[first + p] * f_bar[first + q]).sum::<T>()
    };
    n_bar.par_chunks_mut(4 * params.cells()).enumerate().for_each(|(plane, n_bar)| {
        for (i, n_bar) in n_bar.iter_mut().enumerate() {
            let (cell, channel) = (i / 4, 4 * plane + i % 4);
            let n = || n[params.channel(channel, cell)];
            *n_bar = match channel {
                0 => gain(n())[1] * product(cell, cell),
                _ if channel > params.edges() => T::zero(),
                _ => match params.neighbour(cell, channel - 1, false) {
                    Some(next) if s[params.place(cell)] > T::zero() && s[params.place(next)] > T::zero() => {
                        sign(n()) * (product(cell, cell) + product(next, next))
                            + product(cell, next)
                            + product(next, cell)
                    }
                    _ => T::zero(),
                },
            };
        }
    });
}
