//! y = A x in compressed rows, for matrices whose rows are too uneven for SELL: `shaders/krylov/csr.wgsl`, and for rows
//! that are too long for it `csr_long.wgsl` and `csr_long_sum.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::twin::{Work, is_running, multiply};
use super::{DeviceOperator, MOST_TRIPS, Shape};
use crate::KrylovError;
use crate::cg::control::SUMS;
use crate::cg::{LANES, share};
use crate::operator::{OperatorError, Ordering, PaddedCsr, RowSlice, row_slices};

/// The parameter block of `csr`.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    first_row: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    partial_offset: u32,
    longest: u32,
    lanes_per_row: u32,
}

/// The parameter block of `csr_long`.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct LongParams {
    pieces: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
}

/// The parameter block of `csr_long_sum`.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct LongSumParams {
    rows: u32,
    pieces: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    partial_offset: u32,
}

/// A matrix on the device, in as many parts as its largest binding asks for.
pub struct DeviceCsr<T> {
    gpu: Gpu,
    ordering: Ordering,
    lanes_per_row: u32,
    longest: u32,
    parts: Vec<Part<T>>,
    groups: u32,
}

struct Part<T> {
    first_row: u32,
    rows: u32,
    groups: u32,
    partial_offset: u32,
    row_ptr: Buffer<u32>,
    columns: Buffer<u32>,
    values: Buffer<T>,
    long: Option<Long>,
}

/// Rows of a part that are cut into pieces.
struct Long {
    rows: u32,
    pieces: u32,
    /// Workgroups per column of `csr_long`.
    piece_groups: u32,
    /// Workgroups per column of `csr_long_sum`, and so its partial sums.
    row_groups: u32,
    row_table: Buffer<u32>,
    piece_table: Buffer<u32>,
}

/// Loop iterations of an invocation over one row, or over one piece of a long row.
const ROW_TRIPS: u32 = 64;
/// vec4s in a piece of a long row.
const PIECE: u32 = ROW_TRIPS * LANES;
/// Workgroups per column that fill a large GPU.
const MANY_GROUPS: u32 = 512;

impl<T: Real> DeviceCsr<T> {
    /// Uploads a matrix.
    ///
    /// # Errors
    /// Where one row exceeds the largest binding, or memory runs out.
    pub fn new(gpu: &Gpu, matrix: &PaddedCsr<T>) -> Result<Self, KrylovError> {
        let lanes_per_row = lanes_per_row(&matrix.row_ptr);
        let longest = ROW_TRIPS * lanes_per_row;
        let most = usize::try_from(gpu.capabilities().binding_bytes).unwrap_or(usize::MAX);
        let mut parts = Vec::new();
        let mut groups = 0;
        for RowSlice { rows, entries } in row_slices(&matrix.row_ptr, 1, 4 * size_of::<T>(), most)? {
            let pointers = &matrix.row_ptr[rows.start..=rows.end];
            let pointers: Vec<u32> = pointers.iter().map(|pointer| pointer - pointers[0]).collect();
            let stored = 4 * entries.start..4 * entries.end;
            let row_groups = row_groups(gpu, &pointers, lanes_per_row, longest)?;
            let long = Long::new(gpu, rows.start as u32, &pointers, longest)?;
            parts.push(Part {
                first_row: rows.start as u32,
                rows: rows.len() as u32,
                groups: row_groups,
                partial_offset: groups,
                row_ptr: gpu.upload("row_ptr", &pointers)?,
                columns: gpu.upload("columns", &matrix.columns[stored.clone()])?,
                values: gpu.upload("values", &matrix.values[stored])?,
                long,
            });
            groups += row_groups
                + parts.last().and_then(|part| part.long.as_ref()).map_or(0, |long| long.row_groups);
        }
        Ok(Self {
            gpu: gpu.clone(),
            ordering: matrix.ordering.clone(),
            lanes_per_row,
            longest,
            parts,
            groups,
        })
    }
}

