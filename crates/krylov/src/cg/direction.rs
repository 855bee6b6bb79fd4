//! β = ρ/ρ₀, p ← z + βp, and the test of convergence: `shaders/krylov/cg_direction.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::control::{ALPHA, BETA, GOAL, ITERATION, LIMIT, Params, RHO, RR, STATUS, SUMS, Status};
use super::inverse::{Inverse, Kind};
use super::{column_sums, quad, stream_lanes};

/// The buffers of a launch; vectors are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Direction<'a, T> {
    /// Layout of the control words.
    pub params: Params,
    /// Control words.
    pub control: &'a Buffer<T>,
    /// The preconditioned residual, or the residual where `inverse` is applied here.
    pub z: &'a Buffer<T>,
    /// Search direction.
    pub p: &'a Buffer<T>,
    /// r·r of every iteration.
    pub history: &'a Buffer<T>,
    /// M⁻¹.
    pub inverse: &'a Inverse<T>,
    /// Flexible directions: β from z·Ap rather than from ρ.
    pub flexible: bool,
}

impl<T: Real> Direction<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (kind, flexible) = (self.inverse.kind(), self.flexible);
        let unknowns = 4 * u64::from(self.params.quads) * u64::from(self.params.columns);
        let bytes = (3 + self.inverse.reals()) * size_of::<T>() as u64 * unknowns;
        let launch =
            Launch::new(&ansatz_shaders::krylov::CG_DIRECTION, move |args| twin::<T>(args, kind, flexible))
                .real::<T>()
                .flag("FLEXIBLE", flexible)
                .constant("LANES", stream_lanes(plan.gpu()))
                .params(&self.params)
                .bind(self.control)
                .bind(self.z)
                .bind(self.p)
                .bind(self.history)
                .workgroups(u64::from(self.params.groups) * u64::from(self.params.columns))
                .cost(bytes, (2 + self.inverse.flops()) * unknowns);
        plan.launch(self.inverse.bind(launch))
    }
}

fn twin<T: Real>(args: &Args, kind: Kind, flexible: bool) {
    let params: Params = args.params();
    let (mut control, z, mut p, mut history) =
        (args.write::<T>(1), args.read::<T>(2), args.write::<T>(3), args.write::<T>(4));
    let inverse = (kind != Kind::Identity).then(|| args.read::<T>(5));
    let inverse: &[T] = inverse.as_deref().unwrap_or(&[]);
    for column in 0..params.columns as usize {
        let (back, front) = (params.back(column), params.front(column));
        let [rr, rho, z_ap] = column_sums(&control[front + SUMS..], params.groups as usize);

        let before = Status::from_word(control[front + STATUS]);
        let iteration = control[front + ITERATION];
        let status = match before {
            Status::Running if !rr.is_finite() || !rho.is_finite() => Status::NotFinite,
            Status::Running if rr <= control[front + GOAL] => Status::Reached,
            Status::Running if iteration >= control[front + LIMIT] => Status::Exhausted,
            Status::Running if rho <= T::zero() => Status::BadPreconditioner,
            other => other,
        };

        // β = ρ/ρ₀, or 0 on the first iteration
        let rho_before = control[front + RHO];
        let beta = match (rho_before > T::zero(), flexible) {
            (false, _) => T::zero(),
            (true, false) => rho / rho_before,
            (true, true) => -control[front + ALPHA] * z_ap / rho_before,
        };

        control[back + STATUS] = status.word();
        control[back + ITERATION] = iteration;
        control[back + RHO] = rho;
        control[back + RR] = rr;
        control[back + BETA] = beta;
        let at = iteration.widen() as usize;
        if before == Status::Running && at < params.history_stride as usize {
            history[column * params.history_stride as usize + at] = rr;
        }
        if status != Status::Running {
            continue;
        }

        // p ← z + βp
        let first = 4 * column * params.stride4 as usize;
        let unknowns = first..first + 4 * params.quads as usize;
        p[unknowns.clone()].par_chunks_mut(4).with_min_len(1024).enumerate().for_each(|(q, p)| {
            let direction = kind.apply(inverse, q, quad(&z[unknowns.clone()], q));
            for (p, z) in p.iter_mut().zip(direction) {
                *p = if beta.is_zero() { z } else { z + beta * *p };
            }
        });
    }
}
