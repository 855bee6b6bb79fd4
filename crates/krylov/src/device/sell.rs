//! y = A x in SELL-C-σ: `shaders/krylov/sell.wgsl`, and `sell_four.wgsl` for several columns.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};

use super::twin::{Work, multiply};
use super::{DeviceOperator, Shape, product_groups};
use crate::KrylovError;
use crate::cg::stream_lanes;
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
    columns_at: u32,
}

/// The arrays of a matrix on the device, in as many parts as its largest binding asks for.
#[derive(Debug, Clone)]
pub struct SellArrays<T> {
    /// C/4.
    pub(crate) slice_quads: u32,
    pub(crate) parts: Vec<SellPart<T>>,
}

/// Some slices of a matrix.
#[derive(Debug, Clone)]
pub(crate) struct SellPart<T> {
    /// Quads of rows before them.
    pub first_quad: u32,
    pub quads: u32,
    /// Entries of the longest row.
    pub widest: u32,
    /// vec4s of the pattern before the columns.
    pub columns_at: u32,
    /// `slice_ptr` and columns: `shaders/common/sell_pattern.wgsl`.
    pub pattern: Buffer<u32>,
    pub values: Buffer<T>,
}

impl<T: Real> SellArrays<T> {
    /// Uploads a matrix.
    ///
    /// # Errors
    /// Where one slice of rows exceeds the largest binding, or memory runs out.
    pub fn new(gpu: &Gpu, matrix: &Sell<T>) -> Result<Self, KrylovError> {
        let slice_quads = (matrix.slice_height / 4) as u32;
        let most = usize::try_from(gpu.capabilities().binding_bytes).unwrap_or(usize::MAX);
        let all_quads = (matrix.ordering.device_len() / 4) as u32;
        let mut parts = Vec::new();
        for RowSlice { rows, entries } in row_slices(&matrix.slice_ptr, 1, 4 * size_of::<T>(), most)? {
            let first_quad = rows.start as u32 * slice_quads;
            let pointers = &matrix.slice_ptr[rows.start..=rows.end];
            let stored = 4 * entries.start..4 * entries.end;
            let mut pattern: Vec<u32> = pointers.iter().map(|pointer| pointer - pointers[0]).collect();
            pattern.resize(pattern.len().next_multiple_of(4), 0);
            let columns_at = (pattern.len() / 4) as u32;
            pattern.extend_from_slice(&matrix.columns[stored.clone()]);
            parts.push(SellPart {
                first_quad,
                quads: (rows.end as u32 * slice_quads).min(all_quads) - first_quad,
                widest: pointers.windows(2).map(|pair| (pair[1] - pair[0]) / slice_quads).max().unwrap_or(0),
                columns_at,
                pattern: gpu.upload("pattern", &pattern)?,
                values: gpu.upload("values", &matrix.values[stored])?,
            });
        }
        Ok(Self { slice_quads, parts })
    }
}

/// A square matrix as an operator.
pub struct DeviceSell<T> {
    ordering: Ordering,
    arrays: SellArrays<T>,
    /// Workgroups per column of each part.
    part_groups: Vec<u32>,
}

impl<T: Real> DeviceSell<T> {
    /// Uploads a matrix.
    ///
    /// # Errors
    /// Where one slice of rows exceeds the largest binding, or memory runs out.
    pub fn new(gpu: &Gpu, matrix: &Sell<T>) -> Result<Self, KrylovError> {
        let arrays = SellArrays::new(gpu, matrix)?;
        let groups_of =
            |part: &SellPart<T>| product_groups(gpu, u64::from(part.quads), u64::from(part.widest));
        let part_groups = arrays.parts.iter().map(groups_of).collect::<Result<_, _>>()?;
        Ok(Self { ordering: matrix.ordering.clone(), arrays, part_groups })
    }
}

impl<T: Real> DeviceOperator<T> for DeviceSell<T> {
    fn ordering(&self) -> &Ordering {
        &self.ordering
    }

    fn groups(&self) -> u32 {
        self.part_groups.iter().sum()
    }

    fn sell(&self) -> Option<&SellArrays<T>> {
        Some(&self.arrays)
    }

    fn record(
        &self,
        plan: &mut Plan,
        control: &Buffer<T>,
        shape: Shape,
        x: &Buffer<T>,
        y: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let mut partial_offset = 0;
        for (part, &groups) in self.arrays.parts.iter().zip(&self.part_groups) {
            let params = Params {
                quads: part.quads,
                first_quad: part.first_quad,
                stride4: (self.ordering.device_len() / 4) as u32,
                columns: shape.columns,
                groups,
                control_stride: shape.control_stride,
                partial_offset,
                slice_quads: self.arrays.slice_quads,
                columns_at: part.columns_at,
            };
            partial_offset += groups;
            let (real, columns) = (size_of::<T>() as u64, u64::from(shape.columns));
            let (entries, rows) = (part.values.len() as u64, 4 * u64::from(part.quads));
            // Several columns share the reading of the matrix, four at a time.
            let (kernel, passes) = match columns {
                1 => (&ansatz_shaders::krylov::SELL, 1),
                more => (&ansatz_shaders::krylov::SELL_FOUR, more.div_ceil(4)),
            };
            let launch = Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", stream_lanes(plan.gpu()))
                .params(&params)
                .bind(control)
                .bind(&part.pattern)
                .bind(&part.values)
                .bind(x)
                .bind(y)
                .workgroups(u64::from(groups) * passes)
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
    let (pattern, values) = (args.read::<u32>(2), args.read::<T>(3));
    let (x, mut y) = (args.read::<T>(4), args.write::<T>(5));
    let entries = Entries::new(&pattern, &values, params.columns_at, params.slice_quads);
    let first = 4 * params.first_quad as usize;
    let work = Work {
        columns: params.columns,
        length: 4 * params.stride4 as usize,
        entries: first..first + 4 * params.quads as usize,
        control_stride: params.control_stride,
        groups: params.groups,
        partial_offset: params.partial_offset,
    };
    multiply(&work, &mut control, &x, &mut y, |x, i| entries.row_times(i - first, x));
}

/// The entries of a part as the twins read them.
pub(crate) struct Entries<'a, T> {
    slice_ptr: &'a [u32],
    columns: &'a [u32],
    values: &'a [T],
    height: usize,
}

impl<'a, T: Real> Entries<'a, T> {
    pub fn new(pattern: &'a [u32], values: &'a [T], columns_at: u32, slice_quads: u32) -> Self {
        let (slice_ptr, columns) = pattern.split_at(4 * columns_at as usize);
        Self { slice_ptr, columns, values, height: 4 * slice_quads as usize }
    }

    /// Σ aᵢⱼ xⱼ for row i of the part.
    pub fn row_times(&self, i: usize, x: &[T]) -> T {
        let (slice, row) = (i / self.height, i % self.height);
        let [begin, end] = [self.slice_ptr[slice], self.slice_ptr[slice + 1]].map(|quad| 4 * quad as usize);
        let entries = (begin + row..end).step_by(self.height);
        entries.map(|k| self.values[k] * x[self.columns[k] as usize]).sum()
    }
}
