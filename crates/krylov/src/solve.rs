//! Solving A x = b: conjugate gradients on the device inside iterative refinement in f64 on the host.
//!
//! ```text
//! loop: r = b − A x           f64, on the host: the only residual that a status is given from
//!       A d ≈ r               conjugate gradients on the device, r scaled to unit norm
//!       x ← x + d             f64
//! ```
//!
//! In f32 the inner solve reduces the residual a thousandfold, which f32 can do reliably, and the outer loop does the
//! rest (Moler, J. ACM 14, 1967). In f64 one inner solve usually suffices, and is continued rather than restarted.

use std::ops::ControlFlow;
use std::time::Instant;

use ansatz_gpu::{Cost, Gpu, GpuError, Profile};

use crate::cg::control::Status;
use crate::operator::{Defect, NullComponents, Operator};
use crate::precondition::Preconditioner;
use crate::stage::{Correction, Stage, Task, norm, norm_max};
use crate::{KrylovError, Outcome, Reason, setup, truth};

/// In which precision the device iterates. The answer is verified in f64 in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// f64 where the device has it natively and the tolerance is beyond f32, else f32; and f64, on the CPU executor if
    /// need be, where f32 turns out not to suffice.
    #[default]
    Auto,
    /// f32 alone.
    F32,
    /// f64; on the CPU executor where the device has none.
    F64,
}

/// Settings of a solve.
#[derive(Debug, Clone, PartialEq)]
pub struct SolveOptions {
    /// Converged when ‖b − Ax‖₂ ≤ rtol ‖b‖₂.
    pub rtol: f64,
    /// Converged when ‖b − Ax‖₂ ≤ atol.
    pub atol: f64,
    /// Converged when the normwise backward error is at most this.
    pub backward: Option<f64>,
    /// Iterations of conjugate gradients in all; a hundred times the number of unknowns, and at least 10,000, if not
    /// given: rounding makes ill-conditioned systems need many more than one iteration per unknown.
    pub max_iterations: Option<u64>,
    /// Preconditioner.
    pub preconditioner: Preconditioner,
    /// Flexible directions.
    pub flexible: bool,
    /// Precision of the device.
    pub precision: Precision,
    /// Iterations between two looks of the host.
    pub look_every: u32,
    /// How far an inner solve in f32 reduces the residual.
    pub inner_rtol: f64,
}

impl Default for SolveOptions {
    fn default() -> Self {
        Self {
            rtol: 1e-8,
            atol: 0.0,
            backward: None,
            max_iterations: None,
            preconditioner: Preconditioner::default(),
            flexible: false,
            precision: Precision::default(),
            look_every: 32,
            inner_rtol: 1e-3,
        }
    }
}

impl SolveOptions {
    fn check(&self) -> Result<(), KrylovError> {
        let wrong = |name, value: String, expected| Err(KrylovError::Setting { name, value, expected });
        let tolerance = |value: f64| value >= 0.0 && value.is_finite();
        match self {
            _ if !tolerance(self.rtol) => {
                wrong("rtol", self.rtol.to_string(), "a number that is finite and not negative")
            }
            _ if !tolerance(self.atol) => {
                wrong("atol", self.atol.to_string(), "a number that is finite and not negative")
            }
            _ if !self.backward.is_none_or(tolerance) => {
                wrong("backward", format!("{:?}", self.backward), "a number that is finite and not negative")
            }
            _ if !(1e-6..1.0).contains(&self.inner_rtol) => {
                wrong("inner_rtol", self.inner_rtol.to_string(), "between 1e-6 and 1")
            }
            _ if matches!(self.preconditioner, Preconditioner::BlockJacobi { size } if size != 2 && size != 4) => {
                wrong("the block size", self.preconditioner.to_string(), "2 or 4")
            }
            _ if self.preconditioner == (Preconditioner::Chebyshev { degree: 0 }) => {
                wrong("the degree", self.preconditioner.to_string(), "at least 1")
            }
            _ if self.look_every == 0 => wrong("look_every", "0".to_owned(), "at least 1"),
            _ => Ok(()),
        }
    }
}

