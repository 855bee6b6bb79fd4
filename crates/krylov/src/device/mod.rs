//! Operators on the device.

mod csr;
mod normal;
mod sell;
mod stencil;
mod stencil_variable;
mod sweep;
mod twin;

pub use csr::DeviceCsr;
pub use normal::DeviceNormal;
pub use sell::{DeviceSell, SellArrays};
pub(crate) use sell::{Entries, SellPart};
pub use stencil::DeviceStencil;
pub(crate) use stencil::links as stencil_links;
pub use stencil_variable::DeviceVariableStencil;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use crate::KrylovError;
use crate::cg::{LANES, stream_lanes};
use crate::operator::{Form, Format, OperatorError, Ordering, PaddedCsr, Sell, SellLayout, choose_format};

/// How many columns a product has, and where their control words begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Right-hand sides.
    pub columns: u32,
    /// Control words from one column to the next.
    pub control_stride: u32,
}

/// An operator that is laid out on a device and multiplies there.
pub trait DeviceOperator<T: Real>: Send + Sync {
    /// How vectors are laid out.
    fn ordering(&self) -> &Ordering;

    /// Partial sums of xᵀAx per column that [`record`](Self::record) leaves in the control words.
    fn groups(&self) -> u32;

    /// The matrix, where it lies in SELL-C-σ.
    fn sell(&self) -> Option<&SellArrays<T>> {
        None
    }

    /// B and Bᵀ, where this is BᵀB.
    fn factors(&self) -> Option<[&dyn DeviceOperator<T>; 2]> {
        None
    }

    /// Records y = A x for columns of `ordering().device_len()` entries each, and the partial sums of xᵀy; all of it is
    /// skipped for a column whose control words do not begin with zero. The partial sums are 16 words later.
    ///
    /// # Errors
    /// What the device says against it.
    fn record(
        &self,
        plan: &mut Plan,
        control: &Buffer<T>,
        shape: Shape,
        x: &Buffer<T>,
        y: &Buffer<T>,
    ) -> Result<(), GpuError>;
}

/// An invocation must stay below 65,535 loop iterations in all: one driver cuts it off there, silently.
pub(crate) const MOST_TRIPS: u64 = 50_000;

/// Workgroups per column for `quads` groups of four rows of at most `trips` loop iterations each: enough to fill a large
/// GPU, few enough to add up their partial sums, and so many that no invocation runs too long.
pub(crate) fn product_groups(gpu: &Gpu, quads: u64, trips: u64) -> Result<u32, OperatorError> {
    let lanes = u64::from(LANES);
    let most = if gpu.is_cpu() { 4 * rayon::current_num_threads() as u64 } else { 512 };
    let wanted = quads.div_ceil(lanes).clamp(1, most);
    let rounds = (MOST_TRIPS / (trips + 1)).max(1);
    let needed = quads.div_ceil(u64::from(stream_lanes(gpu)) * rounds);
    if trips > MOST_TRIPS && !gpu.is_cpu() {
        return Err(OperatorError::TooManyTrips { trips: trips as usize, limit: MOST_TRIPS as usize });
    }
    Ok(wanted.max(if gpu.is_cpu() { 1 } else { needed }) as u32)
}

/// Lays an operator out on a device, a stencil with constant coefficients times `factor`, and says how. With
/// `keep_order`, the rows of a matrix are not sorted by length.
pub(crate) fn lay_out<T: Real>(
    gpu: &Gpu,
    form: Form<'_>,
    factor: f64,
    keep_order: bool,
) -> Result<(Box<dyn DeviceOperator<T>>, String), KrylovError> {
    let layout = if keep_order {
        SellLayout { sort_window: 1, ..SellLayout::default() }
    } else {
        SellLayout::default()
    };
    match form {
        Form::Csr(matrix) => {
            let choice = choose_format(matrix, layout)?;
            let operator: Box<dyn DeviceOperator<T>> = match choice.format {
                Format::Sell => Box::new(DeviceSell::new(gpu, &Sell::new(matrix, layout)?)?),
                Format::Csr => Box::new(DeviceCsr::new(gpu, &PaddedCsr::new(matrix)?)?),
            };
            Ok((operator, choice.reason))
        }
        Form::Stencil(stencil) => {
            let device = DeviceStencil::new(gpu, stencil, factor)?;
            Ok((
                Box::new(device),
                "stencil with constant coefficients: nothing of the matrix is stored".to_owned(),
            ))
        }
        Form::Variable(stencil) => {
            let device = DeviceVariableStencil::new(gpu, stencil)?;
            Ok((Box::new(device), "stencil with variable coefficients: four numbers per cell".to_owned()))
        }
    }
}
