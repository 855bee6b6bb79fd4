//! Between two levels: `shaders/krylov/multigrid_restrict.wgsl` and `multigrid_prolong.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::faces::Faces;
use super::level::{Cells, real, running_columns};
use crate::KrylovError;
use crate::cg::control::Params as LoopParams;
use crate::cg::stream_lanes;

/// The parameter block of the kernels between two levels.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct Params {
    pub columns: u32,
    pub groups: u32,
    pub control_stride: u32,
    pub halved: u32,
    pub quads: u32,
    pub row4: u32,
    pub rows: u32,
    pub layers: u32,
    pub coarse_quads: u32,
    pub coarse_row4: u32,
    pub coarse_rows: u32,
    pub coarse_layers: u32,
    pub near: f32,
    pub far: f32,
    pub full: f32,
    pub array4: u32,
}

/// The transfer between a level and the next coarser one.
#[derive(Debug)]
pub(crate) struct Interpolation {
    halved: [bool; 3],
    /// Weights of a fine cell's own coarse cell and of the next along a halved axis.
    weights: [f32; 2],
    /// A byte per fine cell; 0 where there is no unknown.
    pub own: Buffer<u32>,
}

impl super::Transfer {
    /// The weights along a halved axis of a fine cell's own coarse cell, and of the next on its side.
    fn weights(self) -> [f64; 2] {
        match self {
            Self::Trilinear => [0.75, 0.25],
            Self::Constant => [1.0, 0.0],
        }
    }
}

/// The weight of each fine cell's own coarse cell, in 64ths; 0 where there is no unknown.
///
/// What would come from a coarse cell that is not there comes from the own one, so that constants are interpolated as
/// such: no flux passes a wall. Where the own one has a link to the value zero, that is what lies there.
fn own_weights(fine: &dyn Faces, coarse: &dyn Faces, halved: [bool; 3], [near, far]: [f64; 2]) -> Vec<u8> {
    let (grid, coarse_grid) = (fine.grid(), coarse.grid());
    let ([nx, ny, _], coarse_extents) = (grid.extents(), coarse_grid.extents());
    let coarse_cells = || (0..coarse_grid.cells()).into_par_iter().with_min_len(512);
    let exists: Vec<bool> = coarse_cells().map(|cell| coarse.diagonal(cell) > 0.0).collect();
    let is_grounded: Vec<bool> = coarse_cells().map(|cell| coarse.grounds(cell) > 0.0).collect();
    // The corners of the coarse cells around, each with the axes along which it is the next one, and its weight; the own one first.
    let corners: Vec<([bool; 3], f64)> = (0..8usize)
        .map(|corner| std::array::from_fn(|axis| corner >> axis & 1 == 1))
        .filter(|is_next: &[bool; 3]| (0..3).all(|axis| halved[axis] || !is_next[axis]))
        .map(|is_next| {
            let along = |axis: usize| if is_next[axis] { far } else { near };
            (is_next, (0..3).filter(|&axis| halved[axis]).map(along).product())
        })
        .collect();
    let weight_of = |at: [usize; 3]| -> u8 {
        let parent: [usize; 3] =
            std::array::from_fn(|axis| if halved[axis] { at[axis] / 2 } else { at[axis] });
        // Below 0, a number wraps around and is out of range, too.
        let next: [usize; 3] = std::array::from_fn(|axis| {
            parent[axis].wrapping_add(if at[axis].is_multiple_of(2) { usize::MAX } else { 1 })
        });
        let is_missing = |is_next: &[bool; 3]| {
            let at: [usize; 3] =
                std::array::from_fn(|axis| if is_next[axis] { next[axis] } else { parent[axis] });
            (0..3).any(|axis| at[axis] >= coarse_extents[axis]) || !exists[coarse_grid.index(at)]
        };
        let (_, own) = corners[0];
        let missing = corners[1..].iter().filter(|(is_next, _)| is_missing(is_next));
        let folded: f64 = match is_grounded[coarse_grid.index(parent)] {
            true => 0.0,
            false => missing.map(|(_, weight)| weight).sum(),
        };
        (64.0 * (own + folded)).round() as u8
    };
    let mut weights = vec![0; grid.cells()];
    weights.par_chunks_mut(nx).with_min_len(1 + 512 / nx).enumerate().for_each(|(row, weights)| {
        for (x, weight) in weights.iter_mut().enumerate() {
            if fine.diagonal(row * nx + x) != 0.0 {
                *weight = weight_of([x, row % ny, row / ny]);
            }
        }
    });
    weights
}

