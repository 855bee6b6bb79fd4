//! α = ρ/(p·Ap), x ← x + αp, r ← r − αAp, and the sums of the new r: `shaders/krylov/cg_update.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::control::{ALPHA, CURVATURE, ITERATION, Params, RHO, STATUS, SUMS, Status};
use super::inverse::{Inverse, Kind};
use super::{dot4, quad, share, stream_lanes};

/// The buffers of a launch; vectors are columns of `4·params.stride4` scalars.
#[derive(Debug)]
pub struct Update<'a, T> {
    /// Layout of the control words.
    pub params: Params,
    /// Control words.
    pub control: &'a Buffer<T>,
    /// Solution.
    pub x: &'a Buffer<T>,
    /// Residual.
    pub r: &'a Buffer<T>,
    /// Search direction.
    pub p: &'a Buffer<T>,
    /// Its product with A.
    pub ap: &'a Buffer<T>,
    /// M⁻¹.
    pub inverse: &'a Inverse<T>,
    /// Sum up z·Ap as well.
    pub flexible: bool,
}

impl<T: Real> Update<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (kind, flexible) = (self.inverse.kind(), self.flexible);
        let unknowns = 4 * u64::from(self.params.quads) * u64::from(self.params.columns);
        let bytes = (6 + self.inverse.reals()) * size_of::<T>() as u64 * unknowns;
        let launch =
            Launch::new(&ansatz_shaders::krylov::CG_UPDATE, move |args| twin::<T>(args, kind, flexible))
                .real::<T>()
                .flag("FLEXIBLE", self.flexible)
                .constant("LANES", stream_lanes(plan.gpu()))
                .params(&self.params)
                .bind(self.control)
                .bind(self.x)
                .bind(self.r)
                .bind(self.p)
                .bind(self.ap)
                .workgroups(u64::from(self.params.groups) * u64::from(self.params.columns))
                .cost(bytes, (6 + self.inverse.flops_with_dot() + 2 * u64::from(self.flexible)) * unknowns);
        plan.launch(self.inverse.bind(launch))
    }
}

fn twin<T: Real>(args: &Args, kind: Kind, flexible: bool) {
    let params: Params = args.params();
    let (mut control, mut x, mut r) = (args.write::<T>(1), args.write::<T>(2), args.write::<T>(3));
    let (p, ap) = (args.read::<T>(4), args.read::<T>(5));
    let inverse = (kind != Kind::Identity).then(|| args.read::<T>(6));
    let inverse: &[T] = inverse.as_deref().unwrap_or(&[]);
    for column in 0..params.columns as usize {
        let (back, front) = (params.back(column), params.front(column));
        let sums = back + SUMS;
        let curvature: T = control[sums..sums + params.product_groups as usize].iter().copied().sum();

        // α = ρ/(p·Ap)
        let before = Status::from_word(control[back + STATUS]);
        let rho = control[back + RHO];
        let status = match before {
            Status::Running if !curvature.is_finite() => Status::NotFinite,
            Status::Running if curvature <= T::zero() => Status::NoCurvature,
            other => other,
        };
        let alpha = rho / curvature;

        // x ← x + αp, r ← r − αAp, z = M⁻¹r; each group of workgroup size leaves its partial sums
        if status == Status::Running {
            let first = 4 * column * params.stride4 as usize;
            let unknowns = first..first + 4 * params.quads as usize;
            let chunk = share(params.quads as usize, params.groups as usize);
            let (p, ap) = (&p[unknowns.clone()], &ap[unknowns.clone()]);
            let partial: Vec<[T; 3]> = x[unknowns.clone()]
                .par_chunks_mut(4 * chunk)
                .zip(r[unknowns].par_chunks_mut(4 * chunk))
                .enumerate()
                .map(|(group, (x, r))| {
                    let mut sums = [T::zero(); 3];
                    for (i, (x, r)) in x.chunks_mut(4).zip(r.chunks_mut(4)).enumerate() {
                        let q = group * chunk + i;
                        let (direction, product) = (quad(p, q), quad(ap, q));
                        for k in 0..4 {
                            x[k] += alpha * direction[k];
                            r[k] -= alpha * product[k];
                        }
                        let residual = quad(r, 0);
                        let z = kind.apply(inverse, q, residual);
                        sums[0] += dot4(residual, residual);
                        sums[1] += dot4(residual, z);
                        if flexible {
                            sums[2] += dot4(z, product);
                        }
                    }
                    sums
                })
                .collect();
            let groups = params.groups as usize;
            let kinds = if params.general == 0 { 3 } else { 1 };
            for group in 0..groups {
                let sums = partial.get(group).copied().unwrap_or([T::zero(); 3]);
                for (k, sum) in sums.into_iter().enumerate().take(kinds) {
                    control[front + SUMS + k * groups + group] = sum;
                }
            }
        }
        control[front + STATUS] = status.word();
        if before == Status::Running {
            control[front + CURVATURE] = curvature;
        }
        if status == Status::Running {
            control[front + ITERATION] = control[back + ITERATION] + T::one();
            control[front + RHO] = rho;
            control[front + ALPHA] = alpha;
        }
    }
}
