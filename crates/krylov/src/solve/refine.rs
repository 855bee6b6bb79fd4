//! Iterative refinement: inner solves on the device, each of which is verified in f64.

use std::ops::ControlFlow;

use ansatz_gpu::GpuError;

use super::Progress;
use super::solver::Solver;
use super::standstill::FLOOR_FACTOR;
use crate::Reason;
use crate::cg::control::Status;
use crate::stage::{Correction, Stage, Task};

/// Refinement steps that gain less than this factor count as no progress.
const PROGRESS: f64 = 0.5;
/// So many steps without progress end the refinement.
const MOST_STRIKES: u32 = 2;

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

impl Solver<'_> {
    /// Refinement with one precision, until every column has its reason, or one asks for more precision.
    pub fn refine(
        &mut self,
        stage: &mut dyn Stage,
        can_escalate: bool,
        monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<(), GpuError> {
        loop {
            (0..self.columns.len()).for_each(|index| self.deflate(index));
            if self.columns.iter().all(|column| column.reason.is_some()) {
                return Ok(());
            }
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
            let begun: Vec<_> = self
                .columns
                .iter()
                .map(|column| (column.iterations, column.history.len(), column.refused))
                .collect();
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
    }

    /// Solves for the part of a column in the space of deflation, which brings its error down in the norm of A.
    fn deflate(&mut self, index: usize) {
        let Some(deflation) = &self.options.deflation else { return };
        let column = &self.columns[index];
        if column.reason.is_some() {
            return;
        }
        let mut x = column.x.clone();
        deflation.correct(&column.r, &mut x);
        let residual = self.residual(index, &x);
        if residual.norm_r.is_finite() {
            self.take(index, x, residual);
            self.columns[index].reason = self.converged(index);
        }
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
        begun: &[(u64, usize, u64)],
        base: &[(Vec<f64>, f64)],
        monitor: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
        stopped: &mut bool,
    ) -> ControlFlow<()> {
        let active = |index: &usize| self.columns[*index].reason.is_none();
        let residual = |index: usize| seen[index].1 * base[index].1 / self.columns[index].scale;
        let columns = (0..seen.len()).filter(active);
        let progress = Progress {
            iterations: columns.clone().map(|index| begun[index].0 + seen[index].0).max().unwrap_or(0),
            outer_iterations: self.columns.iter().map(|column| column.outer_iterations).max().unwrap_or(0),
            relative_residual: columns.clone().map(residual).fold(0.0, f64::max),
            target: columns
                .map(|index| self.columns[index].goal / self.columns[index].scale)
                .fold(1.0, f64::min),
        };
        let flow = monitor(&progress);
        *stopped |= flow.is_break();
        flow
    }

    /// Takes over the iterations of an inner solve since `begun`.
    fn record_history(
        &mut self,
        index: usize,
        begun: (u64, usize, u64),
        norm_r0: f64,
        correction: &Correction,
    ) {
        let column = &mut self.columns[index];
        column.iterations = begun.0 + correction.iterations;
        column.refused = begun.2 + correction.refused;
        column.history.truncate(begun.1);
        let scale = norm_r0 / column.scale;
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
        let residual = self.residual(index, &x);
        let norm_r = residual.norm_r;
        let used_up = self.columns[index].iterations >= self.max_iterations;
        let true_recursion = norm_r.is_finite() && stage.norm(&residual.r) <= 2.0 * correction.recursion;

        let column = &mut self.columns[index];
        column.outer_iterations += 1;
        // Conjugate gradients minimise the error in the norm of A, not the residual: an iterate that was cut short is
        // worth keeping though its residual may have grown.
        let cut_short = (used_up || *stopped) && norm_r < 1e3 * norm_r0;
        if norm_r.is_finite() {
            column.verified.push((column.iterations, norm_r / column.scale));
        }
        if norm_r < column.norm_r || cut_short {
            self.take(index, x, residual);
        }
        let column = &mut self.columns[index];
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
        // From a residual that is finite, what is not finite before the first iteration is M⁻¹r.
        let is_bad = correction.status == Status::BadPreconditioner
            || correction.status == Status::NotFinite && correction.iterations == 0;
        if is_bad && stage.is_f64() {
            self.columns[index].reason = Some(Reason::IndefinitePreconditioner);
        }

        let column = &mut self.columns[index];
        column.broke_down = correction.status == Status::Breakdown;
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
}
