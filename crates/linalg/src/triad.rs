//! a ← b + s c: `shaders/blas/triad.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::Grid;
use crate::grid::same_length;

/// a ← b + s c, the triad of STREAM.
#[derive(Debug)]
pub struct Triad<'a, T> {
    /// The result.
    pub a: &'a Buffer<T>,
    /// First term; as long as `a`.
    pub b: &'a Buffer<T>,
    /// Second term; as long as `a`.
    pub c: &'a Buffer<T>,
    /// Its factor.
    pub s: T,
    /// How the work is spread.
    pub grid: Grid,
}

#[repr(C, packed)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params<T> {
    n4: u32,
    groups: u32,
    s: T,
}

impl<T: Real> Triad<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or the grid does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::blas::TRIAD;
        let n = self.a.len();
        same_length(kernel.name, &[("a", n), ("b", self.b.len()), ("c", self.c.len())])?;
        let n4 = self.grid.check(kernel.name, n)?;
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", self.grid.lanes)
                .params(&Params { n4, groups: self.grid.groups, s: self.s })
                .bind(self.b)
                .bind(self.c)
                .bind(self.a)
                .workgroups(self.grid.groups.into())
                .cost((3 * n * size_of::<T>()) as u64, 2 * n as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let Params { s, .. } = args.params::<Params<T>>();
    let (b, c, mut a) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    a.par_iter_mut().with_min_len(4096).zip(&b[..]).zip(&c[..]).for_each(|((a, &b), &c)| *a = b + s * c);
}
