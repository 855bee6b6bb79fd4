//! What the twins of the kernels of scalars share: `shaders/common/scalars.wgsl`, seen from Rust.

use ansatz_gpu::{Buffer, GpuError, Launch, Plan, Real};
use ansatz_shaders::Kernel;

use crate::cg::control::{GOAL, ITERATION, LIMIT, Params, RR, STATUS, SUMS, Status};
use crate::cg::{LANES, Parts};

/// A step of a kernel of scalars.
pub(crate) struct Scalars<'a, T> {
    pub kernel: &'static Kernel,
    /// The flag that stands for the step, or nothing.
    pub flag: &'static str,
    /// Small matrices that it changes, and products that it reads, if any.
    pub small: Option<&'a Buffer<T>>,
    pub products: Option<&'a Buffer<T>>,
    /// Whether columns that do not run have this step, too.
    pub always: bool,
}

impl<'a, T: Real> Scalars<'a, T> {
    /// A step of columns that run, without matrices.
    pub fn new(kernel: &'static Kernel, flag: &'static str) -> Self {
        Self { kernel, flag, small: None, products: None, always: false }
    }

    /// Records the launch; its twin is given the words of each column.
    pub fn record(
        &self,
        plan: &mut Plan,
        parts: &Parts<T>,
        twin: impl Fn(&mut Words<'_, T>) + Send + Sync + 'static,
    ) -> Result<(), GpuError> {
        let (columns, params) = (u64::from(parts.params.columns), parts.params);
        let sums = u64::from(3 * params.groups + params.product_groups);
        let (small, products, always) = (self.small.is_some(), self.products.is_some(), self.always);
        let launch = Launch::new(self.kernel, move |args| {
            let params: Params = args.params();
            let (mut control, mut history) = (args.write::<T>(1), args.write::<T>(2));
            let mut small = small.then(|| args.write::<T>(3));
            let products = products.then(|| args.read::<T>(4));
            for column in 0..params.columns as usize {
                let mut words = Words {
                    params,
                    column,
                    control: &mut control,
                    history: &mut history,
                    small: small.as_deref_mut().unwrap_or(&mut []),
                    products: products.as_deref().unwrap_or(&[]),
                };
                if always || words.status() == Status::Running {
                    twin(&mut words);
                }
            }
        })
        .real::<T>()
        .flag(self.flag, true)
        .constant("LANES", LANES)
        .params(&params)
        .bind(&parts.control)
        .bind(&parts.history);
        let launch = [self.small, self.products].into_iter().flatten().fold(launch, Launch::bind);
        plan.launch(launch.workgroups(columns).cost(columns * sums * size_of::<T>() as u64, columns * sums))
    }
}

/// The words of a column.
pub(crate) struct Words<'a, T> {
    pub params: Params,
    pub column: usize,
    pub control: &'a mut [T],
    pub history: &'a mut [T],
    pub small: &'a mut [T],
    pub products: &'a [T],
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

    /// Leaves r·r for the host.
    pub fn leave_squared(&mut self, rr: T) {
        let back = self.back();
        self.control[back + RR] = rr;
    }

    /// Leaves r·r for the host, and in the history.
    pub fn leave_residual(&mut self, rr: T) {
        self.leave_squared(rr);
        let stride = self.params.history_stride as usize;
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

    /// Lets the operator work on the column or not, whatever the host is told.
    pub fn leave_gate(&mut self, status: Status) {
        let back = self.back();
        self.control[back + STATUS] = status.word();
    }

    /// Leaves the count of iterations likewise.
    pub fn leave_iteration(&mut self, iteration: T) {
        let (back, front) = (self.back(), self.front());
        self.control[back + ITERATION] = iteration;
        self.control[front + ITERATION] = iteration;
    }
}
