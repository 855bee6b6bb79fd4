//! What the twins of the kernels of scalars share: `shaders/common/scalars.wgsl`, seen from Rust.

use ansatz_gpu::{Args, GpuError, Launch, Plan, Real};
use ansatz_shaders::Kernel;

use crate::cg::control::{GOAL, ITERATION, LIMIT, Params, RR, STATUS, SUMS, Status};
use crate::cg::{LANES, Parts};

/// Records the step of a kernel of scalars that `flag` stands for, whose twin is given the words of each column that runs.
pub(crate) fn record_scalars<T: Real>(
    plan: &mut Plan,
    parts: &Parts<T>,
    kernel: &'static Kernel,
    flag: &'static str,
    twin: impl Fn(&mut Words<'_, T>) + Send + Sync + 'static,
) -> Result<(), GpuError> {
    let (columns, params) = (u64::from(parts.params.columns), parts.params);
    let sums = u64::from(3 * params.groups + params.product_groups);
    let launch = Launch::new(kernel, move |args| of_columns(args, &twin))
        .real::<T>()
        .constant("LANES", LANES)
        .flag(flag, true)
        .params(&params)
        .bind(&parts.control)
        .bind(&parts.history)
        .workgroups(columns)
        .cost(columns * sums * size_of::<T>() as u64, columns * sums);
    plan.launch(launch)
}

fn of_columns<T: Real>(args: &Args, twin: &dyn Fn(&mut Words<'_, T>)) {
    let params: Params = args.params();
    let (mut control, mut history) = (args.write::<T>(1), args.write::<T>(2));
    for column in 0..params.columns as usize {
        let mut words = Words { params, column, control: &mut control, history: &mut history };
        if words.status() == Status::Running {
            twin(&mut words);
        }
    }
}

/// The words of a column.
pub(crate) struct Words<'a, T> {
    pub params: Params,
    pub column: usize,
    pub control: &'a mut [T],
    pub history: &'a mut [T],
}

impl<T: Real> Words<'_, T> {
    fn back(&self) -> usize {
        self.params.back(self.column)
    }

    fn front(&self) -> usize {
        self.params.front(self.column)
    }

    /// A word of the method itself.
    pub fn own(&mut self, word: u32) -> &mut T {
        &mut self.control[self.params.own(self.column) + word as usize]
    }

    pub fn status(&self) -> Status {
        Status::from_word(self.control[self.back() + STATUS])
    }

    pub fn iteration(&self) -> T {
        self.control[self.back() + ITERATION]
    }

    /// The sum of the vector kernels' partial sums of one kind.
    pub fn total_of_kind(&self, kind: usize) -> T {
        let groups = self.params.groups as usize;
        let first = self.front() + SUMS + kind * groups;
        self.control[first..first + groups].iter().copied().sum()
    }

    /// The sum of xᵀy that the operator's kernel left.
    pub fn total_of_product(&self) -> T {
        let first = self.back() + SUMS;
        self.control[first..first + self.params.product_groups as usize].iter().copied().sum()
    }

    /// The test of convergence.
    pub fn tested(&self, rr: T) -> Status {
        if !rr.is_finite() {
            Status::NotFinite
        } else if rr <= self.control[self.front() + GOAL] {
            Status::Reached
        } else if self.iteration() >= self.control[self.front() + LIMIT] {
            Status::Exhausted
        } else {
            Status::Running
        }
    }

    /// Leaves r·r for the host, and in the history.
    pub fn leave_residual(&mut self, rr: T) {
        let (back, stride) = (self.back(), self.params.history_stride as usize);
        self.control[back + RR] = rr;
        let iteration = self.iteration().widen() as usize;
        if iteration < stride {
            self.history[self.column * stride + iteration] = rr;
        }
    }

    /// Leaves the status for the operator and the host.
    pub fn leave_status(&mut self, status: Status) {
        let (back, front) = (self.back(), self.front());
        self.control[back + STATUS] = status.word();
        self.control[front + STATUS] = status.word();
    }

    /// Leaves the count of iterations likewise.
    pub fn leave_iteration(&mut self, iteration: T) {
        let (back, front) = (self.back(), self.front());
        self.control[back + ITERATION] = iteration;
        self.control[front + ITERATION] = iteration;
    }
}
