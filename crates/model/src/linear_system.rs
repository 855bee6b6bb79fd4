//! A linear system, ready to be solved and reported on.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use ansatz_gpu::{Gpu, GpuError};
use ansatz_krylov::amg::NearNullSpace;
use ansatz_krylov::generate::{self, Generated};
use ansatz_krylov::operator::{Csr, Operator};
use ansatz_krylov::{KrylovError, Outcome, Progress, Solution, SolveOptions, solve};
use ansatz_random_features::snnk::SnnkError;

use crate::io::matrix_market::{self, MatrixMarket};
use crate::{Error, Report};

/// A x = b, with one or several right-hand sides.
///
/// ```
/// use ansatz::{Gpu, LinearSystem, SolveOptions};
///
/// # fn main() -> Result<(), ansatz::Error> {
/// let system = LinearSystem::generate("poisson:31x31", 0)?;
/// let run = system.solve(&Gpu::cpu(), &SolveOptions { rtol: 1e-10, ..SolveOptions::default() })?;
/// assert!(run.converged(), "{}: {}", run.report.reason, run.report.hint);
/// assert!(run.report.true_relative_residual <= 1e-10);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct LinearSystem {
    name: String,
    seed: u64,
    operator: Arc<dyn Operator>,
    generated: Option<Generated>,
    near_null: Option<Arc<NearNullSpace>>,
    rhs: Vec<Vec<f64>>,
    x0: Option<Vec<Vec<f64>>>,
}

/// A solved system: the outcomes, and their account.
#[derive(Debug, Clone)]
pub struct Run {
    /// The outcome of every right-hand side, and what was done for all of them.
    pub solution: Solution,
    /// The account of the run.
    pub report: Report,
}

impl Run {
    /// Whether every right-hand side converged, as verified in f64.
    pub fn converged(&self) -> bool {
        self.report.converged
    }

    /// The outcome of every right-hand side.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.solution.outcomes
    }

    /// The solution of the first right-hand side.
    pub fn x(&self) -> &[f64] {
        self.solution.outcomes.first().map_or(&[], |outcome| &outcome.x)
    }
}

/// Rows per entry from which on a file is taken for a mistake.
const EMPTY_ROWS: usize = 1000;

impl LinearSystem {
    /// The system of `operator` with a right-hand side of ones.
    pub fn new(name: &str, operator: impl Operator + 'static) -> Self {
        Self::shared(name, Arc::new(operator))
    }

    fn shared(name: &str, operator: Arc<dyn Operator>) -> Self {
        let rhs = vec![vec![1.0; operator.dimension()]];
        Self { name: name.to_owned(), seed: 0, operator, generated: None, near_null: None, rhs, x0: None }
    }

