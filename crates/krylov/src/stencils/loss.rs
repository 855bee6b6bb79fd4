//! How good a direction is, and the gradient of that: `shaders/krylov/stencils_loss.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

/// Invocations per workgroup, which takes a column.
const LANES: u32 = 256;
/// One driver cuts an invocation off after 65,535 iterations, silently.
const MOST_QUADS: usize = 30_000 * LANES as usize;

/// L = 1 − (q·b)²/(q·Aq e·b), the share of the squared A-norm of e = A⁻¹b that the best step along q leaves, for each column; and
/// q̄ of the mean. Then e is what that step leaves, as long as before in that norm.
#[derive(Debug)]
pub struct Loss<'a, T> {
    /// Columns of all vectors.
    pub columns: usize,
    /// b, q, Aq and e.
    pub vectors: [&'a Buffer<T>; 4],
    /// q̄.
    pub q_bar: &'a Buffer<T>,
    /// L of each column.
    pub losses: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    quads: u32,
    columns: u32,
}

impl<T: Real> Loss<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or are too large, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::krylov::STENCILS_LOSS;
        let [b, q, aq, e] = self.vectors;
        let n = b.len();
        let found = [q.len(), aq.len(), e.len(), self.q_bar.len(), self.losses.len()];
        super::check(kernel.name, "q, Aq, e, q̄ and losses", found, [n, n, n, n, self.columns])?;
        let quads = n / 4 / self.columns.max(1);
        if 4 * quads * self.columns != n || quads > MOST_QUADS {
            let message =
                format!("{n} numbers in {} columns: at most {} in each", self.columns, 4 * MOST_QUADS);
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        plan.launch(
            Launch::new(kernel, twin::<T>)
                .real::<T>()
                .constant("LANES", LANES.min(plan.gpu().capabilities().workgroup_invocations))
                .params(&Params { quads: quads as u32, columns: self.columns as u32 })
                .bind(b)
                .bind(q)
                .bind(aq)
                .bind(e)
                .bind(self.q_bar)
                .bind(self.losses)
                .workgroups(self.columns as u64)
                .cost((9 * n * size_of::<T>()) as u64, 12 * n as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let Params { quads, columns } = args.params();
    let (b, q, aq) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let (mut e, mut q_bar, mut losses) = (args.write::<T>(4), args.write::<T>(5), args.write::<T>(6));
    let length = 4 * quads as usize;
    if length == 0 {
        return losses.fill(T::one());
    }
    let scale = T::from_f64(2.0 / f64::from(columns));
    let vectors = q_bar.par_chunks_mut(length).zip(e.par_chunks_mut(length));
    vectors.zip(&mut losses[..]).enumerate().for_each(|(column, ((q_bar, e), loss))| {
        let column = column * length..(column + 1) * length;
        let [b, q, aq] = [&b, &q, &aq].map(|vector| &vector[column.clone()]);
        let dot = |x: &[T], y: &[T]| x.iter().zip(y).map(|(&x, &y)| x * y).sum::<T>();
        let (qb, s, t) = (dot(q, b), dot(q, aq), dot(e, b));
        // An error of nothing has no gradient; NaN stays.
        let over = |x: T, y: T| if y.is_zero() { T::zero() } else { x / y };
        let (ratio, share) = (over(qb, s), over(qb, t));
        let gain = over(scale * share, s);
        let gradient = b.iter().zip(aq).map(|(&b, &aq)| gain * (ratio * aq - b));
        q_bar.iter_mut().zip(gradient).for_each(|(q_bar, gradient)| *q_bar = gradient);
        *loss = T::one() - ratio * share;
        // NaN stays.
        let least = if *loss < T::epsilon() { T::epsilon() } else { *loss };
        e.iter_mut().zip(q).for_each(|(e, &q)| *e = (*e - ratio * q) / least.sqrt());
    });
}
