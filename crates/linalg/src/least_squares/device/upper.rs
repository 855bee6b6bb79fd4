//! R x = c on the device: `shaders/linalg/solve_upper.wgsl`.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};

use super::{PANEL, lanes};
use crate::Matrix;

/// `x` ← R⁻¹ `x`, with R the upper triangle of the first `n` columns of `r`.
#[derive(Debug)]
pub struct SolveUpper<'a, T> {
    /// Where R lies.
    pub r: &'a Matrix<T>,
    /// Its columns.
    pub n: usize,
    /// Right-hand sides, each `n` rounded up to a multiple of four long.
    pub x: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    stride4: u32,
    n4: u32,
    column: u32,
    first: u32,
    columns: u32,
    rhs: u32,
}

impl<T: Real> SolveUpper<'_, T> {
    /// Records a launch per 32 columns.
    ///
    /// # Errors
    /// What the device says.
    pub fn record(&self, gpu: &Gpu, plan: &mut Plan) -> Result<(), GpuError> {
        let n4 = self.n.div_ceil(4);
        let rhs = self.x.len() / (4 * n4).max(1);
        for first in (0..self.n).step_by(PANEL).rev() {
            let Some((slab, columns)) = self.r.slabs().find(|(_, columns)| columns.contains(&first)) else {
                continue;
            };
            let width = PANEL.min(self.n - first);
            let params = Params {
                stride4: (self.r.stride() / 4) as u32,
                n4: n4 as u32,
                column: (first - columns.start) as u32,
                first: first as u32,
                columns: width as u32,
                rhs: rhs as u32,
            };
            plan.launch(
                Launch::new(&ansatz_shaders::linalg::SOLVE_UPPER, twin::<T>)
                    .real::<T>()
                    .constant("LANES", lanes(gpu, 64))
                    .params(&params)
                    .bind(slab)
                    .bind(self.x)
                    .workgroups(rhs as u64)
                    .cost((first * width * size_of::<T>()) as u64, (2 * first * width * rhs) as u64),
            )?;
        }
        Ok(())
    }
}

fn twin<T: Real>(args: &Args) {
    let p: Params = args.params();
    let (r, mut x) = (args.read::<T>(1), args.write::<T>(2));
    let stride = 4 * p.stride4 as usize;
    for x in x.chunks_mut(4 * p.n4 as usize).take(p.rhs as usize) {
        for k in (0..p.columns as usize).rev() {
            let j = p.first as usize + k;
            let column = &r[(p.column as usize + k) * stride..][..stride];
            x[j] = x[j] / column[j];
            let xj = x[j];
            x[..j].iter_mut().zip(column).for_each(|(x, &r)| *x -= r * xj);
        }
    }
}
