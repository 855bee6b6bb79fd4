//! y = A x in SELL-C-σ: `shaders/krylov/sell.wgsl`, and `sell_four.wgsl` for several columns.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};

use super::twin::{Work, multiply};
use super::{DeviceOperator, Shape, product_groups};
use crate::KrylovError;
use crate::cg::LANES;
use crate::operator::{Ordering, RowSlice, Sell, row_slices};

/// The parameter block of the kernel.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    quads: u32,
    first_quad: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    partial_offset: u32,
    slice_quads: u32,
}

/// A matrix on the device, in as many parts as its largest binding asks for.
pub struct DeviceSell<T> {
    ordering: Ordering,
    slice_quads: u32,
    parts: Vec<Part<T>>,
    groups: u32,
}

struct Part<T> {
    first_quad: u32,
    quads: u32,
    groups: u32,
    partial_offset: u32,
    slice_ptr: Buffer<u32>,
    columns: Buffer<u32>,
    values: Buffer<T>,
}

impl<T: Real> DeviceSell<T> {
    /// Uploads a matrix.
    ///
    /// # Errors
    /// Where one slice of rows exceeds the largest binding, or memory runs out.
    pub fn new(gpu: &Gpu, matrix: &Sell<T>) -> Result<Self, KrylovError> {
        let slice_quads = (matrix.slice_height / 4) as u32;
        let quad_bytes = 4 * size_of::<T>();
        let most = usize::try_from(gpu.capabilities().binding_bytes).unwrap_or(usize::MAX);
        let all_quads = (matrix.ordering.device_len() / 4) as u32;
        let mut parts = Vec::new();
        let mut groups = 0;
        for RowSlice { rows, entries } in row_slices(&matrix.slice_ptr, 1, quad_bytes, most)? {
            let first_quad = rows.start as u32 * slice_quads;
            let quads = (rows.end as u32 * slice_quads).min(all_quads) - first_quad;
            let pointers = &matrix.slice_ptr[rows.start..=rows.end];
            let widest = pointers.windows(2).map(|pair| (pair[1] - pair[0]) / slice_quads).max().unwrap_or(0);
            let here = product_groups(gpu, u64::from(quads), u64::from(widest))?;
            let pointers: Vec<u32> = pointers.iter().map(|pointer| pointer - pointers[0]).collect();
            let stored = 4 * entries.start..4 * entries.end;
            parts.push(Part {
                first_quad,
                quads,
                groups: here,
                partial_offset: groups,
                slice_ptr: gpu.upload("slice_ptr", &pointers)?,
                columns: gpu.upload("columns", &matrix.columns[stored.clone()])?,
                values: gpu.upload("values", &matrix.values[stored])?,
            });
            groups += here;
        }
        Ok(Self { ordering: matrix.ordering.clone(), slice_quads, parts, groups })
    }
}

impl<T: Real> DeviceOperator<T> for DeviceSell<T> {
    fn ordering(&self) -> &Ordering {
        &self.ordering
    }

    fn groups(&self) -> u32 {
        self.groups
    }

    fn record(
        &self,
        plan: &mut Plan,
        control: &Buffer<T>,
        shape: Shape,
        x: &Buffer<T>,
        y: &Buffer<T>,
    ) -> Result<(), GpuError> {
        for part in &self.parts {
            let params = Params {
                quads: part.quads,
                first_quad: part.first_quad,
                stride4: (self.ordering.device_len() / 4) as u32,
                columns: shape.columns,
                groups: part.groups,
                control_stride: shape.control_stride,
                partial_offset: part.partial_offset,
                slice_quads: self.slice_quads,
            };
            let (real, columns) = (size_of::<T>() as u64, u64::from(shape.columns));
            let (entries, rows) = (part.values.len() as u64, 4 * u64::from(part.quads));
            // Several columns share the reading of the matrix, four at a time.
            let (kernel, passes) = match columns {
                1 => (&ansatz_shaders::krylov::SELL, 1),
                more => (&ansatz_shaders::krylov::SELL_FOUR, more.div_ceil(4)),
            };
            let launch = Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&params)
                .bind(control)
                .bind(&part.slice_ptr)
                .bind(&part.columns)
                .bind(&part.values)
                .bind(x)
                .bind(y)
                .workgroups(u64::from(part.groups) * passes)
                .cost(
                    passes * entries * (4 + real) + columns * rows * 2 * real,
                    columns * 2 * (entries + rows),
                );
            plan.launch(launch)?;
        }
        Ok(())
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let mut control = args.write::<T>(1);
    let (slice_ptr, columns) = (args.read::<u32>(2), args.read::<u32>(3));
    let (values, x, mut y) = (args.read::<T>(4), args.read::<T>(5), args.write::<T>(6));
    let first = 4 * params.first_quad as usize;
    let height = 4 * params.slice_quads as usize;
    let work = Work {
        columns: params.columns,
        length: 4 * params.stride4 as usize,
        entries: first..first + 4 * params.quads as usize,
        control_stride: params.control_stride,
        groups: params.groups,
        partial_offset: params.partial_offset,
    };
    multiply(&work, &mut control, &x, &mut y, |x, i| {
        let (slice, row) = ((i - first) / height, (i - first) % height);
        let [begin, end] = [slice_ptr[slice], slice_ptr[slice + 1]].map(|quad| 4 * quad as usize);
        (begin + row..end).step_by(height).map(|k| values[k] * x[columns[k] as usize]).sum()
    });
}
