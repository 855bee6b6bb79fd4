//! y ← α op(A) x + β y, and the sums and squared norms of columns: `shaders/linalg/gemv.wgsl` and `gemv_transposed.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::{MAX_TRIPS, View};

/// y ← α op(A) x + β y, where op(A) is A or its transpose. With β = 0 the old y is not read, so it may hold NaN.
#[derive(Debug, Clone)]
pub struct Gemv<'a, T> {
    /// α.
    pub alpha: T,
    /// The matrix.
    pub a: View<'a, T>,
    /// Whether op(A) is Aᵀ.
    pub transpose: bool,
    /// What it is multiplied with.
    pub x: &'a Buffer<T>,
    /// β.
    pub beta: T,
    /// The result, in a buffer of its own.
    pub y: &'a Buffer<T>,
}

/// results_j ← Σ_i a_ij², the squared norm of each column.
#[derive(Debug, Clone)]
pub struct ColumnSquares<'a, T> {
    /// The matrix.
    pub a: View<'a, T>,
    /// One sum per column.
    pub results: &'a Buffer<T>,
}

/// results_{first + j} ← Σ_i a_ij + β results_{first + j}. With β = 0 the old results are not read, so they may hold NaN.
#[derive(Debug, Clone)]
pub struct ColumnSums<'a, T> {
    /// The matrix.
    pub a: View<'a, T>,
    /// β.
    pub beta: T,
    /// Where the sums go.
    pub results: &'a Buffer<T>,
    /// Where that of the first column goes.
    pub first: usize,
}

#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Params<T> {
    m: u32,
    n: u32,
    a_first4: u32,
    a_stride4: u32,
    x_first: u32,
    y_first: u32,
    groups: u32,
    unused: u32,
    alpha: T,
    beta: T,
}

// SAFETY: eight words and two numbers of the same kind, which leave no gap: the words end at a multiple of eight bytes.
unsafe impl<T: Real> bytemuck::Zeroable for Params<T> {}
// SAFETY: as above, and every bit pattern is a value.
unsafe impl<T: Real> bytemuck::Pod for Params<T> {}

const LANES: u32 = 64;

impl<T: Real> Gemv<'_, T> {
    /// Records one launch per slab of the matrix.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths do not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (m, n) = (self.a.rows(), self.a.columns());
        let (of_x, of_y) = if self.transpose { (m, n) } else { (n, m) };
        if (self.x.len(), self.y.len()) != (of_x, of_y) {
            return wrong(format!(
                "op(A) is {of_y} by {of_x}, x has {} elements and y {}",
                self.x.len(),
                self.y.len()
            ));
        }
        if self.transpose {
            return transposed(plan, &self.a, Some(self.x), (self.y, 0), self.alpha, self.beta);
        }
        if m == 0 {
            return Ok(());
        }
        // A slab of at most 480,000 columns to a launch, each of which adds to what the ones before have left.
        let most = 8 * MAX_TRIPS as usize;
        for (i, (slab, first4, columns)) in self.a.parts(plan.gpu(), most)?.into_iter().enumerate() {
            let groups = m.div_ceil(4).div_ceil(LANES as usize / 8);
            let params = Params {
                m: word(m)?,
                n: word(columns.len())?,
                a_first4: word(first4)?,
                a_stride4: word(self.a.stride4())?,
                x_first: word(columns.start)?,
                y_first: 0,
                groups: word(groups)?,
                unused: 0,
                alpha: self.alpha,
                beta: if i == 0 { self.beta } else { T::one() },
            };
            plan.launch(
                Launch::new(&ansatz_shaders::linalg::GEMV, twin::<T>)
                    .real::<T>()
                    .constant("LANES", LANES)
                    .params(&params)
                    .bind(&slab)
                    .bind(self.x)
                    .bind(self.y)
                    .workgroups(groups as u64)
                    .cost((m * columns.len() * size_of::<T>()) as u64, 2 * (m * columns.len()) as u64),
            )?;
        }
        Ok(())
    }
}

impl<T: Real> ColumnSquares<'_, T> {
    /// Records one launch per slab of the matrix.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where there is not one result per column, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        if self.results.len() != self.a.columns() {
            return wrong(format!("{} results for {} columns", self.results.len(), self.a.columns()));
        }
        transposed(plan, &self.a, None, (self.results, 0), T::one(), T::zero())
    }
}

