//! Launches with a sparse matrix that need not be square: `shaders/krylov/sell_update.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::KrylovError;
use crate::cg::LANES;
use crate::cg::control::Params as LoopParams;
use crate::device::{Entries, MOST_TRIPS, SellArrays, SellPart, product_groups};
use crate::multigrid::cycle::Vectors;
use crate::multigrid::level::{real, running_columns};
use crate::operator::{Csr, Format, OperatorError, Ordering, Sell, SellLayout, choose_format};

/// The parameter block of the kernel.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    quads: u32,
    first_quad: u32,
    x4: u32,
    y4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    slice_quads: u32,
    columns_at: u32,
    lanes_per_quad: u32,
    terms: u32,
    c1: f32,
    c2: f32,
}

/// Bits of `terms`.
const PRODUCT: u32 = 1;
const OWN_X: u32 = 2;
const OWN_Y: u32 = 4;

/// A matrix on the device, and how its launches deal out the rows.
#[derive(Debug)]
pub(super) struct Matrix<T> {
    arrays: SellArrays<T>,
    /// Workgroups per column and invocations per quad of each part.
    work: Vec<[u32; 2]>,
    /// vec4s of a vector that it multiplies, and of the product.
    x4: u32,
    y4: u32,
}

/// So many invocations keep a large GPU busy.
const MANY: usize = 1 << 15;
/// Entries of a row that are worth an invocation.
const FEW_ENTRIES: u32 = 4;

impl<T: Real> Matrix<T> {
    /// Lays out a matrix between vectors of these orderings.
    pub fn new(gpu: &Gpu, matrix: &Csr, rows: &Ordering, columns: &Ordering) -> Result<Self, KrylovError> {
        let height = slice_height(matrix)?;
        let arrays = SellArrays::new(gpu, &Sell::<T>::between(matrix, rows, columns, height)?)?;
        Self::from_arrays(gpu, arrays, rows, columns)
    }

    /// Takes the arrays of a matrix that lies on the device already.
    pub fn from_arrays(
        gpu: &Gpu,
        arrays: SellArrays<T>,
        rows: &Ordering,
        columns: &Ordering,
    ) -> Result<Self, KrylovError> {
        let work = arrays.parts.iter().map(|part| deal(gpu, part)).collect::<Result<_, _>>()?;
        let [x4, y4] = [columns, rows].map(|ordering| (ordering.device_len() / 4) as u32);
        Ok(Self { arrays, work, x4, y4 })
    }

    /// Records y = M x, or y ← y + M x.
    pub fn multiply(
        &self,
        plan: &mut Plan,
        params: &LoopParams,
        [control, x, y]: [&Buffer<T>; 3],
        adds: bool,
    ) -> Result<(), GpuError> {
        let terms = if adds { PRODUCT | OWN_Y } else { PRODUCT };
        self.record(plan, params, Vectors { control, f: y, z: [x, y] }, false, terms, [0.0; 2])
    }

    /// Records z[1] = f − M z[0].
    pub fn residual(
        &self,
        plan: &mut Plan,
        params: &LoopParams,
        vectors: Vectors<'_, T>,
    ) -> Result<(), GpuError> {
        self.record(plan, params, vectors, true, PRODUCT, [0.0, 1.0])
    }

    /// Records z[1] ← z[0] + c₁(z[0] − z[1]) + c₂(f − M z[0]), the step after so many from zero, or after any.
    pub fn step(
        &self,
        plan: &mut Plan,
        params: &LoopParams,
        vectors: Vectors<'_, T>,
        c: [f64; 2],
        steps_from_zero: Option<usize>,
    ) -> Result<(), GpuError> {
        let terms = match steps_from_zero {
            Some(0) => 0,
            Some(1) => PRODUCT | OWN_X,
            _ => PRODUCT | OWN_X | OWN_Y,
        };
        // Where c₁ = 0, z[1] may hold anything.
        let terms = if c[0] == 0.0 { terms & !OWN_Y } else { terms };
        self.record(plan, params, vectors, true, terms, c)
    }

