//! A level on the way up: `shaders/krylov/stencils_apply.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::shape;
use crate::cg::control::Params as LoopParams;
use crate::cg::stream_lanes;
use crate::multigrid::level::{Cells, real, running_columns};
use crate::multigrid::transfer::{Interpolation, Params};
use crate::operator::Grid;

/// z = W f + P e.
#[derive(Debug)]
pub(super) struct Apply<'a, T> {
    pub grid: Grid,
    /// The level and the next coarser one.
    pub cells: [Cells; 2],
    pub interpolation: &'a Interpolation,
    pub control: &'a Buffer<T>,
    pub e: &'a Buffer<T>,
    pub f: &'a Buffer<T>,
    /// d, or d and each c_t.
    pub coefficients: &'a Buffer<u32>,
    pub z: &'a Buffer<T>,
}

impl<T: Real> Apply<'_, T> {
    pub fn record(&self, plan: &mut Plan, params: &LoopParams) -> Result<(), GpuError> {
        let [fine, coarse] = self.cells;
        let params = Params {
            groups: fine.groups,
            array4: fine.quads as u32,
            ..self.interpolation.params(params, self.cells)
        };
        let arrays = self.coefficients.len() / fine.length();
        let is_space = arrays > 1 + shape::edges(2);
        let columns = u64::from(params.columns);
        let reals = 3 * fine.length() + coarse.length();
        let bytes = (reals * size_of::<T>() + (4 * arrays + 1) * fine.length()) as u64;
        let flops = ((18 + 4 * arrays) * fine.length()) as u64;
        let (has_edges, grid) = (arrays > 1, self.grid);
        let launch = Launch::new(&ansatz_shaders::krylov::STENCILS_APPLY, move |args| {
            twin::<T>(args, &grid, has_edges)
        });
        plan.launch(
            launch
                .real::<T>()
                .flag("EDGES", has_edges)
                .flag("SPACE", is_space)
                .constant("LANES", stream_lanes(plan.gpu()))
                .params(&params)
                .bind(self.control)
                .bind(&self.interpolation.own)
                .bind(self.e)
                .bind(self.f)
                .bind(self.coefficients)
                .bind(self.z)
                .workgroups(u64::from(params.groups) * columns)
                .cost(bytes * columns, flops * columns),
        )
    }
}

fn twin<T: Real>(args: &Args, grid: &Grid, has_edges: bool) {
    let params: Params = args.params();
    let (control, own) = (args.read::<T>(1), args.read::<u32>(2));
    let (e, f, coefficients) = (args.read::<T>(3), args.read::<T>(4), args.read::<u32>(5));
    let mut z = args.write::<T>(6);
    let of_grid = shape::Params::new(grid, 1);
    let [length, coarse_length] = [params.quads, params.coarse_quads].map(|quads| 4 * quads as usize);
    let nx = grid.extents()[0];
    let (width, edges) = (nx.next_multiple_of(4), if has_edges { of_grid.edges() } else { 0 });
    for column in running_columns(&control, params.columns, params.control_stride) {
        let e = &e[column * coarse_length..(column + 1) * coarse_length];
        let f = &f[column * length..(column + 1) * length];
        let z = &mut z[column * length..(column + 1) * length];
        z.par_iter_mut().with_min_len(1024).enumerate().for_each(|(i, z)| {
            let mut sum = real::<T>(f32::from_bits(coefficients[i])) * f[i];
            let cell = i / width * nx + i % width;
            let present = if i % width < nx { edges } else { 0 };
            for edge in 0..present {
                for back in [false, true] {
                    if let Some(neighbour) = of_grid.neighbour(cell, edge, back) {
                        let c = shape::half(&coefficients, length, edge, back, i);
                        sum += real::<T>(c) * f[of_grid.place(neighbour)];
                    }
                }
            }
            *z = sum + params.interpolated(&own, e, i);
        });
    }
}
