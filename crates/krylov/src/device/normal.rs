//! x ↦ AᵀA x as two products, for a matrix that need not be square.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::{DeviceOperator, Shape, lay_out};
use crate::KrylovError;
use crate::cg::control::{Params, SUMS};
use crate::cg::vector_groups;
use crate::operator::{Csr, Form, Ordering};
use crate::steps::Combine;

/// AᵀA on a device: A and Aᵀ, each laid out by itself, with p·AᵀAp as ‖Ap‖², which no rounding makes negative.
pub struct DeviceNormal<T> {
    forth: Box<dyn DeviceOperator<T>>,
    back: Box<dyn DeviceOperator<T>>,
    /// Ax of every column.
    product: Buffer<T>,
    groups: u32,
}

impl<T: Real> DeviceNormal<T> {
    /// Lays out a square A, and says how.
    ///
    /// # Errors
    /// Limits and memory of the device.
    pub fn new(gpu: &Gpu, a: &Csr, columns: usize) -> Result<(Self, String), KrylovError> {
        // In the natural order, so that both products agree on it.
        let (forth, layout) = lay_out::<T>(gpu, Form::Csr(a), 1.0, true)?;
        let (back, _) = lay_out::<T>(gpu, Form::Csr(&a.transposed()), 1.0, true)?;
        let length = forth.ordering().device_len();
        let product = gpu.buffer("Ap", length * columns)?;
        let groups = forth.groups().max(back.groups()).max(vector_groups(gpu, length / 4));
        Ok((Self { forth, back, product, groups }, format!("A and Aᵀ, A as {layout}")))
    }
}

impl<T: Real> DeviceOperator<T> for DeviceNormal<T> {
    fn ordering(&self) -> &Ordering {
        self.forth.ordering()
    }

    fn groups(&self) -> u32 {
        self.groups
    }

    fn factors(&self) -> Option<[&dyn DeviceOperator<T>; 2]> {
        Some([&*self.forth, &*self.back])
    }

    fn record(
        &self,
        plan: &mut Plan,
        control: &Buffer<T>,
        shape: Shape,
        x: &Buffer<T>,
        y: &Buffer<T>,
    ) -> Result<(), GpuError> {
        self.forth.record(plan, control, shape, x, &self.product)?;
        self.back.record(plan, control, shape, &self.product, y)?;
        // The sums that both have left are not those of x·AᵀAx.
        let quads = self.ordering().device_len() / 4;
        let params = Params::new(quads, shape.columns as usize, self.groups, self.groups, 0, false);
        let params = Params { control_stride: shape.control_stride, ..params };
        let (y, u) = (&self.product, x);
        let sums = SUMS as u32;
        Combine {
            params,
            control,
            coefficients: sums,
            sums,
            other_sums: 0,
            y,
            u,
            a: None,
            b: None,
            shift: false,
        }
        .record(plan)
    }
}
