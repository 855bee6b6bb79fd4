//! y ← y + d∘x, and x·y: `shaders/optim/damp.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use ansatz_krylov::cg::control::SUMS;

const LANES: u32 = 64;
/// Each workgroup of the loop adds up as many partial sums.
const MOST_GROUPS: usize = 256;

/// y_i ← y_i + d_i x_i, and the partial sums of x·y into the words of a loop of conjugate gradients; nothing of it unless its
/// status is zero.
#[derive(Debug)]
pub struct Damp<'a, T> {
    /// The words of the loop's only column.
    pub control: &'a Buffer<T>,
    /// What is added to the diagonal; a multiple of four long, like the others.
    pub d: &'a Buffer<T>,
    /// What is multiplied.
    pub x: &'a Buffer<T>,
    /// The product so far.
    pub y: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n4: u32,
    groups: u32,
}

impl<T: Real> Damp<'_, T> {
    /// Partial sums that a product of `n` elements leaves.
    pub fn groups(n: usize) -> u32 {
        n.div_ceil(4 * LANES as usize).clamp(1, MOST_GROUPS) as u32
    }

    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or there are too few words, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::optim::DAMP;
        let n = self.x.len();
        let (lengths, groups) = ([self.d.len(), self.y.len()], Self::groups(n));
        if lengths != [n; 2] || !n.is_multiple_of(4) || self.control.len() < SUMS + groups as usize {
            let message = format!("x has {n} elements, d and y {lengths:?}, control {}", self.control.len());
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&Params { n4: (n / 4) as u32, groups })
                .bind(self.control)
                .bind(self.d)
                .bind(self.x)
                .bind(self.y)
                .workgroups(groups.into())
                .cost((4 * n * size_of::<T>()) as u64, 4 * n as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let Params { n4, groups } = args.params();
    let (mut control, d, x) = (args.write::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let mut y = args.write::<T>(4);
    if !control[0].is_zero() {
        return;
    }
    let share = 4 * n4.div_ceil(groups).max(1) as usize;
    let sums = &mut control[SUMS..SUMS + groups as usize];
    sums.fill(T::zero());
    let parts = y.chunks_mut(share).zip(x.chunks(share)).zip(d.chunks(share));
    for (sum, ((y, x), d)) in sums.iter_mut().zip(parts) {
        for ((y, &x), &d) in y.iter_mut().zip(x).zip(d) {
            *y += d * x;
            *sum += *y * x;
        }
    }
}
