//! Nothing but arithmetic: `shaders/blas/arithmetic.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::Grid;
use crate::grid::same_length;

/// y_i ← Σ_k a_k, where a_k = x_i − k, and then [`Operation::rounds`] times a_k ← f(s a_k + x_i), for k = 0 … 7.
#[derive(Debug)]
pub struct Arithmetic<'a, T> {
    /// f.
    pub operation: Operation,
    /// The result.
    pub y: &'a Buffer<T>,
    /// What is added; as long as `y`.
    pub x: &'a Buffer<T>,
    /// The factor.
    pub s: T,
    /// How the work is spread.
    pub grid: Grid,
}

/// What arithmetic is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// f(z) = z: multiplications and additions.
    MultiplyAdd,
    /// f(z) = exp z, for s and x that are not positive: the exponents are those of Gaussians.
    Exponential,
}

impl Operation {
    /// How often each a_k is replaced.
    pub fn rounds(self) -> u32 {
        match self {
            Self::MultiplyAdd => 256,
            Self::Exponential => 32,
        }
    }
}

#[repr(C, packed)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params<T> {
    n4: u32,
    groups: u32,
    s: T,
}

impl<T: Real> Arithmetic<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or the grid does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (kernel, operation) = (&ansatz_shaders::blas::ARITHMETIC, self.operation);
        let n = self.y.len();
        same_length(kernel.name, &[("x", self.x.len()), ("y", n)])?;
        let n4 = self.grid.check(kernel.name, n)?;
        let each = u64::from(8 * operation.rounds()) * n as u64;
        let exponential = operation == Operation::Exponential;
        plan.launch(
            Launch::new(kernel, move |args| twin::<T>(args, operation))
                .real::<T>()
                .flag("EXPONENTIALS", exponential)
                .constant("LANES", self.grid.lanes)
                .constant("ROUNDS", operation.rounds())
                .params(&Params { n4, groups: self.grid.groups, s: self.s })
                .bind(self.x)
                .bind(self.y)
                .workgroups(self.grid.groups.into())
                .cost((2 * n * size_of::<T>()) as u64, 2 * each)
                .exponentials(if exponential { each } else { 0 }),
        )
    }
}

fn twin<T: Real>(args: &Args, operation: Operation) {
    let Params { s, .. } = args.params::<Params<T>>();
    let (x, mut y) = (args.read::<T>(1), args.write::<T>(2));
    y.par_iter_mut().with_min_len(64).zip(&x[..]).for_each(|(y, &x)| {
        let mut a: [T; 8] = std::array::from_fn(|k| x - T::from_f64(k as f64));
        for _ in 0..operation.rounds() {
            a = match operation {
                Operation::MultiplyAdd => a.map(|a| s * a + x),
                Operation::Exponential => a.map(|a| (s * a + x).exp()),
            };
        }
        *y = ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]));
    });
}
