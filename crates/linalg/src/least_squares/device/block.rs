//! A panel's reflections on the columns behind it: `shaders/linalg/qr_products.wgsl`, `qr_weights.wgsl`, `qr_update.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::{PANEL, lanes};

/// `partials` ← for each split of the rows, 32 columns of VᵀV and those of VᵀA.
#[derive(Debug)]
pub struct QrProducts<'a, T> {
    /// V, 32 columns.
    pub v: &'a Buffer<T>,
    /// A slab; V itself for VᵀV.
    pub a: &'a Buffer<T>,
    /// Scalars per column of both.
    pub stride: usize,
    /// Rows, rounded outwards to multiples of four.
    pub rows: std::ops::Range<usize>,
    /// Columns of the slab.
    pub columns: std::ops::Range<usize>,
    /// 32 scalars for each of `out_columns` columns, times the splits.
    pub partials: &'a Buffer<T>,
    /// The column of `partials` where the first goes.
    pub out_first: usize,
    /// Columns of a split.
    pub out_columns: usize,
    /// Into how many parts the rows are split.
    pub splits: usize,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct ProductParams {
    stride4: u32,
    first_quad: u32,
    end_quad: u32,
    column: u32,
    columns: u32,
    out_first: u32,
    out_columns: u32,
    splits: u32,
}

/// Lanes of the kernels with a tile of sums in registers.
fn tile_lanes(gpu: &Gpu) -> u32 {
    // Lavapipe and SwiftShader run 8 and 4 lanes at a time.
    lanes(gpu, if gpu.is_software() { 8 } else { 64 })
}

impl<T: Real> QrProducts<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says.
    pub fn record(&self, gpu: &Gpu, plan: &mut Plan) -> Result<(), GpuError> {
        let quads = self.rows.start / 4..self.rows.end.div_ceil(4);
        let params = ProductParams {
            stride4: (self.stride / 4) as u32,
            first_quad: quads.start as u32,
            end_quad: quads.end as u32,
            column: self.columns.start as u32,
            columns: self.columns.len() as u32,
            out_first: self.out_first as u32,
            out_columns: self.out_columns as u32,
            splits: self.splits as u32,
        };
        let products = (4 * quads.len() * PANEL * self.columns.len()) as u64;
        plan.launch(
            Launch::new(&ansatz_shaders::linalg::QR_PRODUCTS, products_twin::<T>)
                .real::<T>()
                .constant("LANES", tile_lanes(gpu))
                .params(&params)
                .bind(self.v)
                .bind(self.a)
                .bind(self.partials)
                .workgroups((2 * self.columns.len().div_ceil(8) * self.splits) as u64)
                .cost((4 * quads.len() * self.columns.len() * size_of::<T>()) as u64, 2 * products),
        )
    }
}

fn products_twin<T: Real>(args: &Args) {
    let p: ProductParams = args.params();
    let (v, a, mut partials) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let stride = 4 * p.stride4 as usize;
    let rows = 4 * p.first_quad as usize..4 * p.end_quad as usize;
    let out = &mut partials[..p.splits as usize * p.out_columns as usize * PANEL];
    for (split, out) in out.chunks_mut(p.out_columns as usize * PANEL).enumerate() {
        let columns = out.chunks_mut(PANEL).skip(p.out_first as usize).take(p.columns as usize);
        columns.enumerate().par_bridge().for_each(|(c, out)| {
            let a = &a[(p.column as usize + c) * stride..][rows.clone()];
            for (i, out) in out.iter_mut().enumerate() {
                let v = &v[i * stride..][rows.clone()];
                // The twin takes all rows at once.
                *out = if split == 0 { dot(v, a) } else { T::zero() };
            }
        });
    }
}