impl<T: Real> ColumnSums<'_, T> {
    /// Records one launch per slab of the matrix.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the results have no room for one sum per column, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let columns = self.a.columns();
        if self.first.checked_add(columns).is_none_or(|end| end > self.results.len()) {
            return wrong(format!(
                "{columns} sums from {} on do not fit into {}",
                self.first,
                self.results.len()
            ));
        }
        let ones = plan.gpu().upload("ones", &vec![T::one(); self.a.rows()])?;
        transposed(plan, &self.a, Some(&ones), (self.results, self.first), T::one(), self.beta)
    }
}

/// y ← α Aᵀ x + β y, from element `first` of y on; without x, the squares of A are summed.
fn transposed<T: Real>(
    plan: &mut Plan,
    a: &View<'_, T>,
    x: Option<&Buffer<T>>,
    (y, first): (&Buffer<T>, usize),
    alpha: T,
    beta: T,
) -> Result<(), GpuError> {
    let m = a.rows();
    if m.div_ceil(4 * LANES as usize) > MAX_TRIPS as usize {
        return wrong(format!("{m} rows are too many for one workgroup"));
    }
    if a.columns() == 0 {
        return Ok(());
    }
    let nothing = plan.gpu().buffer::<T>("nothing", 0)?;
    for (slab, first4, columns) in a.parts(plan.gpu(), usize::MAX)? {
        let groups = columns.len().div_ceil(4);
        let params = Params {
            m: word(m)?,
            n: word(columns.len())?,
            a_first4: word(first4)?,
            a_stride4: word(a.stride4())?,
            x_first: 0,
            y_first: word(first + columns.start)?,
            groups: word(groups)?,
            unused: 0,
            alpha,
            beta,
        };
        let squares = x.is_none();
        plan.launch(
            Launch::new(&ansatz_shaders::linalg::GEMV_TRANSPOSED, move |args| {
                twin_transposed::<T>(args, squares)
            })
            .real::<T>()
            .flag("SQUARES", squares)
            .constant("LANES", LANES)
            .params(&params)
            .bind(&slab)
            .bind(x.unwrap_or(&nothing))
            .bind(y)
            .workgroups(groups as u64)
            .cost((m * columns.len() * size_of::<T>()) as u64, 2 * (m * columns.len()) as u64),
        )?;
    }
    Ok(())
}

fn word(value: usize) -> Result<u32, GpuError> {
    u32::try_from(value).or_else(|_| wrong("indices exceed 32 bits".to_owned()))
}

fn wrong<R>(message: String) -> Result<R, GpuError> {
    Err(GpuError::Misuse { what: "product of a matrix and a vector".to_owned(), message })
}

/// Rows that one thread takes at once.
const ROWS: usize = 1024;

fn twin<T: Real>(args: &Args) {
    let params: Params<T> = args.params();
    let (a, x, mut y) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let (m, n, stride) = (params.m as usize, params.n as usize, 4 * params.a_stride4 as usize);
    let (a, x) = (&a[4 * params.a_first4 as usize..], &x[params.x_first as usize..]);
    y[..m].par_chunks_mut(ROWS).enumerate().for_each(|(chunk, y)| {
        let mut sums = vec![T::zero(); y.len()];
        for j in 0..n {
            let column = &a[j * stride + chunk * ROWS..][..y.len()];
            sums.iter_mut().zip(column).for_each(|(sum, &a)| *sum += a * x[j]);
        }
        y.iter_mut().zip(sums).for_each(|(y, sum)| *y = updated(&params, *y, sum));
    });
}

fn twin_transposed<T: Real>(args: &Args, squares: bool) {
    let params: Params<T> = args.params();
    let (a, x, mut y) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let (m, n, stride) = (params.m as usize, params.n as usize, 4 * params.a_stride4 as usize);
    let a = &a[4 * params.a_first4 as usize..];
    y[params.y_first as usize..][..n].par_iter_mut().enumerate().for_each(|(j, y)| {
        let column = &a[j * stride..][..m];
        let sum = if squares {
            column.iter().map(|&a| a * a).sum()
        } else {
            column.iter().zip(&x[..]).map(|(&a, &x)| a * x).sum()
        };
        *y = updated(&params, *y, sum);
    });
}

/// α times the sum, and β y.
fn updated<T: Real>(params: &Params<T>, y: T, sum: T) -> T {
    // A branch: 0 times NaN would be NaN.
    if params.beta.is_zero() { params.alpha * sum } else { params.alpha * sum + params.beta * y }
}
