//! A cycle, recorded level by level.

use ansatz_gpu::{Buffer, GpuError, Plan, Real};

use super::Cycle;
use super::smoother::Step;
use crate::cg::control::Params;

/// The levels of a hierarchy, numbered from the finest (0) on, as a cycle visits them.
pub(crate) trait Levels<T: Real> {
    /// The order in which the levels are visited.
    fn cycle(&self) -> Cycle;

    /// Smoothing steps before and after each coarse correction.
    fn sweeps(&self) -> usize;

    /// Whether each smoothing step writes another buffer than it reads.
    fn alternates(&self) -> bool;

    /// Number of levels that are smoothed: all, or all but the last, which is solved directly.
    fn smoothed(&self) -> usize;

    /// Right-hand side and approximation of a level but the finest, which works on the loop's; `None` for the one after
    /// the last.
    fn vectors(&self, k: usize) -> Option<&[Buffer<T>; 2]>;

    /// The approximation of a smoothed level after every other smoothing step, and the residual.
    fn work(&self, k: usize) -> &Buffer<T>;

    /// Records a smoothing step on a level: z[0] → z[1], or z[0] in place.
    fn smooth(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        vectors: Vectors<'_, T>,
        step: Step,
    ) -> Result<(), GpuError>;

    /// Records z[1] = f − A z[0] on a level.
    fn residual(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        vectors: Vectors<'_, T>,
    ) -> Result<(), GpuError>;

    /// Records f = Pᵀr from a level to the next.
    fn restrict(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError>;

    /// Records z ← z + Pe on a level, with e on the next.
    fn prolong(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError>;

    /// Records z = A⁻¹f on the coarsest level.
    fn solve(&self, plan: &mut Plan, params: &Params, buffers: [&Buffer<T>; 3]) -> Result<(), GpuError>;
}

/// The buffers of a level within a launch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vectors<'a, T> {
    pub control: &'a Buffer<T>,
    /// The right-hand side.
    pub f: &'a Buffer<T>,
    /// The approximation, before and after.
    pub z: [&'a Buffer<T>; 2],
}

/// What a cycle on one level is about.
#[derive(Debug, Clone, Copy)]
struct Visit<'a, T> {
    /// Number of the level.
    k: usize,
    cycle: Cycle,
    control: &'a Buffer<T>,
    f: &'a Buffer<T>,
    z: &'a Buffer<T>,
    /// z begins with 0, whatever the buffer holds.
    from_zero: bool,
}

/// Records z = M⁻¹r.
pub(crate) fn record<T: Real>(
    levels: &impl Levels<T>,
    plan: &mut Plan,
    params: &Params,
    [control, r, z]: [&Buffer<T>; 3],
) -> Result<(), GpuError> {
    let cycle = levels.cycle();
    visit(levels, plan, params, Visit { k: 0, cycle, control, f: r, z, from_zero: true })
}

fn visit<T: Real>(
    levels: &impl Levels<T>,
    plan: &mut Plan,
    params: &Params,
    Visit { k, cycle, control, f, z, from_zero }: Visit<'_, T>,
) -> Result<(), GpuError> {
    if k == levels.smoothed() {
        return levels.solve(plan, params, [control, f, z]);
    }
    // The buffer of the approximation, and the other one. Steps that change them over are even in number, so that the
    // last one ends in z.
    let mut buffers = [z, levels.work(k)];
    let smooth = |plan: &mut Plan, buffers: &mut [&Buffer<T>; 2], from_zero: bool, post: bool| {
        for number in 0..levels.sweeps() {
            let step = Step { k: number, from_zero, post };
            levels.smooth(plan, params, k, Vectors { control, f, z: *buffers }, step)?;
            if levels.alternates() {
                buffers.swap(0, 1);
            }
        }
        Ok::<(), GpuError>(())
    };
    smooth(plan, &mut buffers, from_zero, false)?;

    // e ≈ A⁻¹Pᵀ(f − Az) on the next level, which begins from 0 and may be visited again.
    if let Some([coarse_f, coarse_z]) = levels.vectors(k + 1) {
        levels.residual(plan, params, k, Vectors { control, f, z: buffers })?;
        levels.restrict(plan, params, k, [control, buffers[1], coarse_f])?;
        let visits: &[Cycle] = match cycle {
            // A direct solve needs no second one.
            _ if k + 1 == levels.smoothed() => &[Cycle::V],
            Cycle::V => &[Cycle::V],
            Cycle::W => &[Cycle::W, Cycle::W],
            Cycle::F => &[Cycle::F, Cycle::V],
        };
        for (number, &cycle) in visits.iter().enumerate() {
            let from_zero = number == 0;
            visit(
                levels,
                plan,
                params,
                Visit { k: k + 1, cycle, control, f: coarse_f, z: coarse_z, from_zero },
            )?;
        }
        levels.prolong(plan, params, k, [control, coarse_z, buffers[0]])?;
    }
    smooth(plan, &mut buffers, false, true)
}