impl Long {
    fn new(gpu: &Gpu, first_row: u32, row_ptr: &[u32], longest: u32) -> Result<Option<Self>, GpuError> {
        let (mut rows, mut pieces) = (Vec::new(), Vec::new());
        for (row, pair) in row_ptr.windows(2).enumerate().filter(|(_, pair)| pair[1] - pair[0] > longest) {
            let first_piece = (pieces.len() / 2) as u32;
            for begin in (pair[0]..pair[1]).step_by(PIECE as usize) {
                pieces.extend([begin, (begin + PIECE).min(pair[1])]);
            }
            rows.extend([first_row + row as u32, first_piece, (pieces.len() / 2) as u32, 0]);
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let (row_count, piece_count) = ((rows.len() / 4) as u32, (pieces.len() / 2) as u32);
        let most_pieces = rows.chunks(4).map(|row| row[2] - row[1]).max().unwrap_or(0);
        // The sum over a workgroup takes iterations as well.
        let tree = 2 + LANES.ilog2();
        let enough = |count: u32, trips: u32| {
            let needed = u64::from(count) * u64::from(trips + tree) / MOST_TRIPS + 1;
            count.min(MANY_GROUPS.max(needed as u32))
        };
        Ok(Some(Self {
            rows: row_count,
            pieces: piece_count,
            piece_groups: enough(piece_count, ROW_TRIPS),
            row_groups: enough(row_count, most_pieces.div_ceil(LANES)),
            row_table: gpu.upload("long rows", &rows)?,
            piece_table: gpu.upload("pieces of long rows", &pieces)?,
        }))
    }
}

/// Invocations per row: a power of two near an eighth of the mean number of vec4s per row.
fn lanes_per_row(row_ptr: &[u32]) -> u32 {
    let rows = row_ptr.len().saturating_sub(1).max(1);
    let mean = row_ptr.last().map_or(0, |&quads| quads as usize / rows);
    ((mean / 8).next_power_of_two() as u32).clamp(1, LANES)
}

/// Workgroups per column: enough to fill a large GPU, and so many that no invocation runs too long.
fn row_groups(gpu: &Gpu, row_ptr: &[u32], lanes_per_row: u32, longest: u32) -> Result<u32, OperatorError> {
    let rows = row_ptr.len() - 1;
    let per_step = (LANES / lanes_per_row) as usize;
    if gpu.is_cpu() {
        return Ok(rows.clamp(1, 4 * rayon::current_num_threads()) as u32);
    }
    let mut groups = rows.div_ceil(per_step).clamp(1, MANY_GROUPS as usize);
    loop {
        let trips =
            most_trips(row_ptr, share(rows, groups).next_multiple_of(per_step), lanes_per_row, longest);
        if trips <= MOST_TRIPS {
            return Ok(groups as u32);
        }
        if groups >= rows {
            return Err(OperatorError::TooManyTrips { trips: trips as usize, limit: MOST_TRIPS as usize });
        }
        groups *= 2;
    }
}

/// The most loop iterations of an invocation where each workgroup takes `share` consecutive rows. All lanes of a
/// workgroup count as waiting for the slowest.
fn most_trips(row_ptr: &[u32], share: usize, lanes_per_row: u32, longest: u32) -> u64 {
    let per_step = (LANES / lanes_per_row) as usize;
    let lengths: Vec<u32> = row_ptr.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let step_trips = |rows: &[u32]| {
        let slowest = rows.iter().copied().filter(|&length| length <= longest).max().unwrap_or(0);
        u64::from(1 + slowest.div_ceil(lanes_per_row) + lanes_per_row.ilog2())
    };
    lengths.chunks(share).map(|rows| rows.chunks(per_step).map(step_trips).sum()).max().unwrap_or(0)
}

impl<T: Real> DeviceOperator<T> for DeviceCsr<T> {
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
        let stride4 = (self.ordering.device_len() / 4) as u32;
        let Shape { columns, control_stride } = shape;
        let (real, per_column) = (size_of::<T>() as u64, u64::from(columns));
        for part in &self.parts {
            let params = Params {
                rows: part.rows,
                first_row: part.first_row,
                stride4,
                columns,
                groups: part.groups,
                control_stride,
                partial_offset: part.partial_offset,
                longest: self.longest,
                lanes_per_row: self.lanes_per_row,
            };
            let (entries, rows) = (part.values.len() as u64, u64::from(part.rows));
            let launch = Launch::new(&ansatz_shaders::krylov::CSR, twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&params)
                .bind(control)
                .bind(&part.row_ptr)
                .bind(&part.columns)
                .bind(&part.values)
                .bind(x)
                .bind(y)
                .workgroups(u64::from(part.groups) * per_column)
                // What the long rows take is counted here.
                .cost(
                    per_column * (entries * (4 + real) + rows * (4 + 2 * real)),
                    per_column * 2 * (entries + rows),
                );
            plan.launch(launch)?;
            let Some(long) = &part.long else { continue };

            let sums = self.gpu.buffer::<T>("sums of pieces", (long.pieces * columns) as usize)?;
            let params = LongParams {
                pieces: long.pieces,
                stride4,
                columns,
                groups: long.piece_groups,
                control_stride,
            };
            let launch = Launch::new(&ansatz_shaders::krylov::CSR_LONG, long_twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&params)
                .bind(control)
                .bind(&long.piece_table)
                .bind(&part.columns)
                .bind(&part.values)
                .bind(x)
                .bind(&sums)
                .workgroups(u64::from(long.piece_groups) * per_column);
            plan.launch(launch)?;

            let params = LongSumParams {
                rows: long.rows,
                pieces: long.pieces,
                stride4,
                columns,
                groups: long.row_groups,
                control_stride,
                partial_offset: part.partial_offset + part.groups,
            };
            let launch = Launch::new(&ansatz_shaders::krylov::CSR_LONG_SUM, long_sum_twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&params)
                .bind(control)
                .bind(&long.row_table)
                .bind(&sums)
                .bind(x)
                .bind(y)
                .workgroups(u64::from(long.row_groups) * per_column);
            plan.launch(launch)?;
        }
        Ok(())
    }
}

