//! y ← αx + βy: `shaders/blas/axpby.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::Grid;
use crate::grid::same_length;

/// y ← αx + βy. With β = 0 the old y is not read, so it may hold NaN.
#[derive(Debug)]
pub struct Axpby<'a, T> {
    /// α.
    pub alpha: T,
    /// First term.
    pub x: &'a Buffer<T>,
    /// β.
    pub beta: T,
    /// Second term and result; as long as `x`.
    pub y: &'a Buffer<T>,
    /// How the work is spread.
    pub grid: Grid,
}

#[repr(C, packed)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params<T> {
    n4: u32,
    groups: u32,
    alpha: T,
    beta: T,
}

impl<T: Real> Axpby<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or the grid does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::blas::AXPBY;
        let n = self.x.len();
        same_length(kernel.name, &[("x", n), ("y", self.y.len())])?;
        let n4 = self.grid.check(kernel.name, n)?;
        let (alpha, beta) = (self.alpha, self.beta);
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", self.grid.lanes)
                .params(&Params { n4, groups: self.grid.groups, alpha, beta })
                .bind(self.x)
                .bind(self.y)
                .workgroups(self.grid.groups.into())
                .cost((3 * n * size_of::<T>()) as u64, 3 * n as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let Params { alpha, beta, .. } = args.params::<Params<T>>();
    let (x, mut y) = (args.read::<T>(1), args.write::<T>(2));
    y.par_iter_mut().with_min_len(4096).zip(&x[..]).for_each(|(y, &x)| {
        // A branch: 0 times NaN would be NaN.
        *y = if beta.is_zero() { alpha * x } else { alpha * x + beta * *y };
    });
}
