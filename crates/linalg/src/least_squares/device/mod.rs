//! The factorisation on the device: blocks of reflections in the compact form I − V T⁻¹ Vᵀ (Schreiber and Van Loan, SIAM
//! J. Sci. Stat. Comput. 10, 1989), 32 columns each. Per block, one launch per column and three for the columns behind it.

mod block;
mod columns;
mod panel;
mod upper;

use std::ops::Range;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::problem::{Lengths, Problem, Triangle};
use super::{LeastSquaresReason, LeastSquaresSolution};
use crate::Matrix;

pub use block::{QrProducts, QrUpdate, QrWeights};
pub use columns::{ColumnLengths, ScaleColumns};
pub use panel::{PanelMemory, QrPanel};
pub use upper::SolveUpper;

/// Columns of a panel, as in the kernels.
pub const PANEL: usize = 32;

/// Some columns of a slab that become columns of R together.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a, T> {
    /// The slab.
    pub slab: &'a Buffer<T>,
    /// Scalars per column.
    pub stride: usize,
    /// The first of them in the slab.
    pub column: usize,
    /// The same in the matrix, and the row of its diagonal; a multiple of 32.
    pub first: usize,
    /// How many, at most 32.
    pub width: usize,
    /// Rows from here on are zero in them.
    pub end: usize,
}

fn lanes(gpu: &Gpu, wanted: u32) -> u32 {
    wanted.min(gpu.capabilities().workgroup_invocations)
}

/// The reflections that turn the first `reflections` columns of a matrix into R, over all its columns.
///
/// In a row past `tall`, only the diagonal that begins there may hold anything.
#[derive(Debug)]
pub struct Factorisation<'a, T> {
    /// The matrix; its upper triangle becomes R.
    pub work: &'a Matrix<T>,
    /// How many columns.
    pub reflections: usize,
    /// Rows that may be full.
    pub tall: usize,
    /// The diagonal of R: one number per column of `work`.
    pub diagonal: &'a Buffer<T>,
}

impl<T: Real> Factorisation<'_, T> {
    /// Runs it, a submission per panel.
    ///
    /// # Errors
    /// What the device says.
    pub fn run(&self, gpu: &Gpu) -> Result<(), GpuError> {
        let (stride, columns) = (self.work.stride(), self.work.columns());
        let memory = PanelMemory::new(gpu, stride)?;
        let most_splits = 16;
        let partials = gpu.buffer("products of a block", most_splits * (PANEL + columns) * PANEL)?;
        let weights = gpu.buffer("weights of a block", columns * PANEL)?;
        for first in (0..self.reflections).step_by(PANEL) {
            let width = PANEL.min(self.reflections - first);
            let end = self.work.rows().min(self.tall + first + width);
            let mut plan = Plan::new(gpu, "householder");
            if let Some((slab, of_slab)) = self.work.slabs().find(|(_, columns)| columns.contains(&first)) {
                let panel = Panel { slab, stride, column: first - of_slab.start, first, width, end };
                QrPanel { panel, memory: &memory, diagonal: self.diagonal }.record(gpu, &mut plan)?;
            }
            // A real device is filled by some hundred workgroups; a software adapter by a few.
            let behind = columns - first - width;
            let tiles = 2 * (PANEL + behind).div_ceil(8);
            let splits = if gpu.is_software() { 1 } else { (512 / tiles).clamp(1, most_splits) };
            let block = Block { memory: &memory, partials: &partials, weights: &weights, splits, width };
            block.record(gpu, &mut plan, self.work, first..end, first + width..columns)?;
            plan.run()?;
        }
        Ok(())
    }
}

struct Block<'a, T> {
    memory: &'a PanelMemory<T>,
    partials: &'a Buffer<T>,
    weights: &'a Buffer<T>,
    splits: usize,
    width: usize,
}