/// Four running sums.
fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    let mut sums = [T::zero(); 4];
    for (x, y) in x.chunks_exact(4).zip(y.chunks_exact(4)) {
        for (sum, (&x, &y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// `weights` ← T⁻ᵀ Vᵀ A.
#[derive(Debug)]
pub struct QrWeights<'a, T> {
    /// As [`QrProducts`] left them: 32 columns and those of A.
    pub partials: &'a Buffer<T>,
    /// 32 scalars per column of A.
    pub weights: &'a Buffer<T>,
    /// Columns of A.
    pub columns: usize,
    /// Reflections of the block.
    pub width: usize,
    /// As in [`QrProducts`].
    pub splits: usize,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct WeightParams {
    columns: u32,
    width: u32,
    splits: u32,
}

impl<T: Real> QrWeights<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says.
    pub fn record(&self, gpu: &Gpu, plan: &mut Plan) -> Result<(), GpuError> {
        let (columns, width, splits) = (self.columns as u32, self.width as u32, self.splits as u32);
        let lanes = lanes(gpu, 32);
        let bytes = (self.splits + 1) * self.columns * PANEL * size_of::<T>();
        plan.launch(
            Launch::new(&ansatz_shaders::linalg::QR_WEIGHTS, weights_twin::<T>)
                .real::<T>()
                .constant("LANES", lanes)
                .params(&WeightParams { columns, width, splits })
                .bind(self.partials)
                .bind(self.weights)
                .workgroups(self.columns.div_ceil(lanes as usize) as u64)
                .cost(bytes as u64, (PANEL * PANEL * self.columns) as u64),
        )
    }
}

fn weights_twin<T: Real>(args: &Args) {
    let WeightParams { columns, width, splits } = args.params();
    let (partials, mut weights) = (args.read::<T>(1), args.write::<T>(2));
    let (columns, width) = (columns as usize, width as usize);
    let product = |column: usize, i: usize| -> T {
        (0..splits as usize).map(|split| partials[(split * (PANEL + columns) + column) * PANEL + i]).sum()
    };
    for (c, w) in weights.chunks_mut(PANEL).take(columns).enumerate() {
        w.fill(T::zero());
        for i in 0..width {
            let known: T = w[..i].iter().enumerate().map(|(k, &w)| product(i, k) * w).sum();
            let rest = product(PANEL + c, i) - known;
            let halved = T::from_f64(0.5) * product(i, i);
            w[i] = if halved > T::zero() { rest / halved } else { T::zero() };
        }
    }
}

/// A ← A − V · `weights`.
#[derive(Debug)]
pub struct QrUpdate<'a, T> {
    /// V, 32 columns.
    pub v: &'a Buffer<T>,
    /// 32 scalars per column.
    pub weights: &'a Buffer<T>,
    /// The column of `weights` that belongs to the first.
    pub weight_first: usize,
    /// A slab.
    pub a: &'a Buffer<T>,
    /// Scalars per column.
    pub stride: usize,
    /// Rows, rounded outwards to multiples of four.
    pub rows: std::ops::Range<usize>,
    /// Columns of the slab.
    pub columns: std::ops::Range<usize>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct UpdateParams {
    stride4: u32,
    first_quad: u32,
    end_quad: u32,
    column: u32,
    columns: u32,
    weight_first: u32,
}

impl<T: Real> QrUpdate<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says.
    pub fn record(&self, gpu: &Gpu, plan: &mut Plan) -> Result<(), GpuError> {
        let quads = self.rows.start / 4..self.rows.end.div_ceil(4);
        let lanes = tile_lanes(gpu);
        let params = UpdateParams {
            stride4: (self.stride / 4) as u32,
            first_quad: quads.start as u32,
            end_quad: quads.end as u32,
            column: self.columns.start as u32,
            columns: self.columns.len() as u32,
            weight_first: self.weight_first as u32,
        };
        let scalars = 4 * quads.len() * self.columns.len();
        let groups = quads.len().div_ceil(4 * lanes as usize) * self.columns.len().div_ceil(8);
        plan.launch(
            Launch::new(&ansatz_shaders::linalg::QR_UPDATE, update_twin::<T>)
                .real::<T>()
                .constant("LANES", lanes)
                .params(&params)
                .bind(self.v)
                .bind(self.weights)
                .bind(self.a)
                .workgroups(groups as u64)
                .cost((2 * scalars * size_of::<T>()) as u64, (2 * PANEL * scalars) as u64),
        )
    }
}

fn update_twin<T: Real>(args: &Args) {
    let p: UpdateParams = args.params();
    let (v, weights, mut a) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let stride = 4 * p.stride4 as usize;
    let rows = 4 * p.first_quad as usize..4 * p.end_quad as usize;
    let columns = a.par_chunks_mut(stride).skip(p.column as usize).take(p.columns as usize);
    columns.enumerate().for_each(|(c, a)| {
        let weights = &weights[(p.weight_first as usize + c) * PANEL..][..PANEL];
        for (v, &w) in v.chunks(stride).zip(weights) {
            a[rows.clone()].iter_mut().zip(&v[rows.clone()]).for_each(|(a, &v)| *a -= v * w);
        }
    });
}
