//! A linear system, ready to be solved and reported on.

use std::ops::ControlFlow;
use std::path::Path;

use ansatz_gpu::Gpu;
use ansatz_krylov::generate::{self, Generated};
use ansatz_krylov::operator::{Csr, Operator};
use ansatz_krylov::{KrylovError, Outcome, Progress, Solution, SolveOptions, solve};

use crate::io::matrix_market::{self, MatrixMarket};
use crate::{Error, Report};

/// A x = b, with one or several right-hand sides.
///
/// ```
/// use ansatz::{Gpu, LinearSystem, SolveOptions};
///
/// # fn main() -> Result<(), ansatz::Error> {
/// let system = LinearSystem::generate("poisson:31x31")?;
/// let run = system.solve(&Gpu::cpu(), &SolveOptions { rtol: 1e-10, ..SolveOptions::default() })?;
/// let outcome = &run.outcomes()[0];
/// assert!(outcome.converged(), "{}: {}", outcome.reason, outcome.reason.hint());
/// assert!(outcome.true_relative_residual <= 1e-10);
/// # Ok(()) }
/// ```
pub struct LinearSystem {
    /// What is solved, in a few words: the file or the text that it was made from.
    pub name: String,
    operator: Box<dyn Operator>,
    generated: Option<Generated>,
    rhs: Vec<Vec<f64>>,
    x0: Option<Vec<Vec<f64>>>,
}

impl LinearSystem {
    /// The system of `operator` with a right-hand side of ones.
    pub fn new(name: &str, operator: impl Operator + 'static) -> Self {
        Self::boxed(name, Box::new(operator))
    }

    fn boxed(name: &str, operator: Box<dyn Operator>) -> Self {
        let ones = vec![1.0; operator.dimension()];
        Self { name: name.to_owned(), operator, generated: None, rhs: vec![ones], x0: None }
    }

    /// Reads the matrix from a Matrix Market file.
    ///
    /// # Errors
    /// What is wrong with the file, with the line; or that the matrix is not square.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let matrix = match matrix_market::read(path)? {
            MatrixMarket::Coordinate(found) => Csr::from_triplets(found.rows, found.columns, found.entries)?,
            MatrixMarket::Array { rows, columns, values } => {
                let entries = values.iter().enumerate().filter(|&(_, &value)| value != 0.0);
                let triplets = entries.map(|(at, &value)| ((at % rows) as u32, (at / rows) as u32, value)).collect();
                Csr::from_triplets(rows, columns, triplets)?
            }
        };
        matrix.check_square()?;
        Ok(Self::new(&path.display().to_string(), matrix))
    }

    /// Makes a test system from a text such as `poisson:64x64x64`; see [`generate::parse`].
    ///
    /// # Errors
    /// What the text should have been.
    pub fn generate(text: &str) -> Result<Self, Error> {
        let generated = generate::parse(text)?;
        let mut system = Self::boxed(text, generated.operator());
        system.rhs = vec![generated.rhs()];
        system.generated = Some(generated);
        Ok(system)
    }
}
