//! The step of Levenberg and Marquardt: which way its least-squares problem is solved.

use ansatz_gpu::Gpu;
use ansatz_linalg::{DampedLeastSquares, DampedSolution, LeastSquares, Place};
use ansatz_optim::{ConjugateGradients, Jacobian};

use super::PdeError as Error;
use super::collocation::rows_of;
use super::device_loss::Along;
use super::equation::Linearised;
use super::geodesic::{self, Geodesic};
use super::loss::Loss;
use super::matrix_free::MatrixFree;
use super::tier::Tier;

/// How min ‖J δ + R‖² + λ²‖D δ‖² is solved for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StepMethod {
    /// By conjugate gradients where the Jacobian would not fit [`PdeOptions::jacobian_bytes`](super::PdeOptions::jacobian_bytes), in the kernel form where it has fewer rows
    /// than columns, else by QR.
    #[default]
    Auto,
    /// From the triangle of [J R]: at least as many rows as columns.
    Qr,
    /// In the kernel form, D⁻²Jᵀ(J D⁻²Jᵀ + λ²I)⁻¹R: cheap where there are far fewer rows than columns.
    Kernel,
    /// By conjugate gradients from products with J and Jᵀ, for which the rows of J are made again and again, tile by tile.
    ConjugateGradients,
}

/// Steps are solved to this part of the gradient: further, the linear model does not reach.
const RTOL: f64 = 1e-4;
const RTOL_F32: f64 = 1e-3;
const MOST_ITERATIONS: usize = 300;

/// What is decided once for a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Qr,
    Kernel,
    ConjugateGradients,
}

/// How steps are solved, and with which memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepOptions {
    pub method: StepMethod,
    /// Bytes that the Jacobian may take.
    pub jacobian_bytes: u64,
    pub place: Place,
}

impl StepOptions {
    /// The form for a Jacobian of this size, and what reports say of it.
    pub fn form<T: Tier>(self, gpu: &Gpu, [rows, columns]: [usize; 2]) -> Result<(Form, String), Error> {
        let bytes = (rows as u128) * (columns as u128) * size_of::<T>() as u128;
        let precision = if T::IS_F64 { "f64" } else { "f32" };
        let dense = T::describe(gpu, self.place);
        let too_large = bytes > u128::from(self.jacobian_bytes);
        let free = |why: &str| {
            let words = format!(
                "conjugate gradients in f64 on the host, products with the Jacobian in {precision} on the device{why}"
            );
            (Form::ConjugateGradients, words)
        };
        let kernel = |why: &str| (Form::Kernel, format!("kernel form in f64 on the host (faer){why}"));
        Ok(match self.method {
            StepMethod::Qr if rows < columns => {
                return Err(Error::Setting {
                    name: "step",
                    value: format!("qr with {rows} rows for {columns} parameters"),
                    expected: "kernel or auto where there are fewer rows than parameters, or more points",
                });
            }
            StepMethod::Qr => (Form::Qr, dense),
            StepMethod::Kernel => kernel(""),
            StepMethod::ConjugateGradients => free(""),
            StepMethod::Auto if too_large => free(&format!(
                ": of {rows} by {columns}, it would take {} MB where {} MB are allowed",
                bytes.div_ceil(1_000_000),
                self.jacobian_bytes / 1_000_000
            )),
            StepMethod::Auto if rows < columns => {
                kernel(&format!(": the Jacobian has {rows} rows, fewer than its {columns} columns"))
            }
            StepMethod::Auto => (Form::Qr, dense),
        })
    }
}

/// The least-squares problem of one state.
pub(super) enum StepProblem<'a, T: Tier> {
    Dense { problem: DampedLeastSquares, geodesic: Geodesic<T> },
    Free { jacobian: &'a mut MatrixFree<T>, residual: Vec<f64>, lengths: Vec<f64> },
}

/// δ for one damping.
pub(super) struct Step<'a, T: Tier> {
    pub delta: Vec<f64>,
    /// The decrease of ‖R‖² that the linear model promises.
    pub promised: f64,
    problem: Solved<'a, T>,
}

/// The problem of a step, once more for what accelerates it.
enum Solved<'a, T: Tier> {
    Dense(&'a Geodesic<T>, DampedSolution<'a>),
    Free { jacobian: &'a mut MatrixFree<T>, residual: &'a [f64], lengths: &'a [f64], damping: Vec<f64> },
}

