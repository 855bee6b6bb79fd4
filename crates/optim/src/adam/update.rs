//! θ, m and v of a step: `shaders/optim/adam.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use ansatz_linalg::Grid;
use rayon::prelude::*;

use super::{Adam, AdamOptions};

/// m ← m + (1−β₁)(sg − m), v ← v + (1−β₂)((sg)² − v), θ ← θ − η/(1−β₁ᵗ) m / (√(v/(1−β₂ᵗ)) + ε); see [`Adam`].
#[derive(Debug)]
pub struct AdamUpdate<'a, T> {
    /// β and ε.
    pub options: AdamOptions,
    /// The words, with what [`AdamRate`](super::AdamRate) left.
    pub control: &'a Buffer<T>,
    /// The gradient.
    pub g: &'a Buffer<T>,
    /// The parameters; as long as `g`, like the others.
    pub theta: &'a Buffer<T>,
    /// The running mean of the gradients.
    pub m: &'a Buffer<T>,
    /// The running mean of their squares.
    pub v: &'a Buffer<T>,
    /// How the work is spread.
    pub grid: Grid,
}

#[repr(C, packed)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params<T> {
    n4: u32,
    groups: u32,
    gain1: T,
    gain2: T,
    epsilon: T,
}

impl<T: Real> AdamUpdate<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or the grid does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::optim::ADAM;
        let n = self.g.len();
        let lengths = [self.theta.len(), self.m.len(), self.v.len()];
        if lengths != [n; 3] || self.control.len() < Adam::<T>::WORDS {
            let message = format!(
                "g has {n} elements, θ, m and v {lengths:?}, and control {} words of {}",
                self.control.len(),
                Adam::<T>::WORDS
            );
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        let n4 = self.grid.check(kernel.name, n)?;
        let options = self.options;
        let params = Params {
            n4,
            groups: self.grid.groups,
            gain1: T::from_f64(1.0 - options.beta1),
            gain2: T::from_f64(1.0 - options.beta2),
            epsilon: T::from_f64(options.epsilon),
        };
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", self.grid.lanes)
                .params(&params)
                .bind(self.control)
                .bind(self.g)
                .bind(self.theta)
                .bind(self.m)
                .bind(self.v)
                .workgroups(self.grid.groups.into())
                .cost((7 * n * size_of::<T>()) as u64, 14 * n as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let Params { gain1, gain2, epsilon, .. } = args.params::<Params<T>>();
    let (control, g) = (args.read::<T>(1), args.read::<T>(2));
    let (mut theta, mut m, mut v) = (args.write::<T>(3), args.write::<T>(4), args.write::<T>(5));
    if !control[Adam::<T>::STATUS].is_zero() {
        return;
    }
    let step = control[Adam::<T>::RATE] / control[Adam::<T>::COMPLEMENT1];
    let correction = T::one() / control[Adam::<T>::COMPLEMENT2];
    let scale = control[Adam::<T>::SCALE];
    let means = m.par_iter_mut().zip(&mut v[..]);
    theta.par_iter_mut().with_min_len(4096).zip(means).zip(&g[..]).for_each(|((theta, (m, v)), &g)| {
        let gradient = scale * g;
        *m += gain1 * (gradient - *m);
        *v += gain2 * (gradient * gradient - *v);
        *theta -= step * *m / ((correction * *v).sqrt() + epsilon);
    });
}
