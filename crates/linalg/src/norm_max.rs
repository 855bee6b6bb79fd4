//! max |xᵢ| in two passes of `shaders/blas/norm_max.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan};
use rayon::prelude::*;

use crate::Grid;
use crate::grid::Params;

/// `result[0]` ← max |xᵢ|, exactly; NaN if any xᵢ is NaN.
#[derive(Debug)]
pub struct NormMax<'a> {
    /// The vector.
    pub x: &'a Buffer<f32>,
    /// The workgroups' maxima: `grid.groups` elements.
    pub partials: &'a Buffer<f32>,
    /// Where the norm goes.
    pub result: &'a Buffer<f32>,
    /// How the work is spread; `lanes` must be a power of two.
    pub grid: Grid,
}

impl NormMax<'_> {
    /// Records both launches.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths or the grid do not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::blas::NORM_MAX;
        self.grid.check_reduction(kernel.name, self.x.len(), self.partials.len())?;
        let last = Grid { groups: 1, ..self.grid };
        last.check_reduction(kernel.name, self.partials.len(), self.result.len().min(1))?;
        for (x, maxima, grid) in [(self.x, self.partials, self.grid), (self.partials, self.result, last)] {
            let n4 = grid.check(kernel.name, x.len())?;
            let lanes = 4 * grid.lanes as usize;
            plan.launch(
                Launch::new(kernel, move |args| twin(args, lanes))
                    .constant("LANES", grid.lanes)
                    .params(&Params { n4, groups: grid.groups })
                    .bind(x)
                    .bind(maxima)
                    .workgroups(grid.groups.into())
                    .cost(4 * x.len() as u64, x.len() as u64),
            )?;
        }
        Ok(())
    }
}

/// Workgroup g takes the chunks g, g + groups, …, of four elements per lane.
fn twin(args: &Args, chunk: usize) {
    let groups = args.params::<Params>().groups as usize;
    let (x, mut maxima) = (args.read::<f32>(1), args.write::<f32>(2));
    maxima[..groups].par_iter_mut().enumerate().for_each(|(group, maximum)| {
        // The bits of |x| are in the order of |x|, with infinity and NaN above all.
        let bits = x.chunks(chunk).skip(group).step_by(groups).flatten().map(|x| x.abs().to_bits());
        *maximum = f32::from_bits(bits.max().unwrap_or(0));
    });
}