impl Interpolation {
    /// The transfer from `fine` to `coarse`, which is `fine` with these axes halved.
    pub fn new(
        gpu: &Gpu,
        transfer: super::Transfer,
        fine: &dyn Faces,
        coarse: &dyn Faces,
        halved: [bool; 3],
    ) -> Result<Self, KrylovError> {
        let weights = transfer.weights();
        let own = fine.grid().ordering().words(&own_weights(fine, coarse, halved, weights));
        let own = gpu.upload("multigrid own weights", &own)?;
        Ok(Self { halved, weights: weights.map(|weight| weight as f32), own })
    }

    /// The parameters of a launch between two levels, in a loop of this layout, but for the workgroups.
    pub fn params(&self, params: &LoopParams, [fine, coarse]: [Cells; 2]) -> Params {
        let bit = |axis: usize| u32::from(self.halved[axis]) << axis;
        let [near, far] = self.weights;
        let axes = self.halved.iter().filter(|&&halved| halved).count();
        Params {
            columns: params.columns,
            groups: 0,
            control_stride: params.control_stride,
            halved: bit(0) | bit(1) | bit(2),
            quads: fine.quads as u32,
            row4: fine.row4() as u32,
            rows: fine.extents[1] as u32,
            layers: fine.extents[2] as u32,
            coarse_quads: coarse.quads as u32,
            coarse_row4: coarse.row4() as u32,
            coarse_rows: coarse.extents[1] as u32,
            coarse_layers: coarse.extents[2] as u32,
            near,
            far,
            full: near.powi(axes as i32),
            array4: 0,
        }
    }

    /// Records f = Pᵀr, with f on the coarse level: 0 where that has no unknown as `next` knows it, the transfer from there
    /// on; without it, any value.
    pub fn restrict<T: Real>(
        &self,
        plan: &mut Plan,
        params: &LoopParams,
        [fine, coarse]: [Cells; 2],
        [control, r, f]: [&Buffer<T>; 3],
        next: Option<&Self>,
    ) -> Result<(), GpuError> {
        let params = Params { groups: coarse.groups, ..self.params(params, [fine, coarse]) };
        let is_masked = next.is_some();
        let launch = Launch::new(&ansatz_shaders::krylov::MULTIGRID_RESTRICT, move |args| {
            restrict_twin::<T>(args, is_masked)
        });
        let [fine_cells, coarse_cells] =
            [fine, coarse].map(|level| level.length() as u64 * u64::from(params.columns));
        let real = size_of::<T>() as u64;
        let cost = ((real + 1) * fine_cells + real * coarse_cells, 12 * fine_cells);
        let launch = self.bind(plan, launch, &params, [control, r, f], cost);
        plan.launch(match next {
            Some(next) => launch.flag("MASKED", true).bind(&next.own),
            None => launch,
        })
    }

    /// Records z ← z + Pe, with e on the coarse level.
    pub fn prolong<T: Real>(
        &self,
        plan: &mut Plan,
        params: &LoopParams,
        [fine, coarse]: [Cells; 2],
        [control, e, z]: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        let params = Params { groups: coarse.groups, ..self.params(params, [fine, coarse]) };
        let launch = Launch::new(&ansatz_shaders::krylov::MULTIGRID_PROLONG, prolong_twin::<T>);
        let [fine_cells, coarse_cells] =
            [fine, coarse].map(|level| level.length() as u64 * u64::from(params.columns));
        let real = size_of::<T>() as u64;
        let cost = ((2 * real + 1) * fine_cells + real * coarse_cells, 20 * fine_cells);
        let launch = self.bind(plan, launch, &params, [control, e, z], cost);
        plan.launch(launch)
    }

    fn bind<T: Real>(
        &self,
        plan: &Plan,
        launch: Launch,
        params: &Params,
        [control, from, to]: [&Buffer<T>; 3],
        (bytes, flops): (u64, u64),
    ) -> Launch {
        launch
            .real::<T>()
            .constant("LANES", stream_lanes(plan.gpu()))
            .params(params)
            .bind(control)
            .bind(&self.own)
            .bind(from)
            .bind(to)
            .workgroups(u64::from(params.groups) * u64::from(params.columns))
            .cost(bytes, flops)
    }
}

