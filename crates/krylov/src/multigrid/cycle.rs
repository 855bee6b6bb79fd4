//! A cycle, recorded level by level.

use ansatz_gpu::{Buffer, GpuError, Plan, Real};

use super::Cycle;
use super::hierarchy::Hierarchy;
use super::smoother::{Step, Vectors, residual};
use crate::cg::control::Params;

/// What a cycle on one level is about.
#[derive(Debug, Clone, Copy)]
struct Visit<'a, T> {
    /// Number of the level, from the finest (0) on.
    k: usize,
    cycle: Cycle,
    f: &'a Buffer<T>,
    z: &'a Buffer<T>,
    /// z begins with 0, whatever the buffer holds.
    from_zero: bool,
}

impl<T: Real> Hierarchy<T> {
    /// Whether it is the same symmetric operator in every application.
    pub fn is_symmetric(&self) -> bool {
        self.settings.cycle != Cycle::F
    }

    /// Records z = M⁻¹r.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        r: &Buffer<T>,
        z: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let visit = Visit { k: 0, cycle: self.settings.cycle, f: r, z, from_zero: true };
        self.visit(plan, params, control, visit)
    }

    fn visit(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        Visit { k, cycle, f, z, from_zero }: Visit<'_, T>,
    ) -> Result<(), GpuError> {
        let Some(storey) = self.storeys.get(k) else {
            return self.coarsest.record(plan, params, [control, f, z]);
        };
        let (smoother, sweeps) = (self.settings.smoother, self.settings.sweeps);
        let level = &storey.level;
        let level_params = level.params(params);

        // The buffer of the approximation, and the other one. Steps that change them over are even in number, so that the
        // last one ends in z.
        let mut buffers = [z, &storey.work];
        let smooth = |plan: &mut Plan, buffers: &mut [&Buffer<T>; 2], from_zero: bool, post: bool| {
            for step in 0..sweeps {
                let vectors = Vectors { control, f, z: *buffers, step: storey.step.as_ref() };
                let step = Step { k: step, from_zero: from_zero && step == 0, post };
                smoother.record(plan, level, level_params, vectors, step)?;
                if smoother.alternates() {
                    buffers.swap(0, 1);
                }
            }
            Ok::<(), GpuError>(())
        };
        smooth(plan, &mut buffers, from_zero, false)?;

        // e ≈ A⁻¹Pᵀ(f − Az) on the next level, which begins from 0 and may be visited again.
        residual(plan, level, level_params, [control, f, buffers[0], buffers[1]])?;
        let next = self.next_vectors(k);
        if let Some([coarse_f, coarse_z]) = next {
            let levels = [level, self.level(k + 1)];
            storey.interpolation.restrict(plan, params, levels, [control, buffers[1], coarse_f])?;
            let visits: &[Cycle] = match cycle {
                // A direct solve needs no second one.
                _ if k + 1 == self.storeys.len() => &[Cycle::V],
                Cycle::V => &[Cycle::V],
                Cycle::W => &[Cycle::W, Cycle::W],
                Cycle::F => &[Cycle::F, Cycle::V],
            };
            for (number, &cycle) in visits.iter().enumerate() {
                let visit = Visit { k: k + 1, cycle, f: coarse_f, z: coarse_z, from_zero: number == 0 };
                self.visit(plan, params, control, visit)?;
            }
            storey.interpolation.prolong(plan, params, levels, [control, coarse_z, buffers[0]])?;
        }
        smooth(plan, &mut buffers, false, true)
    }

    /// Right-hand side and approximation of the level after `k`.
    fn next_vectors(&self, k: usize) -> Option<&[Buffer<T>; 2]> {
        self.storeys.get(k + 1).map_or(self.coarsest_vectors.as_ref(), |storey| storey.vectors.as_ref())
    }
}
