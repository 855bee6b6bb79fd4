//! What a run did: for the terminal, and as JSON.

use std::fmt;

use ansatz_gpu::{Gpu, Profile};
use ansatz_krylov::{Method, Outcome, Solution, SolveOptions};
use serde::Serialize;

use crate::LinearSystem;
use crate::plot::{Convergence, Series, Style};

/// The account of a linear solve. Its keys in JSON are stable.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was solved.
    pub problem: String,
    /// Unknowns.
    pub n: usize,
    /// Nonzero entries of the matrix.
    pub nnz: usize,
    /// The method.
    pub method: String,
    /// The preconditioner.
    pub preconditioner: String,
    /// Name of the device.
    pub device: String,
    /// `vulkan`, `metal`, `dx12` or `cpu`.
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// `wgpu` or `cpu`: which executor ran the plans.
    pub executor: String,
    /// Precision of the iterations.
    pub tier: String,
    /// Seed of everything random in the run.
    pub seed: u64,
    /// Whether every right-hand side converged, as verified in f64.
    pub converged: bool,
    /// Why the solve ended: of the first right-hand side that did not converge, else of the first.
    pub reason: String,
    /// One sentence on what to do.
    pub hint: String,
    /// The number of PETSc's `KSPConvergedReason` that comes closest.
    pub petsc_code: i32,
    /// Relative tolerance asked for.
    pub rtol: f64,
    /// Absolute tolerance asked for.
    pub atol: f64,
    /// Backward error asked for; null where none was.
    pub backward: Option<f64>,
    /// Iterations, the most of all right-hand sides.
    pub iterations: u64,
    /// Refinement steps, the most of all right-hand sides.
    pub outer_iterations: usize,
    /// ‖b − Ax‖₂/‖b‖₂ in f64, the largest of all right-hand sides; null where it is not finite.
    pub true_relative_residual: f64,
    /// Normwise backward error in f64, the largest of all right-hand sides.
    pub backward_error: f64,
    /// Seconds of preparation.
    pub setup_seconds: f64,
    /// Seconds of iteration and verification.
    pub solve_seconds: f64,
    /// How the operator lies on the device, and why.
    pub layout: String,
    /// Launches per iteration.
    pub launches_per_iteration: usize,
    /// Bytes of the buffers on the device: operator, preconditioner and vectors.
    pub memory_bytes: u64,
    /// Relative residual by the recursion, per iteration, of the right-hand side that needed most.
    pub history: Vec<f64>,
    /// Iteration and relative residual recomputed in f64, of the same.
    pub verified: Vec<(u64, f64)>,
    /// Every right-hand side by itself.
    pub right_hand_sides: Vec<ColumnReport>,
    /// Time per kernel, where `--profile` was given.
    pub profile: Vec<KernelReport>,
}

/// One right-hand side.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnReport {
    /// Whether it converged, as verified in f64.
    pub converged: bool,
    /// Why it ended.
    pub reason: String,
    /// Iterations.
    pub iterations: u64,
    /// Refinement steps.
    pub outer_iterations: usize,
    /// ‖b − Ax‖₂/‖b‖₂ in f64.
    pub true_relative_residual: f64,
    /// Normwise backward error in f64.
    pub backward_error: f64,
}

/// One kernel.
#[derive(Debug, Clone, Serialize)]
pub struct KernelReport {
    /// Its name.
    pub kernel: String,
    /// Launches.
    pub launches: u64,
    /// Seconds in all.
    pub seconds: f64,
    /// GB/s by its own account of bytes.
    pub gigabytes_per_second: f64,
    /// GFLOP/s by its own account of operations.
    pub gigaflops_per_second: f64,
    /// Share of the bandwidth that the device was measured to have; null where that was not measured.
    pub share_of_measured_limit: Option<f64>,
}

impl Report {
    pub(crate) fn new(system: &LinearSystem, gpu: &Gpu, options: &SolveOptions, solution: &Solution) -> Self {
        let outcomes = &solution.outcomes;
        let speaks = outcomes.iter().find(|outcome| !outcome.converged()).or(outcomes.first());
        let longest = outcomes.iter().max_by_key(|outcome| outcome.iterations);
        let largest = |value: fn(&Outcome) -> f64| {
            outcomes
                .iter()
                .map(value)
                .fold(0.0, |max: f64, v| if v.is_nan() || max.is_nan() { f64::NAN } else { max.max(v) })
        };
        let summary = gpu.summary();
        Self {
            problem: system.name().to_owned(),
            n: system.operator().unknowns(),
            nnz: system.operator().nonzeros(),
            method: match solution.method {
                Method::Cg if options.flexible => "flexible conjugate gradients".to_owned(),
                method => method.title(),
            } + &solution.choice.map(|why| format!(", {why}")).unwrap_or_default(),
            preconditioner: options.preconditioner.to_string(),
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            tier: speaks.map(|outcome| outcome.tier.clone()).unwrap_or_default(),
            seed: system.seed(),
            converged: outcomes.iter().all(Outcome::converged),
            reason: speaks.map_or("", |outcome| outcome.reason.name()).to_owned(),
            hint: speaks.map_or("", |outcome| outcome.reason.hint()).to_owned(),
            petsc_code: speaks.map_or(0, |outcome| outcome.reason.petsc_code()),
            rtol: options.rtol,
            atol: options.atol,
            backward: options.backward,
            iterations: longest.map_or(0, |outcome| outcome.iterations),
            outer_iterations: outcomes.iter().map(|outcome| outcome.outer_iterations).max().unwrap_or(0),
            true_relative_residual: largest(|outcome| outcome.true_relative_residual),
            backward_error: largest(|outcome| outcome.backward_error),
            setup_seconds: speaks.map_or(0.0, |outcome| outcome.setup_seconds),
            solve_seconds: speaks.map_or(0.0, |outcome| outcome.solve_seconds),
            layout: solution.layout.clone(),
            launches_per_iteration: solution.launches_per_iteration,
            memory_bytes: solution.memory_bytes,
            history: longest.map(|outcome| outcome.history.clone()).unwrap_or_default(),
            verified: longest.map(|outcome| outcome.verified.clone()).unwrap_or_default(),
            right_hand_sides: outcomes
                .iter()
                .map(|outcome| ColumnReport {
                    converged: outcome.converged(),
                    reason: outcome.reason.name().to_owned(),
                    iterations: outcome.iterations,
                    outer_iterations: outcome.outer_iterations,
                    true_relative_residual: outcome.true_relative_residual,
                    backward_error: outcome.backward_error,
                })
                .collect(),
            profile: kernels(&solution.profile, None),
        }
    }
}

