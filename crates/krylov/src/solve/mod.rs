//! Solving A x = b: a Krylov method on the device inside iterative refinement in f64 on the host.
//!
//! ```text
//! loop: r = b − A x           f64, on the host: the only residual that a status is given from
//!       A d ≈ r               the method on the device, r scaled to unit norm
//!       x ← x + d             f64
//! ```
//!
//! In f32 the inner solve reduces the residual a thousandfold, which f32 can do reliably, and the outer loop does the
//! rest (Moler, J. ACM 14, 1967). In f64 one inner solve usually suffices, and is continued rather than restarted.

mod options;
mod refine;
mod sequence;
mod solver;
mod standstill;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use ansatz_gpu::{Cost, Gpu, Profile};

use crate::deflation::Deflation;
use crate::operator::Operator;
use crate::{KrylovError, Method, Outcome, Preconditioner, Reason, setup};
use solver::{Solver, relative};

pub use options::{Precision, SolveOptions};

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
    /// The method that ran.
    pub method: Method,
    /// Why it was chosen, where [`Method::Auto`] left that open.
    pub choice: Option<&'static str>,
    /// How the operator was laid out on the device, with the reason for it.
    pub layout: String,
    /// Launches per iteration.
    pub launches_per_iteration: usize,
    /// Bytes and flops per iteration, by the kernels' own account.
    pub cost_per_iteration: Cost,
    /// Bytes of the buffers on the device: operator, preconditioner and vectors.
    pub memory_bytes: u64,
    /// What [`SolveOptions::recycle`] asked to keep: a space to deflate in solves with this operator.
    pub recycled: Option<Arc<Deflation>>,
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
    if options.method != Method::Auto {
        return solve_with(gpu, a, b, x0, options, monitor);
    }
    let (method, why) = Method::choose(a, options.preconditioner, gpu.capabilities().binding_bytes);
    let chosen = SolveOptions { method, ..options.clone() };
    chosen.check()?;
    let mut solution = solve_with(gpu, a, b, x0, &chosen, monitor)?;
    solution.choice = Some(why);
    let indefinite = |outcome: &Outcome| outcome.reason == Reason::IndefiniteOperator;
    if !solution.outcomes.iter().any(indefinite) || options.preconditioner == Preconditioner::Network {
        return Ok(solution);
    }
    // Only directions of negative curvature tell that a matrix with a positive diagonal is indefinite.
    let x: Vec<Vec<f64>> = solution.outcomes.iter().map(|outcome| outcome.x.clone()).collect();
    let chosen = SolveOptions { method: Method::Minres, deflation: None, recycle: None, ..options.clone() };
    let mut again = solve_by(gpu, a, b, Some(&x), &chosen, monitor)?;
    again.choice = Some("as conjugate gradients found a direction of negative curvature");
    for (after, before) in again.outcomes.iter_mut().zip(&solution.outcomes) {
        after.follow(before);
    }
    Ok(again)
}

/// Solves by one method, all right-hand sides at once or in turn.
fn solve_with(
    gpu: &Gpu,
    a: &dyn Operator,
    b: &[Vec<f64>],
    x0: Option<&[Vec<f64>]>,
    options: &SolveOptions,
    monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Solution, KrylovError> {
    match options.recycle {
        Some(_) => sequence::solve_in_turn(gpu, a, b, x0, options, monitor),
        None => solve_by(gpu, a, b, x0, options, monitor),
    }
}

/// Solves by one method.
fn solve_by(
    gpu: &Gpu,
    a: &dyn Operator,
    b: &[Vec<f64>],
    x0: Option<&[Vec<f64>]>,
    options: &SolveOptions,
    monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Solution, KrylovError> {
    let start = Instant::now();
    let mut solver = Solver::new(gpu, a, b, x0, options)?;
    solver.examine();
    let mut setup_seconds = start.elapsed().as_secs_f64();
    let mut solve_seconds = 0.0;
    let mut solution = Solution {
        outcomes: Vec::new(),
        profile: Profile::default(),
        method: options.method,
        choice: None,
        layout: "not laid out: there was nothing to iterate".to_owned(),
        launches_per_iteration: 0,
        cost_per_iteration: Cost::default(),
        memory_bytes: 0,
        recycled: None,
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
        let before = stage_gpu.counters().held_bytes;
        let (columns, history) = (b.len(), history as u32);
        let prepared = match (&solver.least_squares, f64_stage) {
            (None, true) => setup::prepare::<f64>(stage_gpu, a, columns, options, history),
            (None, false) => setup::prepare::<f32>(stage_gpu, a, columns, options, history),
            (Some(least), true) => {
                setup::prepare_normal::<f64>(stage_gpu, &least.matrix, columns, options, history)
            }
            (Some(least), false) => {
                setup::prepare_normal::<f32>(stage_gpu, &least.matrix, columns, options, history)
            }
        };
        let mut prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err(solver.interrupted(error, tier.len() > 1)),
        };
        setup_seconds += start.elapsed().as_secs_f64();
        solution.memory_bytes = stage_gpu.counters().held_bytes.saturating_sub(before);

        let start = Instant::now();
        let can_escalate = !f64_stage && options.precision == Precision::Auto;
        let end = solver.refine(prepared.stage.as_mut(), can_escalate, monitor);
        solve_seconds += start.elapsed().as_secs_f64();
        solution.profile.merge(&prepared.stage.profile());
        solution.layout = prepared.layout;
        solution.launches_per_iteration = prepared.stage.launches();
        solution.cost_per_iteration = prepared.stage.cost();
        end.map_err(|error| solver.interrupted(error.into(), true))?;
        if let Some(recycling) = options.recycle {
            let start = Instant::now();
            let directions = prepared.stage.kept().map_err(|error| solver.interrupted(error.into(), true))?;
            let diagonal = (options.preconditioner != Preconditioner::None).then(|| a.diagonal());
            let earlier = options.deflation.as_deref();
            let recycled = Deflation::recycled(a, diagonal.as_deref(), earlier, &directions, recycling.count);
            solution.recycled = recycled.map(Arc::new);
            solve_seconds += start.elapsed().as_secs_f64();
        }
        f64_stage = true;
    }

    let device = gpu.summary().name.clone();
    let tier = if tier.is_empty() { "host f64".to_owned() } else { tier.join(", then ") };
    solution.outcomes = solver
        .columns
        .into_iter()
        .map(|column| Outcome {
            true_relative_residual: relative(column.misfit, column.norm_b),
            backward_error: column.backward_error,
            x: column.x,
            reason: column.reason.unwrap_or(Reason::Stagnated),
            iterations: column.iterations,
            refused_directions: column.refused,
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
