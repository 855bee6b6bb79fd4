//! y ← x: `shaders/blas/copy.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::Grid;
use crate::grid::{Params, same_length};

/// y ← x.
#[derive(Debug)]
pub struct VectorCopy<'a, T> {
    /// What is copied.
    pub x: &'a Buffer<T>,
    /// Where to; as long as `x`.
    pub y: &'a Buffer<T>,
    /// How the work is spread.
    pub grid: Grid,
}

impl<T: Real> VectorCopy<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or the grid does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::blas::COPY;
        same_length(kernel.name, &[("x", self.x.len()), ("y", self.y.len())])?;
        let n4 = self.grid.check(kernel.name, self.x.len())?;
        let bytes = 2 * self.x.len() * size_of::<T>();
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", self.grid.lanes)
                .params(&Params { n4, groups: self.grid.groups })
                .bind(self.x)
                .bind(self.y)
                .workgroups(self.grid.groups.into())
                .cost(bytes as u64, 0),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let (x, mut y) = (args.read::<T>(1), args.write::<T>(2));
    y.par_chunks_mut(1 << 14).zip(x.par_chunks(1 << 14)).for_each(|(y, x)| y.copy_from_slice(x));
}