    /// Reads the matrix from a Matrix Market file; the right-hand side is ones.
    ///
    /// # Errors
    /// What is wrong with the file, with the line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let (rows, columns, triplets) = match matrix_market::read(path)? {
            MatrixMarket::Coordinate(found) => {
                let entries =
                    found.entries.iter().map(|&(row, column, value)| (row as usize, column as usize, value));
                (found.rows, found.columns, entries.collect::<Vec<_>>())
            }
            MatrixMarket::Array { rows, columns, values } => {
                if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                    return Err(crate::io::ReadError::BadData {
                        file: path.display().to_string(),
                        line: None,
                        problem: format!(
                            "the entry ({}, {}) is {}",
                            at % rows + 1,
                            at / rows + 1,
                            values[at]
                        ),
                        expected: "a finite number in a matrix".into(),
                        remedy: "check how the file was made".into(),
                    }
                    .into());
                }
                let entries = values.iter().enumerate().filter(|&(_, &value)| value != 0.0);
                (rows, columns, entries.map(|(at, &value)| (at % rows, at / rows, value)).collect())
            }
        };
        // A few bytes of text can name billions of rows, whose pointers alone would fill the memory.
        if rows / EMPTY_ROWS > triplets.len() + EMPTY_ROWS {
            let (file, entries) = (path.display().to_string(), triplets.len());
            return Err(Error::MostlyEmpty { file, rows, entries });
        }
        let wrong = |source| Error::Matrix { file: path.display().to_string(), source };
        let matrix = Csr::from_triplets(rows, columns, &triplets).map_err(wrong)?;
        Ok(Self::new(&path.display().to_string(), matrix))
    }

    /// Makes a test system from a text such as `poisson:64x64x64`, with a right-hand side of ones; see [`generate`].
    /// `seed` decides what is random in it.
    ///
    /// # Errors
    /// What the text should have been.
    pub fn generate(text: &str, seed: u64) -> Result<Self, Error> {
        let generated = generate::parse(text, seed)?;
        let mut system = Self::shared(text, generated.operator.clone());
        system.near_null = generated.near_null.clone();
        (system.seed, system.generated) = (seed, Some(generated));
        Ok(system)
    }

    /// Replaces the right-hand sides.
    ///
    /// # Errors
    /// Where one does not have the length of the operator.
    pub fn with_rhs(self, rhs: Vec<Vec<f64>>) -> Result<Self, Error> {
        self.check("the right-hand side", &rhs, self.operator.dimension())?;
        Ok(Self { rhs, ..self })
    }

    /// Adds right-hand sides with entries that are uniform in [−1, 1), drawn from `seed`, until there are `count`.
    pub fn with_random_rhs(mut self, count: usize, seed: u64) -> Self {
        self.seed = seed;
        let n = self.operator.dimension();
        while self.rhs.len() < count {
            let column = self.rhs.len();
            self.rhs.push((0..n).map(|i| generate::random(seed, (column * n + i) as u64)).collect());
        }
        self
    }

    /// Sets the initial guesses, one per right-hand side.
    ///
    /// # Errors
    /// Where one does not have the length of the operator, or their number is not that of the right-hand sides.
    pub fn with_x0(self, x0: Vec<Vec<f64>>) -> Result<Self, Error> {
        self.check("the initial guess", &x0, self.operator.columns())?;
        Ok(Self { x0: Some(x0), ..self })
    }

    /// Sets the vectors that the operator nearly maps to zero, for algebraic multigrid; a generated system knows its own.
    ///
    /// # Errors
    /// Where they do not have the length of the operator.
    pub fn with_near_null(self, near_null: NearNullSpace) -> Result<Self, Error> {
        self.check("a near-null-space vector", near_null.vectors(), self.operator.columns())?;
        Ok(Self { near_null: Some(Arc::new(near_null)), ..self })
    }

    fn check(&self, what: &'static str, vectors: &[Vec<f64>], expected: usize) -> Result<(), Error> {
        match vectors.iter().map(Vec::len).find(|&found| found != expected) {
            Some(found) => Err(KrylovError::Length { what, found, expected }.into()),
            None => Ok(()),
        }
    }

    /// The file or the text that the system was made from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The seed of what is random in it.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A.
    pub fn operator(&self) -> &dyn Operator {
        &*self.operator
    }

    /// The grid and its cells, where the system was generated on one.
    pub fn generated(&self) -> Option<&Generated> {
        self.generated.as_ref()
    }

    /// The right-hand sides.
    pub fn rhs(&self) -> &[Vec<f64>] {
        &self.rhs
    }

    /// Solves for every right-hand side.
    ///
    /// # Errors
    /// Misuse, or a device that is too small or fails. Not converging is no error but a [`crate::Reason`].
    pub fn solve(&self, gpu: &Gpu, options: &SolveOptions) -> Result<Run, Error> {
        self.solve_with(gpu, options, |_| ControlFlow::Continue(()))
    }

    /// As [`LinearSystem::solve`], with a look at the progress now and then; a break ends the solve with
    /// [`crate::Reason::Stopped`].
    ///
    /// # Errors
    /// As [`LinearSystem::solve`].
    pub fn solve_with(
        &self,
        gpu: &Gpu,
        options: &SolveOptions,
        mut monitor: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Run, Error> {
        let near_null = options.near_null.clone().or_else(|| self.near_null.clone());
        let with_near_null = SolveOptions { near_null, ..options.clone() };
        let solution =
            solve(gpu, self.operator(), &self.rhs, self.x0.as_deref(), &with_near_null, &mut monitor)
                .map_err(|error| match error {
                    KrylovError::Operator(source) => Error::Matrix { file: self.name.clone(), source },
                    other => other.into(),
                })?;
        let report = Report::new(self, gpu, options, &solution);
        Ok(Run { solution, report })
    }
}

impl Error {
    /// Whether the device is at fault, rather than the input or its use.
    pub fn is_device(&self) -> bool {
        match self {
            Self::Gpu(error) | Self::Snnk(SnnkError::Gpu(error)) => !matches!(error, GpuError::Misuse { .. }),
            Self::Krylov(error) => matches!(error, KrylovError::Gpu(_) | KrylovError::Interrupted { .. }),
            _ => false,
        }
    }
}