/// Σ aₖ x over the entries of some vec4s.
fn entries_dot<T: Real>(columns: &[u32], values: &[T], x: &[T], quads: std::ops::Range<u32>) -> T {
    (4 * quads.start as usize..4 * quads.end as usize).map(|k| values[k] * x[columns[k] as usize]).sum()
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let mut control = args.write::<T>(1);
    let (row_ptr, columns) = (args.read::<u32>(2), args.read::<u32>(3));
    let (values, x, mut y) = (args.read::<T>(4), args.read::<T>(5), args.write::<T>(6));
    let first_row = params.first_row as usize;
    let work = Work {
        columns: params.columns,
        length: 4 * params.stride4 as usize,
        entries: first_row..first_row + params.rows as usize,
        control_stride: params.control_stride,
        groups: params.groups,
        partial_offset: params.partial_offset,
    };
    multiply(&work, &mut control, &x, &mut y, |x, i| {
        let (begin, end) = (row_ptr[i - first_row], row_ptr[i - first_row + 1]);
        let is_long = end - begin > params.longest;
        if is_long { T::zero() } else { entries_dot(&columns, &values, x, begin..end) }
    });
}

fn long_twin<T: Real>(args: &Args) {
    let params: LongParams = args.params();
    let (control, pieces, columns) = (args.read::<T>(1), args.read::<u32>(2), args.read::<u32>(3));
    let (values, x, mut sums) = (args.read::<T>(4), args.read::<T>(5), args.write::<T>(6));
    let length = 4 * params.stride4 as usize;
    for (column, sums) in sums.chunks_mut(params.pieces as usize).enumerate() {
        if is_running(&control, column, params.control_stride) {
            let x = &x[column * length..(column + 1) * length];
            sums.par_iter_mut().zip(pieces.par_chunks(2)).for_each(|(sum, piece)| {
                *sum = entries_dot(&columns, &values, x, piece[0]..piece[1]);
            });
        }
    }
}

fn long_sum_twin<T: Real>(args: &Args) {
    let params: LongSumParams = args.params();
    let (mut control, rows, sums) = (args.write::<T>(1), args.read::<u32>(2), args.read::<T>(3));
    let (x, mut y) = (args.read::<T>(4), args.write::<T>(5));
    for (column, sums) in sums.chunks(params.pieces as usize).enumerate() {
        if !is_running(&control, column, params.control_stride) {
            continue;
        }
        let at = column * params.control_stride as usize + SUMS + params.partial_offset as usize;
        let partial = &mut control[at..at + params.groups as usize];
        partial.fill(T::zero());
        for (r, row) in rows.chunks(4).enumerate() {
            let at = 4 * column * params.stride4 as usize + row[0] as usize;
            y[at] = sums[row[1] as usize..row[2] as usize].iter().copied().sum();
            partial[r % params.groups as usize] += y[at] * x[at];
        }
    }
}
