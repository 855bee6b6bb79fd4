//! The direct solve on the coarsest level: `shaders/krylov/multigrid_coarsest.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use faer::prelude::Solve;
use rayon::prelude::*;

use super::faces::Faces;
use super::level::running_columns;
use crate::KrylovError;
use crate::cg::LANES;
use crate::cg::control::Params as LoopParams;
use crate::operator::{Components, Ordering};

/// The most cells, padding included, of a level that is solved directly.
pub(crate) const MOST_CELLS: usize = 512;
/// Quads of z per workgroup.
const QUADS: u32 = 8;

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    quads: u32,
    columns: u32,
    control_stride: u32,
}

/// The inverse of the coarsest operator as a dense matrix.
#[derive(Debug)]
pub(crate) struct Coarsest<T> {
    quads: usize,
    inverse: Buffer<T>,
}

impl<T: Real> Coarsest<T> {
    /// Inverts `factor` times an operator.
    ///
    /// A component of cells without a link to the value zero has the constant vector 1 in its null space. There A + σ11ᵀ is
    /// inverted: A's pseudo-inverse, and a number in place of the infinite one for 1, so that the whole stays definite.
    pub(crate) fn new(gpu: &Gpu, faces: &dyn Faces, factor: f64) -> Result<Self, KrylovError> {
        let grid = faces.grid();
        let cells = grid.cells();
        let is_active = |cell: usize| faces.diagonal(cell) > 0.0;
        let mut matrix = faer::Mat::<f64>::identity(cells, cells);
        let mut components = Components::new(cells);
        for cell in (0..cells).filter(|&cell| is_active(cell)) {
            matrix[(cell, cell)] = factor * faces.diagonal(cell);
            for axis in (0..3).filter(|&axis| faces.face(axis, cell) > 0.0) {
                let neighbour = cell - grid.steps()[axis];
                components.join(cell, neighbour);
                matrix[(cell, neighbour)] = -factor * faces.face(axis, cell);
                matrix[(neighbour, cell)] = matrix[(cell, neighbour)];
            }
        }
        let null = components.ungrounded(is_active, |cell| faces.grounds(cell) > 0.0);
        for i in 0..cells {
            let Some(component) = null.component(i) else { continue };
            let first = (0..cells).find(|&cell| null.component(cell) == Some(component)).unwrap_or(i);
            let sigma = factor * faces.diagonal(first) / null.sizes()[component] as f64;
            for j in (0..cells).filter(|&j| null.component(j) == Some(component)) {
                matrix[(i, j)] += sigma;
            }
        }
        let factorised = matrix.llt(faer::Side::Lower).map_err(|_| KrylovError::CoarsestLevel)?;
        let inverse = factorised.solve(faer::Mat::<f64>::identity(cells, cells));

        Self::from_inverse(gpu, &grid.ordering(), &inverse, is_active)
    }

    /// Takes an inverse, of which only the rows and columns of active unknowns count.
    pub fn from_inverse(
        gpu: &Gpu,
        ordering: &Ordering,
        inverse: &faer::Mat<f64>,
        is_active: impl Fn(usize) -> bool,
    ) -> Result<Self, KrylovError> {
        let length = ordering.device_len();
        let active = || (0..ordering.natural_len()).filter(|&i| is_active(i));
        let mut entries = vec![T::zero(); length * length];
        for j in active() {
            for i in active() {
                // Rounding leaves the two halves of the inverse different.
                let value = 0.5 * (inverse[(i, j)] + inverse[(j, i)]);
                entries[ordering.to_device(j) * length + ordering.to_device(i)] = T::from_f64(value);
            }
        }
        Ok(Self { quads: length / 4, inverse: gpu.upload("multigrid coarsest", &entries)? })
    }

    /// Records z = A⁻¹f.
    pub fn record(
        &self,
        plan: &mut Plan,
        params: &LoopParams,
        [control, f, z]: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        let params = Params {
            quads: self.quads as u32,
            columns: params.columns,
            control_stride: params.control_stride,
        };
        let columns = u64::from(params.columns);
        let entries = self.inverse.len() as u64 * columns;
        let launch = Launch::new(&ansatz_shaders::krylov::MULTIGRID_COARSEST, twin::<T>)
            .real::<T>()
            .constant("LANES", LANES)
            .constant("QUADS", QUADS)
            .params(&params)
            .bind(control)
            .bind(&self.inverse)
            .bind(f)
            .bind(z)
            .workgroups((self.quads as u64).div_ceil(u64::from(QUADS)) * columns)
            .cost(size_of::<T>() as u64 * entries, 2 * entries);
        plan.launch(launch)
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (control, inverse, f) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let mut z = args.write::<T>(4);
    let length = 4 * params.quads as usize;
    for column in running_columns(&control, params.columns, params.control_stride) {
        let f = &f[column * length..(column + 1) * length];
        let z = &mut z[column * length..(column + 1) * length];
        // A row of the symmetric inverse is also its column.
        z.par_iter_mut().enumerate().for_each(|(i, z)| {
            *z = inverse[i * length..(i + 1) * length].iter().zip(f).map(|(&a, &f)| a * f).sum();
        });
    }
}