/// Where a solve stands, for a progress bar or to stop it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Iterations so far, of the column that has most.
    pub iterations: u64,
    /// Refinement steps so far.
    pub outer_iterations: usize,
    /// The largest relative residual of the columns still at work, by the recursion on the device.
    pub relative_residual: f64,
    /// The relative residual to reach.
    pub target: f64,
}

/// The outcome of every right-hand side, and what was done for all of them.
#[derive(Debug, Clone)]
pub struct Solution {
    /// One per right-hand side, in order.
    pub outcomes: Vec<Outcome>,
    /// Time per kernel, where profiling is on.
    pub profile: Profile,
    /// How the operator was laid out on the device, with the reason for it.
    pub layout: String,
    /// Launches per iteration.
    pub launches_per_iteration: usize,
    /// Bytes and flops per iteration, by the kernels' own account.
    pub cost_per_iteration: Cost,
}

/// Refinement steps that gain less than this factor count as no progress.
const PROGRESS: f64 = 0.5;
/// A residual that rounding explains up to this factor is as small as it gets.
const FLOOR_FACTOR: f64 = 10.0;
/// So many steps without progress end the refinement.
const MOST_STRIKES: u32 = 2;
/// From this many times the tolerance on, better rounding may reach it.
const POLISH_FACTOR: f64 = 3.0;
const POLISH_SWEEPS: usize = 20;

/// One right-hand side on its way.
struct Column {
    b: Vec<f64>,
    norm_b: f64,
    x: Vec<f64>,
    r: Vec<f64>,
    norm_r: f64,
    /// The largest ‖r‖ that counts as converged by rtol or atol.
    goal: f64,
    iterations: u64,
    outer_iterations: usize,
    history: Vec<f64>,
    verified: Vec<(u64, f64)>,
    strikes: u32,
    /// Iterate only so far in the next step: where the recursion was smallest before it went astray.
    rerun: Option<u64>,
    reason: Option<Reason>,
}

/// Solves A x = b for one or several right-hand sides at once.
///
/// `x0` are the initial guesses (zero if not given). `monitor` sees the progress every `look_every` iterations and may
/// break, which ends the solve with [`Reason::Stopped`].
///
/// # Errors
/// Misuse, a device that is too small, or a device that fails: [`KrylovError::Interrupted`] then holds the last iterates.
/// Not converging is no error but a [`Reason`].
pub fn solve(
    gpu: &Gpu,
    a: &dyn Operator,
    b: &[Vec<f64>],
    x0: Option<&[Vec<f64>]>,
    options: &SolveOptions,
    monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Solution, KrylovError> {
    options.check()?;
    let start = Instant::now();
    let mut solver = Solver::new(gpu, a, b, x0, options)?;
    solver.examine();
    let mut setup_seconds = start.elapsed().as_secs_f64();
    let mut solve_seconds = 0.0;
    let mut solution = Solution {
        outcomes: Vec::new(),
        profile: Profile::default(),
        layout: "not laid out: there was nothing to iterate".to_owned(),
        launches_per_iteration: 0,
        cost_per_iteration: Cost::default(),
    };

    let has_f64 = gpu.capabilities().f64;
    let mut f64_stage = match options.precision {
        Precision::F32 => false,
        Precision::F64 => true,
        // Beyond this tolerance f32 needs several refinements, each of which starts its Krylov space anew.
        Precision::Auto => has_f64 && options.rtol < 1e-6,
    };
    let mut tier = Vec::new();
    while solver.columns.iter().any(|column| column.reason.is_none()) {
        let start = Instant::now();
        let cpu = Gpu::cpu();
        let stage_gpu = if f64_stage && !has_f64 { &cpu } else { gpu };
        tier.push(match (f64_stage, f64_stage && !has_f64) {
            (false, _) => "f32",
            (true, false) => "f64",
            (true, true) => "f64 on cpu",
        });
        let history = solver.max_iterations.clamp(1, most_history(b.len()));
        let prepared = if f64_stage {
            setup::prepare::<f64>(stage_gpu, a, b.len(), options, history as u32)
        } else {
            setup::prepare::<f32>(stage_gpu, a, b.len(), options, history as u32)
        };
        let mut prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err(solver.interrupted(error, tier.len() > 1)),
        };
        setup_seconds += start.elapsed().as_secs_f64();

        let start = Instant::now();
        let can_escalate = !f64_stage && options.precision == Precision::Auto;
        let end = solver.refine(prepared.stage.as_mut(), can_escalate, monitor);
        solve_seconds += start.elapsed().as_secs_f64();
        solution.profile.merge(prepared.stage.profile());
        solution.layout = prepared.layout;
        solution.launches_per_iteration = prepared.stage.launches();
        solution.cost_per_iteration = prepared.stage.cost();
        end.map_err(|error| solver.interrupted(error.into(), true))?;
        f64_stage = true;
    }

    let device = gpu.summary().name.clone();
    let tier = if tier.is_empty() { "host f64".to_owned() } else { tier.join(", then ") };
    let norm_a = solver.norm_a;
    solution.outcomes = solver
        .columns
        .into_iter()
        .map(|column| Outcome {
            true_relative_residual: relative(column.norm_r, column.norm_b),
            backward_error: backward_error(norm_a, &column.x, &column.b, &column.r),
            x: column.x,
            reason: column.reason.unwrap_or(Reason::Stagnated),
            iterations: column.iterations,
            outer_iterations: column.outer_iterations,
            history: column.history,
            verified: column.verified,
            setup_seconds,
            solve_seconds,
            device: device.clone(),
            tier: tier.clone(),
        })
        .collect();
    Ok(solution)
}

