//! Lengths of columns, and their scaling: `shaders/linalg/column_lengths.wgsl` and `scale_columns.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};

use super::lanes;
use crate::Matrix;

/// `lengths[2 j]` ← max |a_ij|, `lengths[2 j + 1]` ← Σ (a_ij / max)²; NaN where an entry is not finite.
#[derive(Debug)]
pub struct ColumnLengths<'a, T> {
    /// A.
    pub matrix: &'a Matrix<T>,
    /// Two numbers per column.
    pub lengths: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct LengthParams {
    stride4: u32,
    columns: u32,
    first: u32,
}

impl<T: Real> ColumnLengths<'_, T> {
    /// Records a launch per slab.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where `lengths` has another length, and what the device says.
    pub fn record(&self, gpu: &Gpu, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::linalg::COLUMN_LENGTHS;
        if self.lengths.len() != 2 * self.matrix.columns() {
            let message = format!("{} lengths for {} columns", self.lengths.len(), self.matrix.columns());
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        for (slab, columns) in self.matrix.slabs() {
            let params = LengthParams {
                stride4: (self.matrix.stride() / 4) as u32,
                columns: columns.len() as u32,
                first: columns.start as u32,
            };
            plan.launch(
                Launch::new(kernel, lengths_twin::<T>)
                    .real::<T>()
                    .constant("LANES", lanes(gpu, 64))
                    .params(&params)
                    .bind(slab)
                    .bind(self.lengths)
                    .workgroups(columns.len() as u64)
                    .cost((2 * slab.len() * size_of::<T>()) as u64, 4 * slab.len() as u64),
            )?;
        }
        Ok(())
    }
}

fn lengths_twin<T: Real>(args: &Args) {
    let LengthParams { stride4, columns, first } = args.params();
    let (matrix, mut lengths) = (args.read::<T>(1), args.write::<T>(2));
    let stride = 4 * stride4 as usize;
    for (j, column) in matrix.chunks(stride).take(columns as usize).enumerate() {
        let most = column.iter().fold(T::zero(), |most, x| most.max(x.abs()));
        let scale = T::one() / if most > T::zero() { most } else { T::one() };
        let at = 2 * (first as usize + j);
        lengths[at] = most;
        lengths[at + 1] = column.iter().map(|&x| (x * scale) * (x * scale)).sum();
    }
}

/// `work` ← the columns of `matrix` from `first` of `work` on, times `scales`, and below them λI.
#[derive(Debug)]
pub struct ScaleColumns<'a, T> {
    /// A, or right-hand sides.
    pub matrix: &'a Matrix<T>,
    /// A factor for each column of `work`.
    pub scales: &'a Buffer<T>,
    /// At least as many rows.
    pub work: &'a Matrix<T>,
    /// Where the columns go.
    pub first: usize,
    /// The row of `work` where λI begins, and λ.
    pub tikhonov: Option<(usize, T)>,
}

#[repr(C, packed)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct ScaleParams<T> {
    from_stride4: u32,
    to_stride4: u32,
    from_column: u32,
    to_column: u32,
    columns: u32,
    scale_first: u32,
    groups: u32,
    tikhonov_row: u32,
    tikhonov: T,
}

/// A row that no matrix has.
const NOWHERE: usize = 0x4000_0000;

impl<T: Real> ScaleColumns<'_, T> {
    /// Records a launch for each pair of slabs that share columns.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the shapes do not fit, and what the device says.
    pub fn record(&self, gpu: &Gpu, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::linalg::SCALE_COLUMNS;
        let (from, to) = (self.matrix, self.work);
        if from.rows() > to.rows()
            || self.first + from.columns() > to.columns()
            || self.scales.len() != to.columns()
        {
            let message = format!(
                "{}×{} at column {} and {} scales do not fit {}×{}",
                from.rows(),
                from.columns(),
                self.first,
                self.scales.len(),
                to.rows(),
                to.columns()
            );
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        let lanes = lanes(gpu, 64);
        let groups = (to.stride() / 4).div_ceil(lanes as usize);
        let (row, tikhonov) = self.tikhonov.unwrap_or((NOWHERE, T::zero()));
        for (source, sources) in from.slabs() {
            for (target, targets) in to.slabs() {
                let begin = targets.start.max(sources.start + self.first);
                let end = targets.end.min(sources.end + self.first);
                if begin >= end {
                    continue;
                }
                let params = ScaleParams {
                    from_stride4: (from.stride() / 4) as u32,
                    to_stride4: (to.stride() / 4) as u32,
                    from_column: (begin - self.first - sources.start) as u32,
                    to_column: (begin - targets.start) as u32,
                    columns: (end - begin) as u32,
                    scale_first: begin as u32,
                    groups: groups as u32,
                    tikhonov_row: (row + begin - self.first) as u32,
                    tikhonov,
                };
                let scalars = (end - begin) * to.stride();
                plan.launch(
                    Launch::new(kernel, scale_twin::<T>)
                        .real::<T>()
                        .constant("LANES", lanes)
                        .params(&params)
                        .bind(source)
                        .bind(self.scales)
                        .bind(target)
                        .workgroups((groups * (end - begin)) as u64)
                        .cost((2 * scalars * size_of::<T>()) as u64, scalars as u64),
                )?;
            }
        }
        Ok(())
    }
}

fn scale_twin<T: Real>(args: &Args) {
    let params = args.params::<ScaleParams<T>>();
    let (matrix, scales, mut work) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let (from, to) = (4 * params.from_stride4 as usize, 4 * params.to_stride4 as usize);
    for j in 0..params.columns as usize {
        let scale = scales[params.scale_first as usize + j];
        let source = &matrix[(params.from_column as usize + j) * from..][..from];
        let target = &mut work[(params.to_column as usize + j) * to..][..to];
        target.fill(T::zero());
        target.iter_mut().zip(source).for_each(|(to, &a)| *to = a * scale);
        if let Some(below) = target.get_mut(params.tikhonov_row as usize + j) {
            *below = params.tikhonov;
        }
    }
}
