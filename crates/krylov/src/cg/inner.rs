//! r·z and z·Ap after a preconditioner's own kernels: `shaders/krylov/cg_inner.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::control::{Params, STATUS, SUMS, Status};
use super::{share, stream_lanes};

/// The buffers of a launch; vectors are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Inner<'a, T> {
    /// Layout of the control words.
    pub params: Params,
    /// Control words.
    pub control: &'a Buffer<T>,
    /// Residual.
    pub r: &'a Buffer<T>,
    /// Preconditioned residual.
    pub z: &'a Buffer<T>,
    /// Product of the last direction.
    pub ap: &'a Buffer<T>,
}

impl<T: Real> Inner<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let unknowns = 4 * u64::from(self.params.quads) * u64::from(self.params.columns);
        let launch = Launch::new(&ansatz_shaders::krylov::CG_INNER, twin::<T>)
            .real::<T>()
            .constant("LANES", stream_lanes(plan.gpu()))
            .params(&self.params)
            .bind(self.control)
            .bind(self.r)
            .bind(self.z)
            .bind(self.ap)
            .workgroups(u64::from(self.params.groups) * u64::from(self.params.columns))
            .cost(3 * size_of::<T>() as u64 * unknowns, 4 * unknowns);
        plan.launch(launch)
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (mut control, r, z, ap) =
        (args.write::<T>(1), args.read::<T>(2), args.read::<T>(3), args.read::<T>(4));
    let groups = params.groups as usize;
    for column in 0..params.columns as usize {
        let front = params.front(column);
        if Status::from_word(control[front + STATUS]) != Status::Running {
            continue;
        }
        let first = 4 * column * params.stride4 as usize;
        let unknowns = first..first + 4 * params.quads as usize;
        let chunk = 4 * share(params.quads as usize, groups);
        let dot = |a: &[T], b: &[T]| a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + a * b);
        let partial: Vec<[T; 2]> = (0..groups)
            .into_par_iter()
            .map(|group| {
                let part = (unknowns.start + group * chunk).min(unknowns.end)
                    ..(unknowns.start + (group + 1) * chunk).min(unknowns.end);
                let (r, z) = (&r[part.clone()], &z[part.clone()]);
                [dot(r, z), dot(z, &ap[part])]
            })
            .collect();
        for (group, sums) in partial.into_iter().enumerate() {
            control[front + SUMS + groups + group] = sums[0];
            control[front + SUMS + 2 * groups + group] = sums[1];
        }
    }
}