    fn record(
        &self,
        plan: &mut Plan,
        params: &LoopParams,
        Vectors { control, f, z: [x, y] }: Vectors<'_, T>,
        fits: bool,
        terms: u32,
        [c1, c2]: [f64; 2],
    ) -> Result<(), GpuError> {
        for (part, &[groups, lanes_per_quad]) in self.arrays.parts.iter().zip(&self.work) {
            let params = Params {
                quads: part.quads,
                first_quad: part.first_quad,
                x4: self.x4,
                y4: self.y4,
                columns: params.columns,
                groups,
                control_stride: params.control_stride,
                slice_quads: self.arrays.slice_quads,
                columns_at: part.columns_at,
                lanes_per_quad,
                terms,
                c1: c1 as f32,
                c2: c2 as f32,
            };
            let columns = u64::from(params.columns);
            let entries = if terms & PRODUCT == 0 { 0 } else { columns * part.values.len() as u64 };
            let rows = columns * 4 * u64::from(part.quads);
            let (real, fit) = (size_of::<T>() as u64, u64::from(fits));
            let launch = Launch::new(&ansatz_shaders::krylov::SELL_UPDATE, move |args| twin::<T>(args, fits))
                .real::<T>()
                .flag("FIT", fits)
                .constant("LANES", LANES)
                .params(&params)
                .bind(control)
                .bind(&part.pattern)
                .bind(&part.values)
                .bind(x)
                .bind(y)
                .workgroups(u64::from(groups) * columns)
                .cost(entries * (4 + real) + rows * (2 + fit) * real, 2 * entries + rows * (1 + 4 * fit));
            plan.launch(if fits { launch.bind(f) } else { launch })?;
        }
        Ok(())
    }
}

/// Low slices where the rows are so uneven that high ones would be padding for the most part.
pub(super) fn slice_height(matrix: &Csr) -> Result<usize, OperatorError> {
    let layout = SellLayout::default();
    Ok(match choose_format(matrix, layout)?.format {
        Format::Sell => layout.slice_height,
        Format::Csr => 4,
    })
}

/// Workgroups per column and invocations per quad: enough to fill a large GPU, and so many that none runs too long.
fn deal<T>(gpu: &Gpu, part: &SellPart<T>) -> Result<[u32; 2], OperatorError> {
    let wanted = if gpu.is_software() { 1 } else { MANY / (part.quads as usize).max(1) };
    let useful = (part.widest / FEW_ENTRIES).max(1);
    let mut lanes = (wanted.max(1) as u32).min(useful).min(LANES).next_power_of_two().min(LANES);
    while lanes < LANES && u64::from(part.widest / lanes) > MOST_TRIPS / 4 {
        lanes *= 2;
    }
    let trips = u64::from(part.widest.div_ceil(lanes) + lanes.ilog2());
    let groups = product_groups(gpu, u64::from(part.quads) * u64::from(lanes), trips)?;
    Ok([groups, lanes])
}

fn twin<T: Real>(args: &Args, fits: bool) {
    let params: Params = args.params();
    let (control, pattern, values) = (args.read::<T>(1), args.read::<u32>(2), args.read::<T>(3));
    let (x, mut y) = (args.read::<T>(4), args.write::<T>(5));
    let f = fits.then(|| args.read::<T>(6));
    let entries = Entries::new(&pattern, &values, params.columns_at, params.slice_quads);
    let [first, length, x_length, y_length] =
        [params.first_quad, params.quads, params.x4, params.y4].map(|quads| 4 * quads as usize);
    let has = |term: u32| params.terms & term != 0;
    let (c1, c2) = (real::<T>(params.c1), real::<T>(params.c2));
    for column in running_columns(&control, params.columns, params.control_stride) {
        let x = &x[column * x_length..(column + 1) * x_length];
        let rows = column * y_length + first..column * y_length + first + length;
        let f = f.as_ref().map(|f| &f[rows.clone()]);
        y[rows].par_iter_mut().with_min_len(1024).enumerate().for_each(|(i, y)| {
            let product = if has(PRODUCT) { entries.row_times(i, x) } else { T::zero() };
            let before = if has(OWN_Y) { *y } else { T::zero() };
            *y = match f {
                None => before + product,
                Some(f) => {
                    let own = if has(OWN_X) { x[first + i] } else { T::zero() };
                    own + c1 * (own - before) + c2 * (f[i] - product)
                }
            };
        });
    }
}