/// Iterations that the history on the device has room for: 65,536, or fewer where many columns share 32 MiB.
fn most_history(columns: usize) -> u64 {
    ((32u64 << 20) / (8 * columns as u64).max(1)).clamp(1 << 10, 1 << 16)
}

/// ‖r‖∞/(‖A‖∞‖x‖∞ + ‖b‖∞) (Rigal and Gaches, J. ACM 14, 1967).
fn backward_error(norm_a: f64, x: &[f64], b: &[f64], r: &[f64]) -> f64 {
    relative(norm_max(r), norm_a * norm_max(x) + norm_max(b))
}

fn relative(value: f64, scale: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value / scale }
}

struct Solver<'a> {
    a: &'a dyn Operator,
    options: &'a SolveOptions,
    norm_a: f64,
    null: NullComponents,
    max_iterations: u64,
    columns: Vec<Column>,
}

/// An inner solve, and what it set out from.
struct Step<'a> {
    correction: &'a Correction,
    x0: &'a [f64],
    norm_r0: f64,
    stopped: bool,
}

/// What is to be done with a column after an inner solve.
enum Verdict {
    /// It has its reason, or goes into the next refinement step.
    Settled,
    /// The recursion is still true; go on to this reduction.
    Resume(f64),
}

impl<'a> Solver<'a> {
    fn new(
        gpu: &Gpu,
        a: &'a dyn Operator,
        b: &[Vec<f64>],
        x0: Option<&[Vec<f64>]>,
        options: &'a SolveOptions,
    ) -> Result<Self, KrylovError> {
        let n = a.dimension();
        let check = |what, found: usize, expected: usize| {
            if found == expected { Ok(()) } else { Err(KrylovError::Length { what, found, expected }) }
        };
        b.iter().try_for_each(|b| check("the right-hand side", b.len(), n))?;
        if let Some(x0) = x0 {
            check("the list of initial guesses", x0.len(), b.len())?;
            x0.iter().try_for_each(|x0| check("the initial guess", x0.len(), n))?;
        }
        let limit = gpu.capabilities().binding_bytes / 4;
        if n as u64 > limit {
            return Err(GpuError::Limit {
                what: "a vector of the system (entries)".to_owned(),
                needed: n as u64,
                available: limit,
                remedy: "use a smaller system, or the CPU executor",
            }
            .into());
        }

        // Entries of inactive cells are none of the system's business.
        let masked = |v: &[f64]| -> Vec<f64> {
            v.iter().enumerate().map(|(i, &v)| if a.is_active(i) { v } else { 0.0 }).collect()
        };
        let columns = b
            .iter()
            .enumerate()
            .map(|(column, b)| {
                let b = masked(b);
                let norm_b = norm(&b);
                Column {
                    norm_b,
                    x: x0.map_or_else(|| vec![0.0; n], |x0| masked(&x0[column])),
                    r: b.clone(),
                    norm_r: norm_b,
                    b,
                    goal: (options.rtol * norm_b).max(options.atol),
                    iterations: 0,
                    outer_iterations: 0,
                    history: Vec::new(),
                    verified: Vec::new(),
                    strikes: 0,
                    rerun: None,
                    reason: None,
                }
            })
            .collect();
        let max_iterations =
            options.max_iterations.unwrap_or_else(|| (100 * a.unknowns() as u64).max(10_000));
        Ok(Self { a, options, norm_a: a.norm_inf(), null: a.null_components(), max_iterations, columns })
    }

