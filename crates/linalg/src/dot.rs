//! x·y in two passes: `shaders/blas/dot.wgsl` leaves one partial sum per workgroup, `shaders/blas/sum.wgsl` adds them.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::Grid;
use crate::grid::{Params, same_length};

/// `results[slot]` ← x·y. The order of the sums is fixed: the same input gives the same bits on one device.
#[derive(Debug)]
pub struct Dot<'a, T> {
    /// First factor.
    pub x: &'a Buffer<T>,
    /// Second factor, as long as `x`; may be `x` itself.
    pub y: &'a Buffer<T>,
    /// The workgroups' sums: `grid.groups` elements.
    pub partials: &'a Buffer<T>,
    /// Where the total goes.
    pub results: &'a Buffer<T>,
    /// Its place there.
    pub slot: u32,
    /// How the work is spread; `lanes` must be a power of two.
    pub grid: Grid,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct SumParams {
    n: u32,
    slot: u32,
}

impl<T: Real> Dot<'_, T> {
    /// Records both launches.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths or the grid do not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let (dot, sum) = (&ansatz_shaders::blas::DOT, &ansatz_shaders::blas::SUM);
        let Grid { lanes, groups } = self.grid;
        let n = self.x.len();
        same_length(dot.name, &[("x", n), ("y", self.y.len())])?;
        let n4 = self.grid.check_reduction(dot.name, n, self.partials.len())?;
        if self.slot as usize >= self.results.len() {
            let message = format!("slot {} of {} results", self.slot, self.results.len());
            return Err(GpuError::Misuse { what: sum.name.to_owned(), message });
        }
        plan.launch(
            Launch::new(dot, move |args| dot_twin::<T>(args, 4 * lanes as usize))
                .real::<T>()
                .constant("LANES", lanes)
                .params(&Params { n4, groups })
                .bind(self.x)
                .bind(self.y)
                .bind(self.partials)
                .workgroups(groups.into())
                .cost((2 * n * size_of::<T>()) as u64, 2 * n as u64),
        )?;
        plan.launch(
            Launch::new(sum, sum_twin::<T>)
                .real::<T>()
                .constant("LANES", lanes)
                .params(&SumParams { n: groups, slot: self.slot })
                .bind(self.partials)
                .bind(self.results)
                .cost(u64::from(groups) * size_of::<T>() as u64, groups.into()),
        )
    }
}

/// Workgroup g takes the chunks g, g + groups, …, of four elements per lane.
fn dot_twin<T: Real>(args: &Args, chunk: usize) {
    let groups = args.params::<Params>().groups as usize;
    let (x, y, mut partials) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    partials[..groups].par_iter_mut().enumerate().for_each(|(group, partial)| {
        let chunks = x.chunks(chunk).zip(y.chunks(chunk)).skip(group).step_by(groups);
        *partial = chunks.map(|(x, y)| chunk_dot(x, y)).sum();
    });
}

/// Four running sums, as in a kernel's lane; a single one would keep the processor waiting for itself.
fn chunk_dot<T: Real>(x: &[T], y: &[T]) -> T {
    let mut sums = [T::zero(); 4];
    for (x, y) in x.chunks(4).zip(y.chunks(4)) {
        for (sum, (&x, &y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

fn sum_twin<T: Real>(args: &Args) {
    let SumParams { n, slot } = args.params();
    let (partials, mut results) = (args.read::<T>(1), args.write::<T>(2));
    results[slot as usize] = partials[..n as usize].iter().copied().sum();
}
