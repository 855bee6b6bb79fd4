//! Products with the inverse Fisher matrix on a device.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_linalg::{Axpby, Gemv, Grid, Matrix};

use super::StaticFisher;

/// F⁻¹ as λ⁻¹I − VVᵀ, where the columns of V are v_i/√(m + g_iᵀv_i): O(dm) per product, and m vectors of memory.
///
/// The two parts nearly cancel along the gradients: there, rounding counts with the condition of F, up to Σ‖g‖²/(mλ).
#[derive(Debug)]
pub struct DeviceFisher<T> {
    damping: f64,
    v: Matrix<T>,
    products: Buffer<T>,
}

impl StaticFisher {
    /// Copies it to a device.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn upload<T: Real>(&self, gpu: &Gpu) -> Result<DeviceFisher<T>, GpuError> {
        let column = |(v, weight): &(Vec<f64>, f64)| {
            let root = weight.sqrt();
            v.iter().map(|v| T::from_f64(root * v)).collect::<Vec<_>>()
        };
        let entries: Vec<T> = self.terms.iter().flat_map(column).collect();
        let count = self.terms.len();
        Ok(DeviceFisher {
            damping: self.damping,
            v: Matrix::upload(gpu, "terms of the Fisher matrix", self.parameters, count, &entries)?,
            products: gpu.buffer("products with gradients", count)?,
        })
    }
}

impl<T: Real> DeviceFisher<T> {
    /// Records y ← F⁻¹x, in three launches.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where x or y has not an entry per parameter, and what the device says against it.
    pub fn record(&self, plan: &mut Plan, x: &Buffer<T>, y: &Buffer<T>) -> Result<(), GpuError> {
        let (one, zero, a) = (T::one(), T::zero(), self.v.all());
        let grid = Grid::stream(plan.gpu(), x.len());
        Gemv { alpha: one, a: a.clone(), transpose: true, x, beta: zero, y: &self.products }.record(plan)?;
        Axpby { alpha: T::from_f64(1.0 / self.damping), x, beta: zero, y, grid }.record(plan)?;
        Gemv { alpha: -one, a, transpose: false, x: &self.products, beta: one, y }.record(plan)
    }
}
