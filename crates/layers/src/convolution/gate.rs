//! The way back through max(·, 0): `shaders/layers/gate.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use ansatz_linalg::Grid;
use rayon::prelude::*;

/// z̄ ← h̄ where h > 0, and 0 elsewhere, for h = max(z, 0).
#[derive(Debug)]
pub struct Gate<'a, T> {
    /// What came out.
    pub h: &'a Buffer<T>,
    /// The gradient by it.
    pub h_bar: &'a Buffer<T>,
    /// The gradient by what went in.
    pub z_bar: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n4: u32,
    groups: u32,
}

impl<T: Real> Gate<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::layers::GATE;
        let lengths = [self.h.len(), self.h_bar.len(), self.z_bar.len()];
        if lengths != [lengths[0]; 3] {
            let message = format!("h, h̄ and z̄ have {lengths:?} numbers; they must be equally long");
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        let grid = Grid::stream(plan.gpu(), lengths[0]);
        let n4 = grid.check(kernel.name, lengths[0])?;
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", grid.lanes)
                .params(&Params { n4, groups: grid.groups })
                .bind(self.h)
                .bind(self.h_bar)
                .bind(self.z_bar)
                .workgroups(grid.groups.into())
                .cost((3 * lengths[0] * size_of::<T>()) as u64, 0),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let (h, h_bar, mut z_bar) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let gated = z_bar.par_iter_mut().with_min_len(4096).zip(&h[..]).zip(&h_bar[..]);
    gated.for_each(|((z_bar, &h), &h_bar)| *z_bar = if h > T::zero() { h_bar } else { T::zero() });
}