    /// Finds what can be said without an iteration.
    fn examine(&mut self) {
        let operator_reason = self.a.defect().map(|defect| match defect {
            Defect::NonFinite => Reason::NonFinite,
            Defect::Asymmetric => Reason::NonSymmetricOperator,
            Defect::NegativeMinor => Reason::IndefiniteOperator,
        });
        for index in 0..self.columns.len() {
            let column = &mut self.columns[index];
            if !column.norm_b.is_finite() || !norm_max(&column.x).is_finite() {
                column.reason = Some(Reason::NonFinite);
                column.x.fill(0.0);
                continue;
            }
            if column.norm_b == 0.0 {
                column.x.fill(0.0);
                column.reason = Some(Reason::ZeroRhs);
                column.verified.push((0, 0.0));
                continue;
            }
            if operator_reason == Some(Reason::NonFinite) {
                column.reason = operator_reason;
                column.x.fill(0.0);
                continue;
            }
            let x = std::mem::take(&mut self.columns[index].x);
            let (r, norm_r) = self.residual(index, &x);
            let null_part = self.null_part(index);
            let column = &mut self.columns[index];
            (column.x, column.r, column.norm_r) = (x, r, norm_r);
            let relative = norm_r / column.norm_b;
            column.verified.push((0, relative));
            column.history.push(relative);
            let reason = self.converged(index).or(operator_reason);
            let column = &mut self.columns[index];
            column.reason = reason;
            // Whatever x is, the part of b in the null space stays in the residual.
            let attainable = column.goal.max(self.options.backward.unwrap_or(0.0) * column.norm_b);
            if column.reason.is_none() && null_part > attainable.max(1e-14 * column.norm_b) {
                column.reason = Some(Reason::Inconsistent);
            }
            if column.reason.is_none() && self.max_iterations == 0 {
                column.reason = Some(Reason::MaxIterations);
            }
        }
    }

    /// b − A x in f64, and its norm. Where it may satisfy the criterion, it is computed again with compensated sums, and
    /// the larger norm counts: neither plain f64, which anyone may recompute in any order, nor the truth may exceed the
    /// tolerance.
    fn residual(&self, index: usize, x: &[f64]) -> (Vec<f64>, f64) {
        let column = &self.columns[index];
        let mut r = vec![0.0; x.len()];
        self.a.apply(x, &mut r);
        r.iter_mut().zip(&column.b).for_each(|(r, b)| *r = b - *r);
        let norm_r = norm(&r);
        let backward_error = backward_error(self.norm_a, x, &column.b, &r);
        let backward = self.options.backward.is_some_and(|tolerance| backward_error <= 2.0 * tolerance);
        if norm_r > 2.0 * column.goal && !backward || !norm_r.is_finite() {
            return (r, norm_r);
        }
        let truth = truth::residual(self.a, &column.b, x);
        // In another order of summation the rounding errors would be others, of about this size.
        let rounding: Vec<f64> = r.iter().zip(&truth).map(|(r, truth)| r - truth).collect();
        let norm_r = norm_r.max(norm(&truth).hypot(norm(&rounding)));
        (truth, norm_r)
    }

    /// The norm of the part of b in the known null space.
    fn null_part(&self, index: usize) -> f64 {
        let means = self.null.means(&self.columns[index].b);
        means.iter().zip(self.null.sizes()).map(|(mean, &size)| mean * mean * size as f64).sum::<f64>().sqrt()
    }

