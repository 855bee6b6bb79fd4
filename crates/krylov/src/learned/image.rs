//! Vectors of a loop as images, and back: `shaders/krylov/to_image.wgsl` and `from_image.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

use crate::cg::control::{Params as LoopParams, SUMS, Status};
use crate::cg::{LANES, vector_groups};
use crate::operator::Grid;

/// Where the cells of a grid lie in vectors and images.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub grid: Grid,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    columns: u32,
    control_stride: u32,
    sums: u32,
    sum_count: u32,
    groups: u32,
    cells: u32,
    nx: u32,
    padded: u32,
    stride: u32,
    times: u32,
}

impl Params {
    /// ‖r‖ of a column.
    fn length<T: Real>(&self, control: &[T], column: usize) -> T {
        let first = column * self.control_stride as usize + self.sums as usize;
        control[first..first + self.sum_count as usize].iter().copied().sum::<T>().sqrt()
    }

    /// The columns that run.
    fn running<'a, T: Real>(&'a self, control: &'a [T]) -> impl Iterator<Item = usize> + 'a {
        let status = move |column: usize| Status::from_word(control[column * self.control_stride as usize]);
        (0..self.columns as usize).filter(move |&column| status(column) == Status::Running)
    }

    /// Where a cell lies in a vector.
    fn place(&self, cell: usize) -> usize {
        cell / self.nx as usize * self.padded as usize + cell % self.nx as usize
    }
}

impl Places {
    fn params(&self, plan: &Plan, of: &LoopParams) -> Params {
        let (cells, [nx, _, _]) = (self.grid.cells(), self.grid.extents());
        Params {
            columns: of.columns,
            control_stride: of.control_stride,
            sums: of.front + SUMS as u32,
            sum_count: of.groups,
            groups: vector_groups(plan.gpu(), cells),
            cells: cells as u32,
            nx: nx as u32,
            padded: nx.next_multiple_of(4) as u32,
            stride: 4 * of.stride4,
            times: 0,
        }
    }

    /// Records x = r/‖r‖.
    pub fn record_to<T: Real>(
        &self,
        plan: &mut Plan,
        of: &LoopParams,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        self.record_image(plan, self.params(plan, of), buffers)
    }

    /// Records x = ‖r‖ g, the way back through z = ‖r‖ q.
    pub fn record_back<T: Real>(
        &self,
        plan: &mut Plan,
        of: &LoopParams,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        self.record_image(plan, Params { times: 1, ..self.params(plan, of) }, buffers)
    }

    fn record_image<T: Real>(
        &self,
        plan: &mut Plan,
        params: Params,
        [control, r, x]: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        let work = u64::from(params.cells) * u64::from(params.columns);
        let launch = Launch::new(&ansatz_shaders::krylov::TO_IMAGE, to_twin::<T>)
            .real::<T>()
            .constant("LANES", LANES)
            .params(&params)
            .bind(control)
            .bind(r)
            .bind(x)
            .workgroups(u64::from(params.groups) * u64::from(params.columns))
            .cost(5 * size_of::<T>() as u64 * work, work);
        plan.launch(launch)
    }

    /// Records z = ‖r‖ q where a cell is active.
    pub fn record_from<T: Real>(
        &self,
        plan: &mut Plan,
        of: &LoopParams,
        [control, q, active, z]: [&Buffer<T>; 4],
    ) -> Result<(), GpuError> {
        let params = self.params(plan, of);
        let work = u64::from(params.cells) * u64::from(params.columns);
        let launch = Launch::new(&ansatz_shaders::krylov::FROM_IMAGE, from_twin::<T>)
            .real::<T>()
            .constant("LANES", LANES)
            .params(&params)
            .bind(control)
            .bind(q)
            .bind(active)
            .bind(z)
            .workgroups(u64::from(params.groups) * u64::from(params.columns))
            .cost(6 * size_of::<T>() as u64 * work, work);
        plan.launch(launch)
    }
}

fn to_twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (control, r, mut x) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let cells = params.cells as usize;
    for column in params.running(&control) {
        let length = params.length(&control, column);
        let scale = match params.times {
            0 if length > T::zero() => T::one() / length,
            0 => T::zero(),
            _ => length,
        };
        let r = &r[column * params.stride as usize..][..params.stride as usize];
        for (cell, x) in x[4 * column * cells..][..4 * cells].chunks_exact_mut(4).enumerate() {
            x.copy_from_slice(&[scale * r[params.place(cell)], T::zero(), T::zero(), T::zero()]);
        }
    }
}

fn from_twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (control, q, active, mut z) =
        (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3), args.write::<T>(4));
    let cells = params.cells as usize;
    for column in params.running(&control) {
        let length = params.length(&control, column);
        let z = &mut z[column * params.stride as usize..][..params.stride as usize];
        for cell in 0..cells {
            let at = params.place(cell);
            let value = length * q[4 * (column * cells + cell)];
            z[at] = if active[at] > T::zero() { value } else { T::zero() };
        }
    }
}
