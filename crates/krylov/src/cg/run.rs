//! The loop on the device, recorded once for an operator and a preconditioner: that of conjugate gradients here, those of
//! other methods by themselves.

use std::ops::ControlFlow;

use ansatz_gpu::{Buffer, Cost, Gpu, GpuError, Plan, Profile, Real, Repeat};

use super::control::{GOAL, ITERATION, LIMIT, Params, RR, STATUS, Status};
use super::inverse::Inverse;
use super::{Begin, Direction, Inner, Update, vector_groups};
use crate::device::DeviceOperator;
use crate::gmres::Basis;
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
    /// Directions that were refused.
    pub refused: u32,
}

/// A Krylov method for one operator, one preconditioner and a number of right-hand sides.
pub struct Loop<T> {
    gpu: Gpu,
    options: LoopOptions,
    parts: Parts<T>,
    recorded: Recorded<T>,
    /// The first directions of every column, so many of each.
    kept: Option<(Buffer<T>, u32)>,
    /// Iterations since the start, of the column that has most.
    iterations: u64,
    /// Rounds in which a column ran.
    rounds: u64,
}

/// What the loop of every method works on.
pub(crate) struct Parts<T> {
    pub params: Params,
    pub control: Buffer<T>,
    pub history: Buffer<T>,
    pub x: Buffer<T>,
    pub r: Buffer<T>,
}

impl<T: Real> Parts<T> {
    /// Buffers for an operator, with so many words of the method itself.
    pub fn new(
        gpu: &Gpu,
        operator: &dyn DeviceOperator<T>,
        columns: usize,
        options: LoopOptions,
        general: bool,
        own_words: u32,
    ) -> Result<Self, GpuError> {
        let length = operator.ordering().device_len();
        let (quads, history_words) = (length / 4, options.history + 1);
        let params =
            Params::new(quads, columns, vector_groups(gpu, quads), operator.groups(), history_words, general)
                .with_own_words(own_words);
        let vector = |label| gpu.buffer::<T>(label, length * columns);
        let (x, r) = (vector("x")?, vector("r")?);
        let control = gpu.buffer::<T>("control", params.control_words())?;
        let history = gpu.buffer::<T>("history", history_words as usize * columns)?;
        Ok(Self { params, control, history, x, r })
    }

    /// A further vector for every column.
    pub fn vector(&self, gpu: &Gpu, label: &str) -> Result<Buffer<T>, GpuError> {
        gpu.buffer(label, 4 * self.params.stride4 as usize * self.params.columns as usize)
    }
}