impl Params {
    fn halves(&self, axis: usize) -> bool {
        self.halved >> axis & 1 == 1
    }

    /// Where entry `i` of a fine vector lies.
    fn fine_position(&self, i: usize) -> [usize; 3] {
        let (width, rows) = (4 * self.row4 as usize, self.rows as usize);
        [i % width, i / width % rows, i / width / rows]
    }

    /// The coarse cells from which a fine one interpolates, its own first, with their weights but for the own weight's
    /// excess.
    fn corners<T: Real>(&self, at: [usize; 3]) -> impl Iterator<Item = (usize, T)> {
        let counts = [4 * self.coarse_row4, self.coarse_rows, self.coarse_layers].map(|count| count as usize);
        let (near, far) = (real::<T>(self.near), real::<T>(self.far));
        let halves: [bool; 3] = std::array::from_fn(|axis| self.halves(axis));
        (0..8usize).filter_map(move |corner| {
            let (mut cell, mut weight) = ([0; 3], T::one());
            for axis in 0..3 {
                let is_next = corner >> axis & 1 == 1;
                cell[axis] = match (halves[axis], is_next) {
                    (false, false) => at[axis],
                    (false, true) => return None,
                    (true, false) => at[axis] / 2,
                    (true, true) => {
                        (at[axis] / 2).wrapping_add(if at[axis].is_multiple_of(2) { usize::MAX } else { 1 })
                    }
                };
                if halves[axis] {
                    weight *= if is_next { far } else { near };
                }
            }
            let inside = (0..3).all(|axis| cell[axis] < counts[axis]);
            inside.then(|| ((cell[2] * counts[1] + cell[1]) * counts[0] + cell[0], weight))
        })
    }

    /// Σ_C p_iC e_C, 0 where there is no unknown.
    pub fn interpolated<T: Real>(&self, own: &[u32], e: &[T], i: usize) -> T {
        let own = Self::own::<T>(own, i);
        if own.is_zero() {
            return T::zero();
        }
        let corners = self.corners::<T>(self.fine_position(i)).enumerate();
        corners.map(|(corner, (coarse, weight))| if corner == 0 { own } else { weight } * e[coarse]).sum()
    }

    /// The own weight of a fine entry.
    fn own<T: Real>(own: &[u32], i: usize) -> T {
        T::from_f64(f64::from(own[i / 4] >> (8 * (i % 4)) & 0xff) / 64.0)
    }
}

fn restrict_twin<T: Real>(args: &Args, is_masked: bool) {
    let params: Params = args.params();
    let (control, own, r) = (args.read::<T>(1), args.read::<u32>(2), args.read::<T>(3));
    let mut f = args.write::<T>(4);
    let mask = is_masked.then(|| args.read::<u32>(5));
    let [length, coarse_length] = [params.quads, params.coarse_quads].map(|quads| 4 * quads as usize);
    for column in running_columns(&control, params.columns, params.control_stride) {
        let r = &r[column * length..(column + 1) * length];
        let f = &mut f[column * coarse_length..(column + 1) * coarse_length];
        f.fill(T::zero());
        for (i, &r) in r.iter().enumerate() {
            for (corner, (coarse, weight)) in params.corners::<T>(params.fine_position(i)).enumerate() {
                f[coarse] += if corner == 0 { Params::own::<T>(&own, i) } else { weight } * r;
            }
        }
        if let Some(mask) = &mask {
            let masked = f.iter_mut().enumerate().filter(|(i, _)| Params::own::<T>(mask, *i).is_zero());
            masked.for_each(|(_, f)| *f = T::zero());
        }
    }
}

fn prolong_twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (control, own, e) = (args.read::<T>(1), args.read::<u32>(2), args.read::<T>(3));
    let mut z = args.write::<T>(4);
    let [length, coarse_length] = [params.quads, params.coarse_quads].map(|quads| 4 * quads as usize);
    for column in running_columns(&control, params.columns, params.control_stride) {
        let e = &e[column * coarse_length..(column + 1) * coarse_length];
        let z = &mut z[column * length..(column + 1) * length];
        let fine = z.par_iter_mut().with_min_len(1024).enumerate();
        fine.for_each(|(i, z)| *z += params.interpolated(&own, e, i));
    }
}
