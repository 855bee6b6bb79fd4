//! C ← α op(A) op(B) + β C: the kernels `shaders/linalg/gemm_*.wgsl`.

mod tiling;
mod tune;
mod twin;

use std::ops::Range;

use ansatz_gpu::{Gpu, GpuError, Launch, Plan, Real};

use crate::View;
pub use tiling::Tiling;

/// C ← α op(A) op(B) + β C, where op(X) is X or its transpose. With β = 0 the old C is not read, so it may hold NaN; rows
/// and columns of the matrix outside the view of C keep their values.
///
/// The order of the sums depends on the tiling and the shape alone: the same input gives the same bits on one device in
/// one tiling, and another tiling rounds otherwise. The tuner keeps to its choice within a process and, where it has a
/// cache directory, in later ones; after a reset it may choose another.
///
/// ```
/// use ansatz_gpu::{Gpu, Plan};
/// use ansatz_linalg::{Gemm, Matrix};
///
/// # fn main() -> Result<(), ansatz_gpu::GpuError> {
/// let gpu = Gpu::cpu();
/// let a = Matrix::upload(&gpu, "A", 3, 2, &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// let c = Matrix::zeros(&gpu, "C", 2, 2)?;
/// let mut plan = Plan::new(&gpu, "AᵀA");
/// Gemm { transpose_a: true, ..Gemm::new(a.all(), a.all(), c.all()) }.record(&mut plan)?;
/// plan.run()?;
/// assert_eq!(c.read(&gpu)?, [14.0, 32.0, 32.0, 77.0]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Gemm<'a, T> {
    /// α.
    pub alpha: T,
    /// First factor.
    pub a: View<'a, T>,
    /// Whether op(A) is Aᵀ.
    pub transpose_a: bool,
    /// Second factor; may share memory with the first.
    pub b: View<'a, T>,
    /// Whether op(B) is Bᵀ.
    pub transpose_b: bool,
    /// β.
    pub beta: T,
    /// Result, in buffers other than those of A and B.
    pub c: View<'a, T>,
    /// How the work is cut; `None` for what was the fastest on this device at the first product of about this shape, or
    /// where tuning is off what suits its kind.
    pub tiling: Option<Tiling>,
}

#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Params<T> {
    m: u32,
    n: u32,
    k_quads: u32,
    k_rest: u32,
    a_first4: u32,
    a_stride4: u32,
    b_first4: u32,
    b_stride4: u32,
    c_first4: u32,
    c_stride4: u32,
    row_groups: u32,
    groups: u32,
    alpha: T,
    beta: T,
}

// SAFETY: twelve words and two numbers of the same kind, which leave no gap: the words end at a multiple of eight bytes.
unsafe impl<T: Real> bytemuck::Zeroable for Params<T> {}
// SAFETY: as above, and every bit pattern is a value.
unsafe impl<T: Real> bytemuck::Pod for Params<T> {}

/// The pieces of `0..len` between the cuts, or one empty piece.
fn pieces(len: usize, mut cuts: Vec<usize>) -> Vec<Range<usize>> {
    cuts.extend([0, len]);
    cuts.sort_unstable();
    cuts.dedup();
    if len == 0 {
        std::iter::once(0..0).collect()
    } else {
        cuts.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }
}

/// Columns of op(A) that one launch takes: an invocation must stay below 65,535 rounds of its loops.
const MOST_DEPTH: usize = 4 * 45_000;

impl<'a, T: Real> Gemm<'a, T> {
    /// C ← A B.
    pub fn new(a: View<'a, T>, b: View<'a, T>, c: View<'a, T>) -> Self {
        let (alpha, beta) = (T::one(), T::zero());
        Self { alpha, a, transpose_a: false, b, transpose_b: false, beta, c, tiling: None }
    }