    /// The criterion that the verified residual satisfies, if any.
    fn converged(&self, index: usize) -> Option<Reason> {
        let column = &self.columns[index];
        let backward_error = backward_error(self.norm_a, &column.x, &column.b, &column.r);
        let backward = self.options.backward.is_some_and(|tolerance| backward_error <= tolerance);
        match column.norm_r {
            norm if norm <= self.options.rtol * column.norm_b => Some(Reason::Rtol),
            norm if norm <= self.options.atol => Some(Reason::Atol),
            _ if backward => Some(Reason::Backward),
            _ => None,
        }
    }

    /// Refinement with one precision, until every column has its reason, or one asks for more precision.
    fn refine(
        &mut self,
        stage: &mut dyn Stage,
        can_escalate: bool,
        monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<(), GpuError> {
        while self.columns.iter().any(|column| column.reason.is_none()) {
            let mut tasks: Vec<Option<Task>> =
                (0..self.columns.len()).map(|index| self.task(index, stage)).collect();
            let r: Vec<Vec<f64>> = self
                .columns
                .iter()
                .map(|column| {
                    let mut r = column.r.clone();
                    self.null.project(&mut r);
                    r
                })
                .collect();
            let base: Vec<_> = self.columns.iter().map(|column| (column.x.clone(), column.norm_r)).collect();
            let begun: Vec<_> =
                self.columns.iter().map(|column| (column.iterations, column.history.len())).collect();
            let mut stopped = false;
            let mut corrections =
                stage.solve(&r, &tasks, &mut |seen| self.look(seen, &begun, &base, monitor, &mut stopped))?;
            loop {
                let mut resume = vec![None; tasks.len()];
                for (index, task) in tasks.iter().enumerate() {
                    let Some(task) = task else { continue };
                    let (x0, norm_r0) = &base[index];
                    let correction = &corrections[index];
                    self.record_history(index, begun[index], *norm_r0, correction);
                    let step = Step { correction, x0, norm_r0: *norm_r0, stopped };
                    if let Verdict::Resume(reduction) = self.judge(index, stage, task, &step)? {
                        let left = self.max_iterations - self.columns[index].iterations;
                        resume[index] = Some(Task { reduction, limit: correction.iterations + left });
                    }
                }
                if resume.iter().all(Option::is_none) {
                    break;
                }
                tasks = resume;
                corrections = stage
                    .resume(&tasks, &mut |seen| self.look(seen, &begun, &base, monitor, &mut stopped))?;
            }
            if can_escalate && self.columns.iter().any(|column| column.reason.is_none() && column.strikes > 0)
            {
                self.columns.iter_mut().for_each(|column| (column.strikes, column.rerun) = (0, None));
                return Ok(());
            }
            for index in 0..self.columns.len() {
                if self.columns[index].reason.is_none() && self.columns[index].strikes >= MOST_STRIKES {
                    let reason = match self.polish(index) {
                        Some(converged) => converged,
                        None => self.reason_of_standstill(index, stage)?,
                    };
                    self.columns[index].reason = Some(reason);
                }
            }
        }
        Ok(())
    }

    fn task(&self, index: usize, stage: &dyn Stage) -> Option<Task> {
        let column = &self.columns[index];
        if column.reason.is_some() {
            return None;
        }
        let left = self.max_iterations - column.iterations;
        if let Some(limit) = column.rerun {
            return Some(Task { reduction: 0.0, limit: limit.min(left) });
        }
        // A tenth less than asked for, since the recursion drifts from the truth; f32 goes no further than it can see.
        let wanted = 0.9 * column.goal / column.norm_r;
        let least = if stage.is_f64() { 1e-14 } else { self.options.inner_rtol };
        Some(Task { reduction: wanted.clamp(least, 0.9), limit: left })
    }

    /// Reports to the monitor.
    fn look(
        &self,
        seen: &[(u64, f64)],
        begun: &[(u64, usize)],
        base: &[(Vec<f64>, f64)],
        monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
        stopped: &mut bool,
    ) -> ControlFlow<()> {
        let active = |index: &usize| self.columns[*index].reason.is_none();
        let residual = |index: usize| seen[index].1 * base[index].1 / self.columns[index].norm_b;
        let columns = (0..seen.len()).filter(active);
        let progress = Progress {
            iterations: columns.clone().map(|index| begun[index].0 + seen[index].0).max().unwrap_or(0),
            outer_iterations: self.columns.iter().map(|column| column.outer_iterations).max().unwrap_or(0),
            relative_residual: columns.clone().map(residual).fold(0.0, f64::max),
            target: columns
                .map(|index| self.columns[index].goal / self.columns[index].norm_b)
                .fold(1.0, f64::min),
        };
        let flow = monitor(&progress);
        *stopped |= flow.is_break();
        flow
    }

    /// Takes over the iterations of an inner solve since `begun`.
    fn record_history(&mut self, index: usize, begun: (u64, usize), norm_r0: f64, correction: &Correction) {
        let column = &mut self.columns[index];
        column.iterations = begun.0 + correction.iterations;
        column.history.truncate(begun.1);
        let scale = norm_r0 / column.norm_b;
        column.history.extend(correction.history.iter().skip(1).map(|rr| rr * scale));
    }

    /// Verifies an inner solve in f64 and decides how to go on.
    fn judge(
        &mut self,
        index: usize,
        stage: &dyn Stage,
        task: &Task,
        step: &Step,
    ) -> Result<Verdict, GpuError> {
        let Step { correction, x0, norm_r0, stopped } = step;
        let x: Vec<f64> = x0.iter().zip(&correction.d).map(|(x, d)| x + d).collect();
        let (r, norm_r) = self.residual(index, &x);
        let used_up = self.columns[index].iterations >= self.max_iterations;
        let true_recursion = norm_r.is_finite() && stage.norm(&r) <= 2.0 * correction.recursion;

        let column = &mut self.columns[index];
        column.outer_iterations += 1;
        // Conjugate gradients minimise the error in the norm of A, not the residual: an iterate that was cut short is
        // worth keeping though its residual may have grown.
        let cut_short = (used_up || *stopped) && norm_r < 1e3 * norm_r0;
        if norm_r < column.norm_r || cut_short {
            (column.x, column.r, column.norm_r) = (x, r, norm_r);
        }
        if norm_r.is_finite() {
            column.verified.push((column.iterations, norm_r / column.norm_b));
        }
        let (norm_r, goal) = (column.norm_r, column.goal);
        let end = self.converged(index).or(if *stopped {
            Some(Reason::Stopped)
        } else if used_up {
            Some(Reason::MaxIterations)
        } else {
            None
        });
        if end.is_some() {
            self.columns[index].reason = end;
            // A backward error is of another norm, which a smaller residual in this one need not keep.
            let by_this_norm = matches!(end, Some(Reason::Rtol | Reason::Atol));
            if by_this_norm && norm_r <= FLOOR_FACTOR * self.floor(index) {
                self.polish(index);
            }
            return Ok(Verdict::Settled);
        }

        let went_well = matches!(correction.status, Status::Reached | Status::Exhausted);
        let reduction = task.reduction * 0.5 * goal / norm_r;
        let room = correction.iterations < stage.most_iterations() && self.columns[index].rerun.is_none();
        if stage.is_f64() && went_well && true_recursion && room && reduction > 1e-15 {
            return Ok(Verdict::Resume(reduction));
        }
        if correction.status == Status::NoCurvature {
            let direction = &stage.directions()?[index];
            self.columns[index].reason = self.reason_of_direction(index, direction);
        }
        if correction.status == Status::BadPreconditioner && stage.is_f64() {
            self.columns[index].reason = Some(Reason::IndefinitePreconditioner);
        }

        let column = &mut self.columns[index];
        if norm_r <= PROGRESS * norm_r0 {
            (column.strikes, column.rerun) = (0, None);
            return Ok(Verdict::Settled);
        }
        // The recursion may have been right for a while: try again up to where its residual was smallest.
        let smallest = correction.history.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
        match smallest {
            Some((at, &value))
                if column.rerun.is_none() && value < 1.0 && (at as u64) < correction.iterations =>
            {
                column.rerun = Some(at as u64);
            }
            _ => {
                column.rerun = None;
                column.strikes += 1;
            }
        }
        Ok(Verdict::Settled)
    }

    /// What a direction without positive curvature proves, in f64; nothing where rounding alone made it look so.
    fn reason_of_direction(&self, index: usize, direction: &[f64]) -> Option<Reason> {
        let length = norm(direction);
        if !(length > 0.0 && length.is_finite()) {
            return None;
        }
        let v: Vec<f64> = direction.iter().map(|v| v / length).collect();
        let mut av = vec![0.0; v.len()];
        self.a.apply(&v, &mut av);
        let curvature: f64 = v.iter().zip(&av).map(|(v, av)| v * av).sum();
        if curvature < -1e-12 * self.norm_a {
            return Some(Reason::IndefiniteOperator);
        }
        // For every y, ‖b − Ay‖ ≥ |b·v| − ‖y‖ ‖Av‖.
        let column = &self.columns[index];
        let in_null_space: f64 = column.b.iter().zip(&v).map(|(b, v)| b * v).sum();
        let null = norm(&av) <= 1e-9 * self.norm_a;
        (null && in_null_space.abs() > 2.0 * column.goal).then_some(Reason::Inconsistent)
    }

    /// The residual that the rounding of x to f64 alone explains.
    fn floor(&self, index: usize) -> f64 {
        let column = &self.columns[index];
        f64::EPSILON * (self.norm_a * norm(&column.x) + column.norm_b)
    }

    /// Where the tolerance is almost reached and only the rounding of x is in the way, looks for a better rounding.
    fn polish(&mut self, index: usize) -> Option<Reason> {
        let column = &self.columns[index];
        if column.norm_r > POLISH_FACTOR * column.goal {
            return None;
        }
        let (mut x, mut r) = (column.x.clone(), column.r.clone());
        for _ in 0..POLISH_SWEEPS {
            if !self.a.descend(&mut x, &mut r) {
                return None;
            }
            let norm_r;
            (r, norm_r) = self.residual(index, &x);
            let column = &mut self.columns[index];
            if norm_r < column.norm_r {
                (column.x, column.r, column.norm_r) = (x.clone(), r.clone(), norm_r);
            }
        }
        // Every sweep is made, for more than the bare tolerance: others may sum in another order.
        let column = &mut self.columns[index];
        column.verified.push((column.iterations, column.norm_r / column.norm_b));
        self.converged(index)
    }

    /// Why refinement makes no progress.
    fn reason_of_standstill(&self, index: usize, stage: &mut dyn Stage) -> Result<Reason, GpuError> {
        let column = &self.columns[index];
        let floor = self.floor(index);
        if column.norm_r <= FLOOR_FACTOR * floor {
            return Ok(Reason::AttainableAccuracy { floor: floor / column.norm_b });
        }
        // If A is singular, r less the solution of Aw = Ar, which always exists, is in its null space.
        let n = column.r.len();
        let mut ar = vec![0.0; n];
        self.a.apply(&column.r, &mut ar);
        let mut systems = vec![vec![0.0; n]; self.columns.len()];
        let mut tasks = vec![None; self.columns.len()];
        systems[index] = ar;
        tasks[index] = Some(Task { reduction: 1e-9, limit: (2 * n as u64).max(1000) });
        let corrections = stage.solve(&systems, &tasks, &mut |_| ControlFlow::Continue(()))?;
        let candidate: Vec<f64> = column.r.iter().zip(&corrections[index].d).map(|(r, w)| r - w).collect();
        let proven = self.reason_of_direction(index, &candidate);
        Ok(proven.filter(|reason| *reason == Reason::Inconsistent).unwrap_or(Reason::Stagnated))
    }

    fn interrupted(&self, error: KrylovError, begun: bool) -> KrylovError {
        match error {
            KrylovError::Gpu(source) if begun => KrylovError::Interrupted {
                source,
                iterates: self.columns.iter().map(|column| column.x.clone()).collect(),
                outer_iterations: self
                    .columns
                    .iter()
                    .map(|column| column.outer_iterations)
                    .max()
                    .unwrap_or(0),
            },
            other => other,
        }
    }
}