impl<T: Real> Block<'_, T> {
    /// The block's reflections on the columns `behind` it.
    fn record(
        &self,
        gpu: &Gpu,
        plan: &mut Plan,
        work: &Matrix<T>,
        rows: Range<usize>,
        behind: Range<usize>,
    ) -> Result<(), GpuError> {
        if behind.is_empty() {
            return Ok(());
        }
        let (v, stride, splits) = (&self.memory.v, work.stride(), self.splits);
        let (partials, out_columns) = (self.partials, PANEL + behind.len());
        // The columns behind the block, slab by slab: the slab, their places in it, and their number from `behind` on.
        let parts: Vec<_> = work
            .slabs()
            .filter(|(_, columns)| columns.end > behind.start)
            .map(|(slab, columns)| {
                let begin = columns.start.max(behind.start);
                (slab, begin - columns.start..columns.len(), begin - behind.start)
            })
            .collect();

        // [VᵀV VᵀA]
        let products = |a, columns, out_first| QrProducts {
            v,
            a,
            stride,
            rows: rows.clone(),
            columns,
            partials,
            out_first,
            out_columns,
            splits,
        };
        products(v, 0..PANEL, 0).record(gpu, plan)?;
        for (slab, columns, number) in &parts {
            products(slab, columns.clone(), PANEL + number).record(gpu, plan)?;
        }
        // W = T⁻ᵀ VᵀA
        let (weights, width) = (self.weights, self.width);
        QrWeights { partials, weights, columns: behind.len(), width, splits }.record(gpu, plan)?;
        // A −= V W
        for (slab, columns, number) in parts {
            let rows = rows.clone();
            QrUpdate { v, weights, weight_first: number, a: slab, stride, rows, columns }
                .record(gpu, plan)?;
        }
        Ok(())
    }
}

