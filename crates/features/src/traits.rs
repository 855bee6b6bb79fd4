//! A family of features, on the host and on a device.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_linalg::Matrix;

use crate::MultiIndex;
use crate::transposed::by_rows;

/// Features φ_1 … φ_N with closed-form derivatives.
pub trait Features: std::fmt::Debug + Send + Sync {
    /// Number of coordinates of a point.
    fn dimensions(&self) -> usize;

    /// N.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The highest total order of derivative that the family has.
    fn max_order(&self) -> usize;

    /// `out[t * N + j]` ← ∂^{α_t} φ_j(x), in f64 on the host.
    fn jets(&self, x: &[f64], terms: &[MultiIndex], out: &mut [f64]);

    /// What features of one shape differ in, as the buffers of [`DeviceFeatures::numbers`] hold it; `None` where recorded launches
    /// depend on more than that.
    fn numbers(&self) -> Option<Vec<Vec<f64>>> {
        None
    }

    /// The parameters of the features on a device, in f32.
    ///
    /// # Errors
    /// What the device says.
    fn upload_f32(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f32>>, GpuError>;

    /// The parameters of the features on a device, in f64.
    ///
    /// # Errors
    /// What the device says; [`GpuError::Unsupported`] where it has no f64.
    fn upload_f64(&self, gpu: &Gpu) -> Result<Box<dyn DeviceFeatures<f64>>, GpuError>;
}

/// Features on a device, ready to be evaluated in `T`.
pub trait DeviceFeatures<T> {
    /// N.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffers of the numbers by which features of one shape differ: [`load`](fn@crate::load) writes them.
    fn numbers(&self) -> Vec<&Buffer<T>> {
        Vec::new()
    }

    /// Records the launches that fill a block of rows.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the shapes do not fit or a term is of too high an order.
    fn record_rows(&self, plan: &mut Plan, rows: &Rows<'_, T>) -> Result<(), GpuError>;

    /// Records the launches that evaluate u = Σ_j c_j φ_j and its derivatives.
    ///
    /// # Errors
    /// As [`DeviceFeatures::record_rows`].
    fn record_values(&self, plan: &mut Plan, values: &Values<'_, T>) -> Result<(), GpuError>;

    /// Records the launches that sum over the points what each feature contributes: with the tangent functions of a trained u and
    /// a_t = r ∂R/∂u_t, the gradient Jᵀr of half the sum of squares of R. What it needs of memory does not grow with the number of points.
    ///
    /// By default these are column sums of rows, of so many points at a time as fit a small matrix.
    ///
    /// # Errors
    /// As [`DeviceFeatures::record_rows`].
    fn record_transposed(&self, plan: &mut Plan, transposed: &Transposed<'_, T>) -> Result<(), GpuError>
    where
        T: Real,
    {
        let rows = |plan: &mut Plan, rows: &Rows<'_, T>| self.record_rows(plan, rows);
        by_rows(plan, self.len(), rows, transposed)
    }
}

/// `matrix[first_row + p][first_column + j]` ← Σ_t `coefficients[(first_coefficient + t) * stride + p]` ∂^{α_t} φ_j(x_p), for p < count.
///
/// `stride` is `count` rounded up to a multiple of four, and the block takes `stride` rows: those past `count` become zero.
#[derive(Debug)]
pub struct Rows<'a, T> {
    /// α_t.
    pub terms: &'a [MultiIndex],
    /// The points, `points[i * stride + p]` the coordinate i of point p.
    pub points: &'a Buffer<T>,
    /// Number of points.
    pub count: usize,
    /// The coefficients of the operator, times the weight of the row.
    pub coefficients: &'a Buffer<T>,
    /// Which of them belongs to the first term.
    pub first_coefficient: usize,
    /// The matrix that the block is a part of.
    pub matrix: &'a Matrix<T>,
    /// First row of the block, a multiple of four.
    pub first_row: usize,
    /// First column of the block.
    pub first_column: usize,
    /// Adds to what the block holds, in place of overwriting it.
    pub accumulate: bool,
}

/// `values[(first_value + t) * stride + p]` ← Σ_j `weights[first_weight + j]` ∂^{α_t} φ_j(x_p), for p < count; stride as in [`Rows`], and
/// zero from `count` on.
#[derive(Debug)]
pub struct Values<'a, T> {
    /// α_t.
    pub terms: &'a [MultiIndex],
    /// The points, as in [`Rows`].
    pub points: &'a Buffer<T>,
    /// Number of points.
    pub count: usize,
    /// c.
    pub weights: &'a Buffer<T>,
    /// Where c begins.
    pub first_weight: usize,
    /// The result, `stride` numbers for each term.
    pub values: &'a Buffer<T>,
    /// Where that of the first term goes, counted in terms.
    pub first_value: usize,
}

/// `sums[first_sum + j]` ← Σ_{p < count} Σ_t `coefficients[(first_coefficient + t) * stride + p]` ∂^{α_t} φ_j(x_p); stride as in [`Rows`].
#[derive(Debug)]
pub struct Transposed<'a, T> {
    /// α_t.
    pub terms: &'a [MultiIndex],
    /// The points, as in [`Rows`].
    pub points: &'a Buffer<T>,
    /// Number of points.
    pub count: usize,
    /// a_t at each point.
    pub coefficients: &'a Buffer<T>,
    /// Which of them belongs to the first term.
    pub first_coefficient: usize,
    /// The sums, one for each feature.
    pub sums: &'a Buffer<T>,
    /// Where that of the first feature goes.
    pub first_sum: usize,
    /// Adds to what is there, in place of overwriting it.
    pub accumulate: bool,
}
