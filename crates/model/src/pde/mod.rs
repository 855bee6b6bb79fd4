//! Partial differential equations, solved with features whose inner parameters are fixed or trained.
//!
//! u = Σ_j c_j φ_j(x) is put into every condition at collocation points; what remains, weighted, is made as small as
//! possible in the least-squares sense. A linear problem takes one solve, a nonlinear one a few steps of Gauss–Newton with
//! the exact Jacobian. The matrix is assembled and factorised on the device; points, coefficients of the equations and the
//! verification are in f64 on the host. Features are trained by steps of Levenberg and Marquardt along their tangent functions,
//! by methods of first order, whose gradients come from the device, or by natural gradients of an energy. A solution is called converged only for its residual at points
//! that the fit has not seen.

mod about;
mod accuracy;
mod attempt;
mod balance;
pub mod baseline;
mod choose;
mod cloud;
mod collocate;
mod collocation;
mod compare;
mod constant;
mod corners;
mod device_loss;
mod energy;
mod equation;
mod error;
mod first_order;
mod geodesic;
mod gradient;
mod gradient_equation;
mod jacobian;
mod journal;
mod lbfgs_steps;
mod loss;
mod matrix_free;
mod method;
mod methods;
mod mfac_steps;
mod newton;
mod options;
mod projection;
mod read;
mod reason;
mod refit;
mod report;
mod report_text;
mod resample;
mod ritz;
mod seed_run;
mod settings;
mod singular;
mod singular_choice;
mod snapshot;
mod solution;
mod solve;
mod space;
mod stages;
mod standard_error;
mod start;
mod state;
mod step;
mod task;
mod tier;
mod train;
mod train_first;
mod transform;
mod trial;
mod trouble;
mod truth;
mod unknowns;
mod values;
mod watch;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ansatz_expr::{Scalar, nearest};
use ansatz_gpu::Gpu;
use ansatz_problem::{PointSet, Problem, examples};

pub use ansatz_optim::{AdamOptions, Decay, Lbfgs, Schedule};
pub use balance::{Balance, GradientNorm};
pub use error::PdeError;
pub use first_order::TrainingStep;
pub use journal::{Checkpoint, Interval};
pub use method::{Frame, Method, Optimizer};
pub use methods::{Covariance, Gaussians, Mlp, Pig, RandomFeatures};
pub use mfac_steps::{Fisher, MfacOptions};
pub use options::{FitPrecision, Objective, PdeOptions};
pub use reason::PdeReason;
pub use report::{BaselineReport, ConditionReport, PdeReport, PublishedReport, SeedReport, UnknownReport};
pub use report_text::brief;
pub use resample::{ByResidual, Resample};
pub use solution::Solution;
pub use step::StepMethod;
pub use tier::Tier;
pub use watch::{PdeProgress, Training};

use accuracy::Known;
use task::Collocation;
use watch::Watch;

/// A problem that is ready to be solved.
#[derive(Debug, Clone)]
pub struct Pde {
    problem: Problem,
    folder: Option<PathBuf>,
    /// That the problem file names, but for its reference.
    files: Vec<PathBuf>,
}

/// The solutions of a problem, and their account.
#[derive(Debug, Clone)]
pub struct PdeRun {
    /// One solution for each seed.
    pub solutions: Vec<Solution>,
    /// The account.
    pub report: PdeReport,
}

impl PdeRun {
    /// Whether every seed's solution fulfils the tolerance, as verified in f64.
    pub fn converged(&self) -> bool {
        self.report.converged
    }
}

impl From<Problem> for Pde {
    fn from(problem: Problem) -> Self {
        Self { problem, folder: None, files: Vec::new() }
    }
}

impl Pde {
    /// The example of this name, with parameters set to other values; see [`ansatz_problem::examples`].
    ///
    /// # Errors
    /// Where there is no such example, or a setting makes no sense.
    pub fn example(name: &str, set: &[(String, String)]) -> Result<Self, PdeError> {
        let example = examples::find(name).ok_or_else(|| PdeError::NoExample {
            name: name.to_owned(),
            nearest: nearest(name, examples::ALL.iter().map(|example| example.name))
                .unwrap_or_default()
                .to_owned(),
        })?;
        Ok(example.problem(set)?.into())
    }

    /// The files that it is read from beside the problem file: points, measurements, and where its reference solution may lie.
    pub fn files(&self) -> Vec<PathBuf> {
        let reference = self.problem.reference.iter();
        let reference =
            reference.flat_map(|reference| accuracy::places(&reference.file, self.folder.as_deref()));
        self.files.iter().cloned().chain(reference).collect()
    }

    /// With the folder in which its reference solution is looked for first, and after it in `$ANSATZ_REFERENCES`.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// The known solution at points, for every field that it is known of: the exact one, else that of the reference file.
    ///
    /// # Errors
    /// A reference file that is not what it should be.
    pub fn known(&self, points: &PointSet) -> Result<Vec<Option<Vec<f64>>>, PdeError> {
        let mut values = vec![None; self.problem.scope.fields().len()];
        if let Some(known) = Known::find(&self.problem, self.folder.as_deref())? {
            for (field, found) in known.fields().into_iter().zip(known.values(&self.problem, points)) {
                values[field] = Some(found);
            }
        }
        Ok(values)
    }

    /// The problem.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Solves it on `gpu`.
    ///
    /// # Errors
    /// Bad settings and a failed device; not converging is a value, [`PdeReport::reason`].
    pub fn solve(&self, gpu: &Gpu, method: &dyn Method, options: &PdeOptions) -> Result<PdeRun, PdeError> {
        self.solve_watched(gpu, method, options, |_| ControlFlow::Continue(()))
    }

    /// The step of Adam with which [`Pde::solve`] would train such a method, from coefficients of zero on.
    ///
    /// # Errors
    /// Bad settings, a method that Adam cannot train, and a failed device.
    pub fn training_step<T: Tier + Scalar>(
        &self,
        gpu: &Gpu,
        method: &dyn Method,
        options: &PdeOptions,
    ) -> Result<TrainingStep<T>, PdeError> {
        solve::training_step(&self.problem, gpu, method, options)
    }

    /// As [`Pde::solve`]; `tell` hears where the solve stands, and may stop it.
    ///
    /// # Errors
    /// As [`Pde::solve`].
    pub fn solve_watched(
        &self,
        gpu: &Gpu,
        method: &dyn Method,
        options: &PdeOptions,
        mut tell: impl FnMut(&PdeProgress) -> ControlFlow<()>,
    ) -> Result<PdeRun, PdeError> {
        solve::solve(&self.problem, self.folder.as_deref(), gpu, method, options, &mut tell)
    }
}