    /// Records the launches: one, unless a matrix lies in several slabs or the sums are very long.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the shapes do not fit, where C shares a buffer with A or B, or where A or B cross
    /// slabs and do not begin at a column that is a multiple of four; and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (m, n, depth) = self.shape()?;
        if m == 0 || n == 0 {
            return Ok(());
        }
        let tiling = self.tiling(plan.gpu())?;
        if !tiling.runs_on(plan.gpu()) {
            return self.wrong(format!("the tiling `{tiling}` does not run on {}", plan.gpu().summary()));
        }
        let of_rows = if self.transpose_a { self.a.seams().collect() } else { Vec::new() };
        let mut of_columns: Vec<usize> = self.c.seams().collect();
        let mut of_depth: Vec<usize> = (MOST_DEPTH..depth).step_by(MOST_DEPTH).collect();
        if self.transpose_b {
            of_depth.extend(self.b.seams())
        } else {
            of_columns.extend(self.b.seams())
        };
        if !self.transpose_a {
            of_depth.extend(self.a.seams());
        }
        if let Some(seam) = of_rows.iter().chain(&of_depth).find(|seam| !seam.is_multiple_of(4)) {
            return self.wrong(format!(
                "a view crosses slabs after {seam} of its columns; it must begin at a column that is a multiple of four"
            ));
        }
        for rows in pieces(m, of_rows) {
            for columns in pieces(n, of_columns.clone()) {
                for (i, depth) in pieces(depth, of_depth.clone()).into_iter().enumerate() {
                    let beta = if i == 0 { self.beta } else { T::one() };
                    self.launch(plan, tiling, [&rows, &columns, &depth].map(Clone::clone), beta)?;
                }
            }
        }
        Ok(())
    }

    /// The tiling in which it runs; finds it out where none is asked for.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the shapes do not fit, and a device that is lost.
    pub fn tiling(&self, gpu: &Gpu) -> Result<Tiling, GpuError> {
        let (m, n, depth) = self.shape()?;
        let tuned = || tune::choose::<T>(gpu, [m, n, depth], [self.transpose_a, self.transpose_b]);
        self.tiling.map_or_else(tuned, Ok)
    }

    /// Rows and columns of C, and the length of the sums.
    fn shape(&self) -> Result<(usize, usize, usize), GpuError> {
        let turned = |view: &View<'_, T>, turn| {
            if turn { (view.columns(), view.rows()) } else { (view.rows(), view.columns()) }
        };
        let (m, depth) = turned(&self.a, self.transpose_a);
        let (depth_of_b, n) = turned(&self.b, self.transpose_b);
        if depth != depth_of_b || (m, n) != (self.c.rows(), self.c.columns()) {
            return self.wrong(format!(
                "op(A) is {m} by {depth}, op(B) {depth_of_b} by {n}, C {} by {}",
                self.c.rows(),
                self.c.columns()
            ));
        }
        Ok((m, n, depth))
    }

    /// One piece, within one slab of each matrix.
    fn launch(
        &self,
        plan: &mut Plan,
        tiling: Tiling,
        [rows, columns, depth]: [Range<usize>; 3],
        beta: T,
    ) -> Result<(), GpuError> {
        let place = |view: &View<'a, T>, row: usize, column: usize| match view.locate(column) {
            Some((slab, first4)) => Ok((slab.clone(), (first4 + row / 4) as u64)),
            None => self.wrong(format!("column {column} of a matrix that has none")),
        };
        let factor = |view, transpose, row, column| match (depth.is_empty(), transpose) {
            (true, _) => Ok((plan.gpu().buffer("nothing", 0)?, 0)),
            (false, false) => place(view, row, column),
            (false, true) => place(view, column, row),
        };
        let (a, a_first4) = factor(&self.a, self.transpose_a, rows.start, depth.start)?;
        let (b, b_first4) = factor(&self.b, self.transpose_b, depth.start, columns.start)?;
        let (c, c_first4) = place(&self.c, rows.start, columns.start)?;

        let (m, n, k) = (rows.len(), columns.len(), depth.len());
        let word =
            |value: u64| u32::try_from(value).or_else(|_| self.wrong("indices exceed 32 bits".to_owned()));
        let [rows_of_tile, columns_of_tile] = tiling.tile();
        let row_groups = m.div_ceil(rows_of_tile) as u64;
        let groups = row_groups * n.div_ceil(columns_of_tile) as u64;
        let params = Params {
            m: word(m as u64)?,
            n: word(n as u64)?,
            k_quads: word(k as u64 / 4)?,
            k_rest: (k % 4) as u32,
            a_first4: word(a_first4)?,
            a_stride4: word(self.a.stride4() as u64)?,
            b_first4: word(b_first4)?,
            b_stride4: word(self.b.stride4() as u64)?,
            c_first4: word(c_first4)?,
            c_stride4: word(self.c.stride4() as u64)?,
            row_groups: word(row_groups)?,
            groups: word(groups)?,
            alpha: self.alpha,
            beta,
        };
        let (transpose_a, transpose_b) = (self.transpose_a, self.transpose_b);
        let moved = m * k + k * n + if beta.is_zero() { m * n } else { 2 * m * n };
        let mut launch =
            Launch::new(tiling.kernel(), move |args| twin::gemm::<T>(args, transpose_a, transpose_b))
                .real::<T>()
                .flag("TRANSPOSE_A", transpose_a)
                .flag("TRANSPOSE_B", transpose_b);
        if let Some(lanes) = tiling.lanes() {
            launch = launch.constant("LANES", lanes);
        }
        plan.launch(
            launch
                .least_subgroup(tiling::LEAST_SUBGROUP)
                .params(&params)
                .bind(&a)
                .bind(&b)
                .bind(&c)
                .workgroups(groups)
                .cost((moved * size_of::<T>()) as u64, 2 * (m * n) as u64 * k as u64),
        )
    }

    fn wrong<R>(&self, message: String) -> Result<R, GpuError> {
        Err(GpuError::Misuse { what: "matrix product".to_owned(), message })
    }
}