impl<'a, T: Tier> StepProblem<'a, T> {
    /// Of a state where R and its partial derivatives are `at`, with which the Jacobian was filled; `None` where that is not finite.
    pub fn new(
        loss: &Loss<'_>,
        along: &'a mut Along<T>,
        at: &[Linearised],
        (form, solver): (Form, LeastSquares),
    ) -> Result<Option<Self>, Error> {
        let (gpu, rows) = (loss.gpu, loss.rows(at));
        match along {
            Along::Free(jacobian) => {
                let (lengths, residual) = (jacobian.lengths()?, rows);
                let finite = lengths.iter().chain(&residual).all(|x| x.is_finite());
                Ok(finite.then_some(Self::Free { jacobian, residual, lengths }))
            }
            Along::Kept(jacobian) => {
                let (jacobian, residual) = jacobian.assembled();
                let problem = match form {
                    Form::Kernel => solver.factor_kernel(gpu, jacobian, residual)?,
                    _ => solver.factor(gpu, jacobian, residual)?,
                };
                let Ok(problem) = problem else { return Ok(None) };
                Ok(Some(Self::Dense { problem, geodesic: Geodesic::new(gpu, jacobian, rows)? }))
            }
        }
    }

    /// The lengths of the columns of J.
    pub fn lengths(&self) -> Vec<f64> {
        match self {
            Self::Dense { problem, .. } => problem.lengths(),
            Self::Free { lengths, .. } => lengths.clone(),
        }
    }

    /// The step, which is −δ; `damping` gives λ D for columns of length one. Where it takes long, `goes_on` is asked now and then, and
    /// what it is worth after a no is not said.
    pub fn solve(
        &mut self,
        damping: impl Fn(usize) -> f64,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Step<'_, T>, Error> {
        Ok(match self {
            Self::Dense { problem, geodesic } => {
                let mut solution = problem.solve(damping);
                let delta = std::mem::take(&mut solution.x);
                Step { delta, promised: solution.decrease, problem: Solved::Dense(geodesic, solution) }
            }
            Self::Free { jacobian, residual, lengths } => {
                let damping: Vec<f64> = (0..lengths.len()).map(damping).collect();
                let mut watched = Watched { jacobian, goes_on };
                let step = solver::<T>().solve(&mut watched, residual, lengths, |j| damping[j])?;
                let problem = Solved::Free { jacobian: &mut **jacobian, residual, lengths, damping };
                Step { delta: step.delta, promised: step.promised, problem }
            }
        })
    }
}

/// A Jacobian whose products end when somebody says so.
struct Watched<'a, T: Tier> {
    jacobian: &'a mut MatrixFree<T>,
    goes_on: &'a mut dyn FnMut() -> bool,
}

impl<T: Tier> Jacobian for Watched<'_, T> {
    type Error = Error;

    fn multiply(&mut self, v: &[f64]) -> Result<Vec<f64>, Error> {
        self.jacobian.multiply(v)
    }

    fn multiply_transposed(&mut self, w: &[f64]) -> Result<Vec<f64>, Error> {
        self.jacobian.multiply_transposed(w)
    }

    fn goes_on(&mut self) -> bool {
        (self.goes_on)()
    }
}

/// What solves a step without a matrix.
fn solver<T: Tier>() -> ConjugateGradients {
    let rtol = if T::IS_F64 { RTOL } else { RTOL_F32 };
    ConjugateGradients { rtol, max_iterations: MOST_ITERATIONS, ..ConjugateGradients::default() }
}

impl<T: Tier> Step<'_, T> {
    /// How far to look along it for what accelerates it; nowhere in the kernel form, which has no triangle for another right-hand side.
    pub fn probe(&self) -> Option<Vec<f64>> {
        let accelerated = match &self.problem {
            Solved::Dense(_, solution) => solution.has_triangle(),
            Solved::Free { .. } => true,
        };
        accelerated.then(|| geodesic::probe(&self.delta))
    }

    /// δ with its second-order correction, from the residual after the probe, where that is not too long as `measure` has it.
    pub fn corrected(
        &mut self,
        there: &[f64],
        measure: impl Fn(usize) -> f64,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Vec<f64>>, Error> {
        match &mut self.problem {
            Solved::Dense(geodesic, solution) => {
                Ok(geodesic.corrected((&self.delta, solution), there, measure))
            }
            Solved::Free { jacobian, residual, lengths, damping } => {
                // The step is −δ.
                let along: Vec<f64> =
                    jacobian.multiply(&self.delta)?.into_iter().map(|slope| -slope).collect();
                let half: Vec<f64> =
                    geodesic::bend(residual, there, &along).into_iter().map(|bend| 0.5 * bend).collect();
                let mut watched = Watched { jacobian, goes_on };
                let correction = solver::<T>().solve(&mut watched, &half, lengths, |j| damping[j])?;
                Ok(geodesic::accepted(&self.delta, &correction.delta, measure))
            }
        }
    }
}

/// Rows of a Jacobian at these points.
pub(super) fn shape(loss: &Loss<'_>, parameters: usize) -> [usize; 2] {
    [rows_of(&loss.collocations), parameters]
}
