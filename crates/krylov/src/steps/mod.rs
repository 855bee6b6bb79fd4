//! What the methods beside conjugate gradients are made of: vector steps, whose coefficients stand in the control words,
//! and kernels of one workgroup per column, which compute them.

mod apply;
mod combine;
mod scalars;

pub(crate) use apply::Apply;
pub use combine::Combine;
pub(crate) use scalars::{Scalars, Words};

use ansatz_gpu::{Buffer, GpuError, Plan, Real};

use crate::cg::Parts;
use crate::cg::control::SUMS;
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;

/// Records the vector steps of a method.
pub(crate) struct Steps<'a, T> {
    pub parts: &'a Parts<T>,
    pub operator: &'a dyn DeviceOperator<T>,
    pub preconditioner: &'a DevicePreconditioner<T>,
}

impl<'a, T: Real> Steps<'a, T> {
    /// y ← c₀y + c₁a + c₂b with coefficients from the method's word `of` on; sums up y·y and y·u as partial sums of
    /// kind `kind` (and the next).
    pub fn combine(&self, of: u32, y: &'a Buffer<T>, terms: &[&'a Buffer<T>], kind: u32) -> Combine<'a, T> {
        let params = &self.parts.params;
        Combine {
            params: *params,
            control: &self.parts.control,
            coefficients: params.own(0) as u32 + of,
            sums: params.front + SUMS as u32 + kind * params.groups,
            other_sums: params.front + SUMS as u32 + (kind + 1) * params.groups,
            y,
            u: terms.first().copied().unwrap_or(y),
            a: terms.first().copied(),
            b: terms.get(1).copied(),
            shift: false,
        }
    }

    /// y·y and y·u as partial sums of kind `kind` and the next.
    pub fn sums(&self, y: &'a Buffer<T>, u: &'a Buffer<T>, kind: u32) -> Combine<'a, T> {
        Combine { u, ..self.combine(0, y, &[], kind) }
    }

    /// y = A x, and the partial sums of x·y.
    pub fn multiply(&self, plan: &mut Plan, x: &Buffer<T>, y: &Buffer<T>) -> Result<(), GpuError> {
        self.operator.record(plan, &self.parts.control, self.parts.params.shape(), x, y)
    }

    /// z = M⁻¹r; nothing where M = I.
    pub fn precondition(&self, plan: &mut Plan, r: &Buffer<T>, z: &Buffer<T>) -> Result<(), GpuError> {
        self.preconditioner.record(plan, self.operator, &self.parts.params, &self.parts.control, r, z)
    }
}
