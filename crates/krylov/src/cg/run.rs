//! The loop of conjugate gradients on the device, recorded once for an operator and a preconditioner.

use std::ops::ControlFlow;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Profile, Real, Repeat};

use super::control::{GOAL, ITERATION, LIMIT, Params, RR, STATUS, Status};
use super::inverse::Inverse;
use super::{Begin, Direction, Inner, Update, vector_groups};
use crate::device::DeviceOperator;
use crate::precondition::DevicePreconditioner;

/// Settings of a loop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopOptions {
    /// Flexible directions, for a preconditioner that is not a fixed symmetric operator.
    pub flexible: bool,
    /// Iterations between two looks of the host.
    pub look_every: u32,
    /// Most iterations between two starts: the length of the history on the device.
    pub history: u32,
}

/// What one column is to do from a start on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// Stop when r·r is at most this.
    pub goal: f64,
    /// Stop after this many iterations.
    pub limit: u32,
    /// Leave the column alone.
    pub idle: bool,
}

/// What the host sees of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnState {
    /// What it is doing.
    pub status: Status,
    /// Iterations since the start.
    pub iterations: u32,
    /// r·r by the recursion.
    pub rr: f64,
}

/// Conjugate gradients for one operator, one preconditioner and a number of right-hand sides.
pub struct Loop<T> {
    gpu: Gpu,
    options: LoopOptions,
    params: Params,
    control: Buffer<T>,
    history: Buffer<T>,
    x: Buffer<T>,
    r: Buffer<T>,
    p: Buffer<T>,
    start: Plan,
    body: Plan,
}

impl<T: Real> Loop<T> {
    /// Records the loop.
    ///
    /// # Errors
    /// Limits and memory of the device.
    pub fn new(
        gpu: &Gpu,
        operator: &dyn DeviceOperator<T>,
        preconditioner: &DevicePreconditioner<T>,
        columns: usize,
        options: LoopOptions,
    ) -> Result<Self, GpuError> {
        let length = operator.ordering().device_len();
        let quads = length / 4;
        let (identity, general) = (Inverse::Identity, preconditioner.is_general());
        let inverse = preconditioner.inverse().filter(|_| !general).unwrap_or(&identity);
        let history_words = options.history + 1;
        let params =
            Params::new(quads, columns, vector_groups(gpu, quads), operator.groups(), history_words, general);

        let vector = |label| gpu.buffer::<T>(label, length * columns);
        let (x, r, p, ap) = (vector("x")?, vector("r")?, vector("p")?, vector("Ap")?);
        let z = if general { vector("z")? } else { r.clone() };
        let control = gpu.buffer::<T>("control", params.control_words())?;
        let history = gpu.buffer::<T>("history", history_words as usize * columns)?;

        let precondition = |plan: &mut Plan| -> Result<(), GpuError> {
            if general {
                preconditioner.record(plan, operator, &params, &control, &r, &z)?;
                Inner { params, control: &control, r: &r, z: &z, ap: &ap }.record(plan)?;
            }
            Ok(())
        };

        // x = 0, z = M⁻¹r, r·r, r·z
        let mut start = Plan::new(gpu, "cg start");
        Begin { params, control: &control, x: &x, r: &r, inverse }.record(&mut start)?;
        precondition(&mut start)?;

        let mut body = Plan::new(gpu, "cg");
        // β = ρ/ρ₀, p ← z + βp
        let flexible = options.flexible;
        Direction { params, control: &control, z: &z, p: &p, history: &history, inverse, flexible }
            .record(&mut body)?;
        // q = Ap, p·q
        operator.record(&mut body, &control, params.shape(), &p, &ap)?;
        // α = ρ/(p·q), x ← x + αp, r ← r − αq, z = M⁻¹r, r·r, r·z
        Update { params, control: &control, x: &x, r: &r, p: &p, ap: &ap, inverse, flexible }
            .record(&mut body)?;
        precondition(&mut body)?;

        Ok(Self { gpu: gpu.clone(), options, params, control, history, x, r, p, start, body })
    }

    /// Launches per iteration.
    pub fn launches(&self) -> usize {
        self.body.len()
    }