impl<T: Real> Problem<'_, T> {
    /// Factors [A b] on the device, and R, c with λ on the host in f64.
    pub fn solve_mixed(&self) -> Result<LeastSquaresSolution, GpuError> {
        let tier = if T::IS_F64 {
            "f64 on the device, the triangle on the host (faer)"
        } else {
            "f32 on the device, the triangle in f64 on the host (faer)"
        };
        self.on_device(tier, |lengths| {
            Ok(self.finish(self.triangle_on_device(lengths)?.with_tikhonov(self.tikhonov), lengths, tier))
        })
    }

    /// The triangle of the scaled [A b], factored on the device.
    pub fn triangle_on_device(&self, lengths: &Lengths) -> Result<Triangle, GpuError> {
        let n = self.matrix.columns();
        let rows = self.matrix.rows().min(n);
        let (work, _) = self.factor(lengths, 0.0)?;
        let mut triangle = Triangle::zeros(n, self.rhs.columns());
        for (slab, columns) in work.slabs() {
            let entries = self.gpu.read(slab)?;
            for (column, entries) in columns.zip(entries.chunks(work.stride())) {
                // Below the diagonal lies what the reflections left there.
                let rows = rows.min(column + 1);
                triangle.set(column, entries[..rows].iter().map(|r| r.widen()));
            }
        }
        Ok(triangle)
    }

    /// Factors [A b; λI 0] and solves R x = c, all on the device.
    pub fn solve_on_device(&self) -> Result<LeastSquaresSolution, GpuError> {
        let tier = if T::IS_F64 { "f64 on the device" } else { "f32 on the device" };
        self.on_device(tier, |lengths| {
            let (n, rhs) = (self.matrix.columns(), self.rhs.columns());
            let (work, diagonal) = self.factor(lengths, self.tikhonov)?;
            let diagonal: Vec<f64> = self.gpu.read(&diagonal)?[..n].iter().map(|r| r.widen()).collect();
            let mut solution = self.judge(&diagonal, lengths, tier);
            if !solution.solved() {
                return Ok(solution);
            }
            let stride = n.next_multiple_of(4);
            let x = Matrix::in_slabs(self.gpu, "x", n, rhs, usize::MAX)?;
            // c = the first rows of the right-hand sides.
            let c = self.heads(&work)?;
            for (slab, columns) in x.slabs() {
                self.gpu.write(slab, 0, &c[columns.start * stride..columns.end * stride])?;
                let mut plan = Plan::new(self.gpu, "back substitution");
                SolveUpper { r: &work, n, x: slab }.record(self.gpu, &mut plan)?;
                plan.run()?;
            }
            let entries = x.read(self.gpu)?;
            solution.x = (0..rhs)
                .map(|k| {
                    let x = entries[k * n..(k + 1) * n].iter().map(|x| x.widen());
                    lengths.unscale(k, x.collect())
                })
                .collect();
            Ok(solution)
        })
    }

    /// What both have in common: a look at the columns before, and the residuals after.
    fn on_device(
        &self,
        tier: &str,
        solve: impl FnOnce(&Lengths) -> Result<LeastSquaresSolution, GpuError>,
    ) -> Result<LeastSquaresSolution, GpuError> {
        if let Err(reason) = self.has_enough_rows() {
            return Ok(self.refused(reason, tier));
        }
        let lengths = match self.lengths_on_device()? {
            Ok(lengths) => lengths,
            Err(reason) => return Ok(self.refused(reason, tier)),
        };
        let mut solution = solve(&lengths)?;
        if solution.solved() {
            self.add_residuals(&self.matrix.read(self.gpu)?, &self.rhs.read(self.gpu)?, &mut solution);
        }
        Ok(solution)
    }

    /// As [`Problem::lengths`].
    pub fn lengths_on_device(&self) -> Result<Result<Lengths, LeastSquaresReason>, GpuError> {
        let [columns, rhs] = [self.matrix, self.rhs].map(|matrix| self.column_lengths(matrix));
        if let (Some(columns), Some(rhs)) = (columns?, rhs?) {
            return Ok(Ok(Lengths::new::<T>(columns, rhs)));
        }
        let (a, b) = (self.matrix.read(self.gpu)?, self.rhs.read(self.gpu)?);
        Ok(Err(self.lengths(&a, &b).err().unwrap_or(LeastSquaresReason::Overflow)))
    }

    /// The lengths of the columns; `None` where one is not finite.
    fn column_lengths(&self, matrix: &Matrix<T>) -> Result<Option<Vec<f64>>, GpuError> {
        let lengths = self.gpu.buffer("column lengths", 2 * matrix.columns())?;
        let mut plan = Plan::new(self.gpu, "column lengths");
        ColumnLengths { matrix, lengths: &lengths }.record(self.gpu, &mut plan)?;
        plan.run()?;
        let pairs = self.gpu.read(&lengths)?;
        let finite = pairs.iter().all(|x| x.is_finite());
        // A sum of squares of at least one is one; it can have been lost for columns near the largest number.
        let length = |pair: &[T]| pair[0].widen() * pair[1].widen().max(1.0).sqrt();
        Ok(finite.then(|| pairs.chunks(2).map(length).collect()))
    }

    /// [A b; λI 0] with scaled columns, factored; and the diagonal of R.
    fn factor(&self, lengths: &Lengths, tikhonov: f64) -> Result<(Matrix<T>, Buffer<T>), GpuError> {
        let (gpu, m, n) = (self.gpu, self.matrix.rows(), self.matrix.columns());
        let rows = m + if tikhonov > 0.0 { n } else { 0 };
        let columns = n + self.rhs.columns();
        let work = Matrix::zeros(gpu, "least squares", rows, columns)?;
        let diagonal = gpu.buffer("diagonal", columns)?;
        let scales: Vec<T> = lengths.scales().map(T::from_f64).collect();
        let scales = gpu.upload("scales", &scales)?;
        let mut plan = Plan::new(gpu, "scale");
        let below = (tikhonov > 0.0).then(|| (m, T::from_f64(tikhonov)));
        let scale =
            |matrix, first, tikhonov| ScaleColumns { matrix, scales: &scales, work: &work, first, tikhonov };
        scale(self.matrix, 0, below).record(gpu, &mut plan)?;
        scale(self.rhs, n, None).record(gpu, &mut plan)?;
        plan.run()?;
        let reflections = n.min(rows);
        Factorisation { work: &work, reflections, tall: m, diagonal: &diagonal }.run(gpu)?;
        Ok((work, diagonal))
    }

    /// The first rows of the right-hand sides, as many as A has columns, each padded to a multiple of four.
    fn heads(&self, work: &Matrix<T>) -> Result<Vec<T>, GpuError> {
        let n = self.matrix.columns();
        let mut heads = Vec::new();
        for (slab, columns) in work.slabs().filter(|(_, columns)| columns.end > n) {
            let entries = self.gpu.read(slab)?;
            for column in entries.chunks(work.stride()).skip(n.saturating_sub(columns.start)) {
                heads.extend_from_slice(&column[..n]);
                heads.resize(heads.len().next_multiple_of(n.next_multiple_of(4).max(1)), T::zero());
            }
        }
        Ok(heads)
    }
}