impl Report {
    /// The residuals over the iterations, ready to be drawn.
    pub fn convergence(&self) -> Convergence {
        let recursion =
            self.history.iter().enumerate().map(|(iteration, &residual)| (iteration as f64, residual));
        let verified = self.verified.iter().map(|&(iteration, residual)| (iteration as f64, residual));
        // Of a file, the name without its folders.
        let name = self.problem.rsplit(['/', '\\']).next().unwrap_or_default();
        let doubt = if self.converged { String::new() } else { format!(": not converged, {}", self.reason) };
        Convergence {
            title: format!("{name}, {} unknowns{doubt}", self.n),
            series: vec![
                Series {
                    label: format!("recursion on the device ({}), as scaled there", self.tier),
                    points: recursion.collect(),
                    style: Style::Line,
                },
                Series {
                    label: "recomputed in f64".to_owned(),
                    points: verified.collect(),
                    style: Style::Markers,
                },
            ],
            target: (self.rtol > 0.0).then_some(self.rtol),
            x_label: "iteration".to_owned(),
            y_label: if [Method::Cgls, Method::Lsqr]
                .iter()
                .any(|method| self.method.starts_with(&method.title()))
            {
                "‖Aᵀ(b − Ax)‖ / (‖A‖ ‖b‖)".to_owned()
            } else {
                "‖b − Ax‖ / ‖b‖".to_owned()
            },
        }
    }
}

/// One screen, a line for each thing that a reader may doubt.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.converged { "converged" } else { "NOT CONVERGED" };
        let count = self.right_hand_sides.len();
        let columns = if count == 1 { String::new() } else { format!(", {count} right-hand sides") };
        writeln!(f, "problem      {}: {} unknowns, {} nonzeros{columns}", self.problem, self.n, self.nnz)?;
        writeln!(f, "device       {} ({}, {})", self.device, self.backend, self.driver)?;
        writeln!(f, "executor     {}, tier {}", self.executor, self.tier)?;
        writeln!(f, "layout       {}", self.layout)?;
        writeln!(
            f,
            "method       {}, preconditioner {}, {} launches per iteration",
            self.method, self.preconditioner, self.launches_per_iteration
        )?;
        writeln!(f, "seed         {}", self.seed)?;
        writeln!(
            f,
            "outcome      {verdict}: {} after {} iteration{} and {} refinement step{}",
            self.reason,
            self.iterations,
            if self.iterations == 1 { "" } else { "s" },
            self.outer_iterations,
            if self.outer_iterations == 1 { "" } else { "s" }
        )?;
        writeln!(f, "             {}", self.hint)?;
        if self.right_hand_sides.len() > 1 {
            let iterations = self.right_hand_sides.iter().map(|column| column.iterations.to_string());
            let iterations: Vec<String> = iterations.collect();
            writeln!(f, "iterations   {} by right-hand side", iterations.join(", "))?;
        }
        writeln!(
            f,
            "residual     {:.2e} = ‖b − Ax‖/‖b‖, recomputed in f64 (asked for {:e}{})",
            self.true_relative_residual,
            self.rtol,
            if self.atol > 0.0 { format!(", or {:e} without division", self.atol) } else { String::new() }
        )?;
        writeln!(
            f,
            "backward     {:.2e} = ‖b − Ax‖∞/(‖A‖∞‖x‖∞ + ‖b‖∞), in f64{}",
            self.backward_error,
            self.backward.map(|tolerance| format!(" (asked for {tolerance:e})")).unwrap_or_default()
        )?;
        writeln!(
            f,
            "time         {:.3} s to prepare, {:.3} s to solve",
            self.setup_seconds, self.solve_seconds
        )
    }
}

/// The rows of a profile, with their share of `limit` GB/s.
pub fn kernels(profile: &Profile, limit: Option<f64>) -> Vec<KernelReport> {
    let row = |(kernel, row): (&'static str, ansatz_gpu::ProfileRow)| KernelReport {
        kernel: kernel.to_owned(),
        launches: row.launches,
        seconds: row.seconds,
        gigabytes_per_second: row.gigabytes_per_second(),
        gigaflops_per_second: row.gigaflops_per_second(),
        share_of_measured_limit: limit.map(|limit| row.gigabytes_per_second() / limit),
    };
    profile.rows().map(row).collect()
}
