//! One precision of the refinement: the operator scaled and laid out on a device, and the loop recorded for it.
//!
//! With Jacobi, a matrix is scaled to Ã = SAS with unit diagonal, S = D^(−1/2): preconditioned conjugate gradients for A
//! are plain ones for Ã, which saves reading D⁻¹ twice per iteration and keeps the numbers within the range of f32.

use std::ops::ControlFlow;

use ansatz_gpu::{Cost, GpuError, Profile, Real};

use crate::cg::control::Status;
use crate::cg::{ColumnState, Loop, Start};
use crate::norms::{norm, scaled_norm};
use crate::operator::Ordering;

/// What a column is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task {
    /// Reduce the residual by this factor.
    pub reduction: f64,
    /// Stop after this many iterations.
    pub limit: u64,
}

/// What became of a column.
#[derive(Debug, Clone)]
pub(crate) struct Correction {
    /// What is to be added to x.
    pub d: Vec<f64>,
    pub status: Status,
    pub iterations: u64,
    /// Directions that were refused.
    pub refused: u64,
    /// ‖Sr‖ by the recursion relative to that at the start, for every iteration.
    pub history: Vec<f64>,
    /// ‖Sr‖ by the recursion at the end.
    pub recursion: f64,
}

/// An inner solver, whatever its precision.
pub(crate) trait Stage {
    /// Solves A d = r for each column with a task, from d = 0.
    fn solve(
        &mut self,
        r: &[Vec<f64>],
        tasks: &[Option<Task>],
        look: Look,
    ) -> Result<Vec<Correction>, GpuError>;

    /// Goes on where the last solve stopped, towards smaller reductions of the same r.
    fn resume(&mut self, tasks: &[Option<Task>], look: Look) -> Result<Vec<Correction>, GpuError>;

    /// The last search direction of each column, up to a factor: that of conjugate gradients without curvature.
    fn directions(&self) -> Result<Vec<Vec<f64>>, GpuError>;

    /// The first directions of the first column, where they are kept.
    fn kept(&self) -> Result<Vec<Vec<f64>>, GpuError>;

    /// ‖Sr‖, the norm in which the recursion measures.
    fn norm(&self, r: &[f64]) -> f64;

    fn is_f64(&self) -> bool;
    fn profile(&self) -> Profile;
    fn launches(&self) -> usize;
    fn cost(&self) -> Cost;
    fn most_iterations(&self) -> u64;
}

/// Sees iterations and relative recursive residual of each column; may stop.
pub(crate) type Look<'a> = &'a mut dyn FnMut(&[(u64, f64)]) -> ControlFlow<()>;

pub(crate) struct DeviceStage<T> {
    ordering: Ordering,
    /// Entries of a vector on the host, at most those of the ordering: a matrix that is not square is padded to one.
    dimension: usize,
    /// S; empty for S = I.
    scaling: Vec<f64>,
    /// The operator on the device is this times SAS.
    factor: f64,
    method: Loop<T>,
    history: u32,
    /// ‖Sr‖ of each column at the start.
    norms: Vec<f64>,
}

impl<T: Real> DeviceStage<T> {
    /// The stage of a recorded method, whose operator is laid out by `ordering` and is `factor` times SAS.
    pub fn new(
        method: Loop<T>,
        ordering: Ordering,
        scaling: Vec<f64>,
        factor: f64,
        columns: usize,
        history: u32,
    ) -> Self {
        let dimension = ordering.natural_len();
        Self { ordering, dimension, scaling, factor, method, history, norms: vec![0.0; columns] }
    }

    /// The same for vectors that are padded with zeros to the length of the operator.
    pub fn for_vectors_of(self, dimension: usize) -> Self {
        Self { dimension, ..self }
    }

    /// f·Sv for the device.
    fn scatter(&self, vector: &[f64], factor: f64) -> Vec<T> {
        if self.scaling.is_empty() {
            self.ordering.scatter_with(vector, |_, v| v * factor)
        } else {
            self.ordering.scatter_with(vector, |i, v| v * factor * self.scaling[i])
        }
    }