    /// Bytes and flops of one iteration.
    pub fn cost(&self) -> ansatz_gpu::Cost {
        self.body.cost()
    }

    /// Time per kernel, where the device profiles.
    pub fn profile(&self) -> &Profile {
        self.body.profile()
    }

    /// Begins anew from x = 0 with residuals `r`, laid out for the device, column after column.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`], or what else went wrong on the device.
    pub fn start(&mut self, r: &[T], columns: &[Start]) -> Result<(), GpuError> {
        let mut control = vec![T::zero(); self.params.control_words()];
        for (column, start) in columns.iter().enumerate() {
            let status = if start.idle { Status::Idle } else { Status::Running };
            let (back, front) = (self.params.back(column), self.params.front(column));
            control[back + STATUS] = status.word();
            control[front + STATUS] = status.word();
            control[front + GOAL] = T::from_f64(start.goal);
            control[front + LIMIT] = T::from_f64(f64::from(start.limit.min(self.options.history)));
        }
        self.gpu.write(&self.control, 0, &control)?;
        self.gpu.write(&self.r, 0, r)?;
        self.start.run()
    }

    /// Goes on where the loop stopped, towards new goals; directions are kept. The count of iterations goes on too, and
    /// must stay within the history.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn resume(&mut self, columns: &[Start]) -> Result<(), GpuError> {
        for (column, start) in columns.iter().enumerate() {
            let front = self.params.front(column);
            let status = if start.idle { Status::Idle } else { Status::Running };
            let limit = T::from_f64(f64::from(start.limit.min(self.options.history)));
            self.gpu.write(&self.control, front + STATUS, &[status.word()])?;
            self.gpu.write(&self.control, front + GOAL, &[T::from_f64(start.goal), limit])?;
            self.gpu.write(&self.control, self.params.back(column) + STATUS, &[status.word()])?;
        }
        Ok(())
    }

    /// Iterates until no column runs. `look` sees the columns every so many iterations, and may break.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn run(
        &mut self,
        mut look: impl FnMut(&[ColumnState]) -> ControlFlow<()>,
    ) -> Result<Vec<ColumnState>, GpuError> {
        let params = self.params;
        let mut states = Vec::new();
        let look_every = self.options.look_every;
        // One round beyond the limit finds that the limit is reached.
        let max_rounds = u64::from(self.options.history) + 1;
        let repeat = Repeat { max_rounds, look_every, ..Repeat::default() };
        self.body.repeat(repeat, &self.control, params.watched_words(), |words, _| {
            states.clear();
            states
                .extend((0..params.columns as usize).map(|column| column_state(words, params.back(column))));
            let running = states.iter().any(|state| state.status == Status::Running);
            if running { look(&states) } else { ControlFlow::Break(()) }
        })?;
        // The update of the last iteration speaks last: it alone sees a curvature that is not positive.
        let words = self.gpu.read(&self.control)?;
        Ok((0..params.columns as usize)
            .map(|column| {
                let front = column_state(&words, params.front(column));
                let rr = words[params.back(column) + RR].widen();
                ColumnState { rr, ..front }
            })
            .collect())
    }

    /// The solution on the device, column after column.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn x(&self) -> Result<Vec<T>, GpuError> {
        self.gpu.read(&self.x)
    }

    /// The last search directions.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn p(&self) -> Result<Vec<T>, GpuError> {
        self.gpu.read(&self.p)
    }

    /// r·r of every iteration of each column since the start: `states[c].iterations + 1` numbers.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn history(&self, states: &[ColumnState]) -> Result<Vec<Vec<f64>>, GpuError> {
        let words = self.gpu.read(&self.history)?;
        let stride = self.params.history_stride as usize;
        let column = |(column, state): (usize, &ColumnState)| {
            let count = (state.iterations as usize + 1).min(stride);
            words[column * stride..][..count].iter().map(|rr| rr.widen()).collect()
        };
        Ok(states.iter().enumerate().map(column).collect())
    }
}

fn column_state<T: Real>(words: &[T], state: usize) -> ColumnState {
    ColumnState {
        status: Status::from_word(words[state + STATUS]),
        iterations: words[state + ITERATION].widen() as u32,
        rr: words[state + RR].widen(),
    }
}
