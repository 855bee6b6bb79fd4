//! z = M⁻¹r for a diagonal or blocks: `shaders/krylov/apply_inverse.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::cg::control::{Params, Status};
use crate::cg::inverse::{Inverse, Kind};
use crate::cg::{quad, stream_lanes};

/// The buffers of a launch; vectors are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Apply<'a, T> {
    /// Layout of the control words.
    pub params: Params,
    /// Control words.
    pub control: &'a Buffer<T>,
    /// M⁻¹; nothing is done where it is the identity.
    pub inverse: &'a Inverse<T>,
    /// What it is applied to.
    pub r: &'a Buffer<T>,
    /// What comes of it.
    pub z: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct ApplyParams {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
}

impl<T: Real> Apply<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kind = self.inverse.kind();
        if kind == Kind::Identity {
            return Ok(());
        }
        let params = ApplyParams {
            quads: self.params.quads,
            stride4: self.params.stride4,
            columns: self.params.columns,
            groups: self.params.groups,
            control_stride: self.params.control_stride,
        };
        let unknowns = 4 * u64::from(params.quads) * u64::from(params.columns);
        let launch = Launch::new(&ansatz_shaders::krylov::APPLY_INVERSE, move |args| twin::<T>(args, kind))
            .real::<T>()
            .constant("LANES", stream_lanes(plan.gpu()))
            .params(&params)
            .bind(self.control)
            .bind(self.r)
            .bind(self.z)
            .workgroups(u64::from(params.groups) * u64::from(params.columns))
            .cost(
                (2 + self.inverse.reals()) * size_of::<T>() as u64 * unknowns,
                self.inverse.flops() * unknowns,
            );
        plan.launch(self.inverse.bind(launch))
    }
}

fn twin<T: Real>(args: &Args, kind: Kind) {
    let params: ApplyParams = args.params();
    let (control, r, mut z, inverse) =
        (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3), args.read::<T>(4));
    for column in 0..params.columns as usize {
        if Status::from_word(control[column * params.control_stride as usize]) != Status::Running {
            continue;
        }
        let first = 4 * column * params.stride4 as usize;
        let unknowns = first..first + 4 * params.quads as usize;
        let r = &r[unknowns.clone()];
        z[unknowns].par_chunks_mut(4).with_min_len(1024).enumerate().for_each(|(q, z)| {
            z.copy_from_slice(&kind.apply(&inverse, q, quad(r, q)));
        });
    }
}