    /// f·Sv of a vector from the device, without what it is padded by.
    fn gather(&self, vector: &[T], factor: f64) -> Vec<f64> {
        let mut natural = if self.scaling.is_empty() {
            self.ordering.gather_with(vector, |_, v| v * factor)
        } else {
            // The padding of a matrix that is not square has no scale.
            self.ordering.gather_with(vector, |i, v| v * factor * self.scaling.get(i).copied().unwrap_or(0.0))
        };
        natural.truncate(self.dimension);
        natural
    }

    fn starts(&self, tasks: &[Option<Task>]) -> Vec<Start> {
        let start = |task: &Option<Task>| match task {
            Some(task) => {
                let limit = task.limit.min(u64::from(self.history)) as u32;
                Start { goal: task.reduction * task.reduction, limit, idle: false }
            }
            None => Start { goal: 0.0, limit: 0, idle: true },
        };
        tasks.iter().map(start).collect()
    }

    fn finish(&mut self, look: Look) -> Result<Vec<Correction>, GpuError> {
        let mut seen = Vec::new();
        let states = self.method.run(|states: &[ColumnState]| {
            seen.clear();
            seen.extend(states.iter().map(|state| (u64::from(state.iterations), state.rr.sqrt())));
            look(&seen)
        })?;
        let x = self.method.x()?;
        let histories = self.method.history(&states)?;
        let columns = x.chunks(self.ordering.device_len().max(1));
        Ok(columns
            .zip(&states)
            .zip(histories)
            .zip(&self.norms)
            .map(|(((x, state), history), norm)| Correction {
                d: self.gather(x, norm * self.factor),
                status: state.status,
                iterations: u64::from(state.iterations),
                refused: u64::from(state.refused),
                recursion: norm * state.rr.sqrt(),
                history: history.into_iter().map(f64::sqrt).collect(),
            })
            .collect())
    }
}

impl<T: Real> Stage for DeviceStage<T> {
    fn solve(
        &mut self,
        r: &[Vec<f64>],
        tasks: &[Option<Task>],
        look: Look,
    ) -> Result<Vec<Correction>, GpuError> {
        let mut device = Vec::with_capacity(r.len() * self.ordering.device_len());
        for (column, r) in r.iter().enumerate() {
            // The norm is taken out, so that neither 1e30 nor 1e-30 leaves the range of f32.
            let norm = self.norm(r);
            self.norms[column] = norm;
            device.extend(self.scatter(r, if norm > 0.0 { 1.0 / norm } else { 0.0 }));
        }
        self.method.start(&device, &self.starts(tasks))?;
        self.finish(look)
    }

    fn resume(&mut self, tasks: &[Option<Task>], look: Look) -> Result<Vec<Correction>, GpuError> {
        self.method.resume(&self.starts(tasks))?;
        self.finish(look)
    }

    fn directions(&self) -> Result<Vec<Vec<f64>>, GpuError> {
        let p = self.method.p()?;
        Ok(p.chunks(self.ordering.device_len().max(1)).map(|p| self.gather(p, 1.0)).collect())
    }

    fn kept(&self) -> Result<Vec<Vec<f64>>, GpuError> {
        Ok(self.method.kept()?.iter().map(|p| self.gather(p, 1.0)).collect())
    }

    fn norm(&self, r: &[f64]) -> f64 {
        if self.scaling.is_empty() { norm(r) } else { scaled_norm(r, &self.scaling) }
    }

    fn is_f64(&self) -> bool {
        T::IS_F64
    }

    fn profile(&self) -> Profile {
        self.method.profile()
    }

    fn launches(&self) -> usize {
        self.method.launches()
    }

    fn cost(&self) -> Cost {
        self.method.cost()
    }

    fn most_iterations(&self) -> u64 {
        u64::from(self.history)
    }
}
