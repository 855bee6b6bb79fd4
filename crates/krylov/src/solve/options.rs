//! Settings of a solve.

use std::sync::Arc;

use crate::amg::{NearNullSpace, SmoothedAggregation};
use crate::deflation::{Deflation, Recycling};
use crate::directions::MOST_WINDOW;
use crate::learned::LearnedDirections;
use crate::method::MOST_STEPS;
use crate::multigrid::Multigrid;
use crate::precondition::Preconditioner;
use crate::stencils::LearnedStencils;
use crate::{KrylovError, Method};

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
    /// Iterations in all; a hundred times the number of unknowns, and at least 10,000, if not
    /// given: rounding makes ill-conditioned systems need many more than one iteration per unknown.
    pub max_iterations: Option<u64>,
    /// The Krylov method.
    pub method: Method,
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
    /// Vectors that the operator nearly maps to zero, for algebraic multigrid; the constant one if not given.
    pub near_null: Option<Arc<NearNullSpace>>,
    /// The set-up of algebraic multigrid, made beforehand for this matrix; made by the solve if not given.
    pub aggregation: Option<Arc<SmoothedAggregation>>,
    /// The network of [`Preconditioner::Network`].
    pub directions: Option<Arc<LearnedDirections>>,
    /// The network of [`Preconditioner::Stencils`].
    pub stencils: Option<Arc<LearnedStencils>>,
    /// A space that conjugate gradients leave to a direct solve, made for this matrix.
    pub deflation: Option<Arc<Deflation>>,
    /// Solve one right-hand side after the other by conjugate gradients, and deflate what each of them left of A for those that follow;
    /// [`Solution::recycled`](super::Solution::recycled) has it for further solves.
    pub recycle: Option<Recycling>,
}

impl Default for SolveOptions {
    fn default() -> Self {
        Self {
            rtol: 1e-8,
            atol: 0.0,
            backward: None,
            max_iterations: None,
            method: Method::default(),
            preconditioner: Preconditioner::default(),
            flexible: false,
            precision: Precision::default(),
            look_every: 32,
            inner_rtol: 1e-3,
            near_null: None,
            aggregation: None,
            directions: None,
            stencils: None,
            deflation: None,
            recycle: None,
        }
    }
}

impl SolveOptions {
    pub(crate) fn without_weights(&self) -> KrylovError {
        KrylovError::Setting {
            name: "the preconditioner",
            value: format!("{}, without weights", self.preconditioner),
            expected: "given the weights of one",
        }
    }

    pub(super) fn check(&self) -> Result<(), KrylovError> {
        let wrong = |name, value: String, expected| Err(KrylovError::Setting { name, value, expected });
        let tolerance = |value: f64| value >= 0.0 && value.is_finite();
        match self {
            _ if !tolerance(self.rtol) => {
                wrong("rtol", self.rtol.to_string(), "a number that is finite and not negative")
            }
            _ if !tolerance(self.atol) => {
                wrong("atol", self.atol.to_string(), "a number that is finite and not negative")
            }
            _ if !self.backward.is_none_or(tolerance) => wrong(
                "backward",
                self.backward.unwrap_or_default().to_string(),
                "a number that is finite and not negative",
            ),
            _ if !(1e-6..1.0).contains(&self.inner_rtol) => {
                wrong("inner_rtol", self.inner_rtol.to_string(), "between 1e-6 and 1")
            }
            _ if matches!(self.preconditioner, Preconditioner::BlockJacobi { size } if size != 2 && size != 4) => {
                wrong("the block size", self.preconditioner.to_string(), "2 or 4")
            }
            _ if self.preconditioner == (Preconditioner::Chebyshev { degree: 0 }) => {
                wrong("the degree", self.preconditioner.to_string(), "at least 1")
            }
            _ if matches!(self.preconditioner, Preconditioner::Multigrid(multigrid) if !(1..=Multigrid::MOST_SWEEPS).contains(&multigrid.sweeps)) => {
                wrong("the number of smoothing steps", self.preconditioner.to_string(), "between 1 and 16")
            }
            _ if matches!(self.method, Method::Directions { window } if !(1..=MOST_WINDOW).contains(&window)) => {
                wrong("the window", self.method.to_string(), "between 1 and 16")
            }
            _ if matches!(self.method, Method::Gmres { restart } | Method::Fgmres { restart } if !(1..=MOST_STEPS).contains(&restart)) => {
                wrong("the number of steps of a cycle", self.method.to_string(), "between 1 and 200")
            }
            _ if matches!(self.preconditioner, Preconditioner::Amg(amg) if !amg.is_valid()) => {
                let expected = "one of the smoothers jacobi and chebyshev with 1 to 16 steps";
                wrong("the preconditioner", self.preconditioner.to_string(), expected)
            }
            _ if self.preconditioner == Preconditioner::Network && self.directions.is_none() => {
                Err(self.without_weights())
            }
            _ if self.preconditioner == Preconditioner::Stencils && self.stencils.is_none() => {
                Err(self.without_weights())
            }
            _ if self.deflation.is_some() && !matches!(self.method, Method::Cg | Method::Auto) => {
                wrong("the method", format!("{}, with deflation", self.method), "cg")
            }
            _ if self.recycle.is_some() && !matches!(self.method, Method::Cg | Method::Auto) => {
                wrong("the method", format!("{}, with recycling", self.method), "cg")
            }
            _ if self.recycle.is_some_and(|recycling| !recycling.is_valid()) => {
                let value = self.recycle.map_or_else(String::new, |recycling| recycling.to_string());
                wrong("recycling", value, "of 1 to 64 vectors from as many to 256 directions")
            }
            _ if self.look_every == 0 => wrong("look_every", "0".to_owned(), "at least 1"),
            _ => Ok(()),
        }
    }
}