/// What a method records.
pub(crate) struct Recorded<T> {
    /// Begins from x = 0 and a given r.
    pub start: Plan,
    /// A round of the loop.
    pub body: Plan,
    /// Iterations per round.
    pub iterations: u32,
    /// The vector that the host is shown where the method cannot go on.
    pub direction: Buffer<T>,
    /// Words of the method itself that are not 0 at the start.
    pub own: Vec<(u32, f64)>,
    /// The method's word that counts directions it refused, if it does.
    pub refused: Option<u32>,
    /// Where columns share their directions: the method's word, of the first column, that tells which one the host is shown for all.
    pub witness: Option<u32>,
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
        Self::keeping(gpu, operator, preconditioner, columns, options, 0)
    }

    /// The same, which keeps the first `kept` directions of every column.
    ///
    /// # Errors
    /// Limits and memory of the device.
    pub fn keeping(
        gpu: &Gpu,
        operator: &dyn DeviceOperator<T>,
        preconditioner: &DevicePreconditioner<T>,
        columns: usize,
        options: LoopOptions,
        kept: u32,
    ) -> Result<Self, GpuError> {
        let (identity, general) = (Inverse::Identity, preconditioner.is_general());
        let inverse = preconditioner.inverse().filter(|_| !general).unwrap_or(&identity);
        let parts = Parts::new(gpu, operator, columns, options, general, 0)?;
        let Parts { params, control, history, x, r } = &parts;
        let params = *params;
        let (p, ap) = (parts.vector(gpu, "p")?, parts.vector(gpu, "Ap")?);
        let z = if general { parts.vector(gpu, "z")? } else { r.clone() };

        let precondition = |plan: &mut Plan| -> Result<(), GpuError> {
            if general {
                preconditioner.record(plan, operator, &params, control, r, &z)?;
                Inner { params, control, r, z: &z, ap: &ap }.record(plan)?;
            }
            Ok(())
        };

        // x = 0, z = M⁻¹r, r·r, r·z
        let mut start = Plan::new(gpu, "cg start");
        Begin { params, control, x, r, inverse }.record(&mut start)?;
        precondition(&mut start)?;

        let mut body = Plan::new(gpu, "cg");
        // β = ρ/ρ₀, p ← z + βp
        let flexible = options.flexible;
        Direction { params, control, z: &z, p: &p, history, inverse, flexible }.record(&mut body)?;
        let directions = match kept {
            0 => None,
            _ => {
                let basis = Basis::new(gpu, &parts, kept, "directions", "recycle fewer directions")?;
                basis.keep(&mut body, &p)?;
                Some((basis.vectors, kept))
            }
        };
        // q = Ap, p·q
        operator.record(&mut body, control, params.shape(), &p, &ap)?;
        // α = ρ/(p·q), x ← x + αp, r ← r − αq, z = M⁻¹r, r·r, r·z
        Update { params, control, x, r, p: &p, ap: &ap, inverse, flexible }.record(&mut body)?;
        precondition(&mut body)?;

        let recorded = Recorded {
            start,
            body,
            iterations: 1,
            direction: p,
            own: Vec::new(),
            refused: None,
            witness: None,
        };
        Ok(Self { kept: directions, ..Self::of(gpu, options, parts, recorded) })
    }

    /// The loop of another method.
    pub(crate) fn of(gpu: &Gpu, options: LoopOptions, parts: Parts<T>, recorded: Recorded<T>) -> Self {
        Self { gpu: gpu.clone(), options, parts, recorded, kept: None, iterations: 0, rounds: 0 }
    }

    /// Launches per iteration, rounded up.
    pub fn launches(&self) -> usize {
        self.recorded.body.len().div_ceil(self.recorded.iterations as usize)
    }

    /// Bytes and flops of one iteration.
    pub fn cost(&self) -> Cost {
        let (cost, iterations) = (self.recorded.body.cost(), u64::from(self.recorded.iterations));
        Cost { bytes: cost.bytes / iterations, flops: cost.flops / iterations, ..cost }
    }

    /// Time per kernel, where the device profiles.
    pub fn profile(&self) -> Profile {
        self.recorded.body.profile().of_rounds(self.rounds, self.recorded.body.len())
    }

    /// Begins anew from x = 0 with residuals `r`, laid out for the device, column after column.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`], or what else went wrong on the device.
    pub fn start(&mut self, r: &[T], columns: &[Start]) -> Result<(), GpuError> {
        let mut control = vec![T::zero(); self.parts.params.control_words()];
        for (column, start) in columns.iter().enumerate() {
            let status = if start.idle { Status::Idle } else { Status::Running };
            let (back, front) = (self.parts.params.back(column), self.parts.params.front(column));
            control[back + STATUS] = status.word();
            control[front + STATUS] = status.word();
            control[front + GOAL] = T::from_f64(start.goal);
            control[front + LIMIT] = T::from_f64(f64::from(start.limit.min(self.options.history)));
            let own = self.parts.params.own(column);
            self.recorded
                .own
                .iter()
                .for_each(|&(word, value)| control[own + word as usize] = T::from_f64(value));
        }
        self.gpu.write(&self.parts.control, 0, &control)?;
        self.gpu.write(&self.parts.r, 0, r)?;
        self.iterations = 0;
        self.recorded.start.run()
    }

    /// Goes on where the loop stopped, towards new goals; directions are kept. The count of iterations goes on too, and
    /// must stay within the history.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn resume(&mut self, columns: &[Start]) -> Result<(), GpuError> {
        // Where columns share their directions, those of a column at rest serve the others.
        let shared = self.recorded.witness.is_some() && columns.iter().any(|start| !start.idle);
        for (column, start) in columns.iter().enumerate() {
            let front = self.parts.params.front(column);
            let status = if start.idle { Status::Idle } else { Status::Running };
            let gate = if shared { Status::Running } else { status };
            let limit = T::from_f64(f64::from(start.limit.min(self.options.history)));
            self.gpu.write(&self.parts.control, front + STATUS, &[status.word()])?;
            self.gpu.write(&self.parts.control, front + GOAL, &[T::from_f64(start.goal), limit])?;
            self.gpu.write(&self.parts.control, self.parts.params.back(column) + STATUS, &[gate.word()])?;
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
        let params = self.parts.params;
        let mut states = Vec::new();
        let look_every = self.options.look_every.div_ceil(self.recorded.iterations);
        // One iteration beyond the limit finds that the limit is reached.
        let max_rounds = (u64::from(self.options.history) + 1).div_ceil(u64::from(self.recorded.iterations));
        let repeat = Repeat { max_rounds, look_every, ..Repeat::default() };
        self.recorded.body.repeat(repeat, &self.parts.control, params.watched_words(), |words, _| {
            states.clear();
            states
                .extend((0..params.columns as usize).map(|column| column_state(words, params.back(column))));
            let running = states.iter().any(|state| state.status == Status::Running);
            if running { look(&states) } else { ControlFlow::Break(()) }
        })?;
        // The update of the last iteration speaks last: it alone sees a curvature that is not positive.
        let words = self.gpu.read(&self.parts.control)?;
        let states: Vec<ColumnState> = (0..params.columns as usize)
            .map(|column| {
                let front = column_state(&words, params.front(column));
                let rr = words[params.back(column) + RR].widen();
                let refused = self
                    .recorded
                    .refused
                    .map_or(0, |word| words[self.parts.params.own(column) + word as usize].widen() as u32);
                ColumnState { rr, refused, ..front }
            })
            .collect();
        // One more round found that there was nothing left to do.
        let most = states.iter().map(|state| u64::from(state.iterations)).max().unwrap_or(0);
        let done = most.saturating_sub(self.iterations) + 1;
        self.rounds += done.div_ceil(u64::from(self.recorded.iterations));
        self.iterations = most;
        Ok(states)
    }

    /// The solution on the device, column after column.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn x(&self) -> Result<Vec<T>, GpuError> {
        self.gpu.read(&self.parts.x)
    }

    /// The last search directions.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn p(&self) -> Result<Vec<T>, GpuError> {
        let p = self.gpu.read(&self.recorded.direction)?;
        let Some(word) = self.recorded.witness else { return Ok(p) };
        let params = &self.parts.params;
        let witness = self.gpu.read(&self.parts.control)?[params.own(0) + word as usize].widen() as usize;
        let length = 4 * params.stride4 as usize;
        Ok(p[witness * length..][..length].repeat(params.columns as usize))
    }

    /// The directions of the first column that were kept.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn kept(&self) -> Result<Vec<Vec<T>>, GpuError> {
        let Some((vectors, slots)) = &self.kept else { return Ok(Vec::new()) };
        let length = 4 * self.parts.params.stride4 as usize;
        let count = self.iterations.min(u64::from(*slots)) as usize;
        Ok(self.gpu.read(vectors)?.chunks(length.max(1)).take(count).map(<[T]>::to_vec).collect())
    }

    /// r·r of every iteration of each column since the start: `states[c].iterations + 1` numbers.
    ///
    /// # Errors
    /// As [`Loop::start`].
    pub fn history(&self, states: &[ColumnState]) -> Result<Vec<Vec<f64>>, GpuError> {
        let words = self.gpu.read(&self.parts.history)?;
        let stride = self.parts.params.history_stride as usize;
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
        refused: 0,
    }
}
