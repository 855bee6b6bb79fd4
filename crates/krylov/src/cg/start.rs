//! x = 0, r·r and r·z: `shaders/krylov/cg_start.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::control::{Params, SUMS};
use super::inverse::{Inverse, Kind};
use super::{dot4, quad, share, stream_lanes};

/// The buffers of a launch; vectors are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Begin<'a, T> {
    /// Layout of the control words.
    pub params: Params,
    /// Control words.
    pub control: &'a Buffer<T>,
    /// Solution.
    pub x: &'a Buffer<T>,
    /// Residual.
    pub r: &'a Buffer<T>,
    /// M⁻¹.
    pub inverse: &'a Inverse<T>,
}

impl<T: Real> Begin<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kind = self.inverse.kind();
        let unknowns = 4 * u64::from(self.params.quads) * u64::from(self.params.columns);
        let bytes = (2 + self.inverse.reals()) * size_of::<T>() as u64 * unknowns;
        let launch = Launch::new(&ansatz_shaders::krylov::CG_START, move |args| twin::<T>(args, kind))
            .real::<T>()
            .constant("LANES", stream_lanes(plan.gpu()))
            .params(&self.params)
            .bind(self.control)
            .bind(self.x)
            .bind(self.r)
            .workgroups(u64::from(self.params.groups) * u64::from(self.params.columns))
            .cost(bytes, (2 + self.inverse.flops_with_dot()) * unknowns);
        plan.launch(self.inverse.bind(launch))
    }
}

fn twin<T: Real>(args: &Args, kind: Kind) {
    let params: Params = args.params();
    let (mut control, mut x, r) = (args.write::<T>(1), args.write::<T>(2), args.read::<T>(3));
    let inverse = (kind != Kind::Identity).then(|| args.read::<T>(4));
    let inverse: &[T] = inverse.as_deref().unwrap_or(&[]);
    let groups = params.groups as usize;
    for column in 0..params.columns as usize {
        let front = params.front(column);
        let first = 4 * column * params.stride4 as usize;
        let unknowns = first..first + 4 * params.quads as usize;
        x[unknowns.clone()].fill(T::zero());
        let chunk = share(params.quads as usize, groups);
        let partial: Vec<[T; 2]> = r[unknowns]
            .par_chunks(4 * chunk)
            .enumerate()
            .map(|(group, r)| {
                let mut sums = [T::zero(); 2];
                for i in 0..r.len() / 4 {
                    let residual = quad(r, i);
                    sums[0] += dot4(residual, residual);
                    sums[1] += dot4(residual, kind.apply(inverse, group * chunk + i, residual));
                }
                sums
            })
            .collect();
        for group in 0..groups {
            let [rr, rz] = partial.get(group).copied().unwrap_or([T::zero(); 2]);
            for (k, sum) in [rr, rz, T::zero()].into_iter().enumerate() {
                control[front + SUMS + k * groups + group] = sum;
            }
        }
    }
}
