//! How a solve ended.

use std::fmt;

/// Why a solve ended. The converged ones are given only from a residual that was recomputed in f64 on the host.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// ‖b − Ax‖ ≤ rtol ‖b‖.
    Rtol,
    /// ‖b − Ax‖ ≤ atol.
    Atol,
    /// The normwise backward error is at most the tolerance asked for.
    Backward,
    /// ‖Aᵀr‖ ≤ rtol ‖A‖_F ‖r‖ with r = b − Ax: no x brings the residual much lower (Paige and Saunders, ACM TOMS 8, 1982).
    LeastSquares,
    /// b = 0, so x = 0.
    ZeroRhs,
    /// The iterations are used up.
    MaxIterations,
    /// The residual is as small as the rounding of f64 lets it be for this matrix and right-hand side.
    AttainableAccuracy {
        /// The relative residual that rounding alone explains.
        floor: f64,
    },
    /// Refinement stopped making progress above that floor.
    Stagnated,
    /// The matrix, the right-hand side, the initial guess or an iterate holds an infinity or a NaN.
    NonFinite,
    /// A is not positive semidefinite: a direction with negative curvature was found, and checked in f64.
    IndefiniteOperator,
    /// A is not symmetric.
    NonSymmetricOperator,
    /// M is not positive definite.
    IndefinitePreconditioner,
    /// A is singular and b is not in its range: no x brings the residual below the tolerance.
    Inconsistent,
    /// A divisor of the method's recurrence vanished again and again.
    Breakdown,
    /// The caller stopped it.
    Stopped,
}

impl Reason {
    /// Whether x satisfies the criterion that was asked for.
    pub fn converged(&self) -> bool {
        matches!(self, Self::Rtol | Self::Atol | Self::Backward | Self::LeastSquares | Self::ZeroRhs)
    }

    /// The name, as in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rtol => "Rtol",
            Self::Atol => "Atol",
            Self::Backward => "Backward",
            Self::LeastSquares => "LeastSquares",
            Self::ZeroRhs => "ZeroRhs",
            Self::MaxIterations => "MaxIterations",
            Self::AttainableAccuracy { .. } => "AttainableAccuracy",
            Self::Stagnated => "Stagnated",
            Self::NonFinite => "NonFinite",
            Self::IndefiniteOperator => "IndefiniteOperator",
            Self::NonSymmetricOperator => "NonSymmetricOperator",
            Self::IndefinitePreconditioner => "IndefinitePreconditioner",
            Self::Inconsistent => "Inconsistent",
            Self::Breakdown => "Breakdown",
            Self::Stopped => "Stopped",
        }
    }

    /// One sentence on what to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Rtol | Self::Atol | Self::Backward => "Nothing to do: the residual was verified in f64.",
            Self::LeastSquares => {
                "No x solves the system; this one makes the residual least, as was verified in f64."
            }
            Self::ZeroRhs => "The right-hand side is zero, so x = 0 is exact.",
            Self::MaxIterations => "Allow more iterations, or use a stronger preconditioner.",
            Self::AttainableAccuracy { .. } => {
                "No x in f64 does better for certain; accept it, or ask for a backward error instead of a residual."
            }
            Self::Stagnated => {
                "The matrix is too ill-conditioned for the precision in use; try another preconditioner, or f64."
            }
            Self::NonFinite => {
                "Look for NaN or infinite values in the matrix, the right-hand side and the initial guess."
            }
            Self::IndefiniteOperator => {
                "Conjugate gradients need a positive (semi)definite matrix; use the method minres, check the signs, or solve -A x = -b if all are negative."
            }
            Self::NonSymmetricOperator => {
                "Conjugate gradients and minres need A = Aᵀ; check the matrix, or use the method gmres or bicgstab."
            }
            Self::IndefinitePreconditioner => {
                "Use a preconditioner that is symmetric positive definite, such as Jacobi."
            }
            Self::Inconsistent => {
                "The matrix is singular and b is not in its range; subtract from b its part in the null space (for pure Neumann problems, its mean)."
            }
            Self::Breakdown => {
                "The recurrence of this method fails on this system, or grows (richardson asks for I − M⁻¹A below 1); use cg for a positive definite matrix, else gmres, or another preconditioner."
            }
            Self::Stopped => "The caller stopped the solve; pass x as the initial guess to go on.",
        }
    }

    /// The number of PETSc's `KSPConvergedReason` that comes closest.
    pub fn petsc_code(&self) -> i32 {
        match self {
            Self::Rtol | Self::Backward | Self::LeastSquares => 2,
            Self::Atol | Self::ZeroRhs => 3,
            Self::MaxIterations => -3,
            Self::AttainableAccuracy { .. } | Self::Stagnated | Self::Inconsistent | Self::Breakdown => -5,
            Self::NonSymmetricOperator => -7,
            Self::IndefinitePreconditioner => -8,
            Self::NonFinite => -9,
            Self::IndefiniteOperator => -10,
            Self::Stopped => 0,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AttainableAccuracy { floor } => write!(f, "AttainableAccuracy (floor {floor:.1e})"),
            other => f.write_str(other.name()),
        }
    }
}

/// The result for one right-hand side.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The solution, in the natural order of the operator.
    pub x: Vec<f64>,
    /// Why the solve ended.
    pub reason: Reason,
    /// Iterations of the method in all.
    pub iterations: u64,
    /// Directions that were refused, each for the residual in its place.
    pub refused_directions: u64,
    /// Refinement steps: residuals recomputed in f64 after the first.
    pub outer_iterations: usize,
    /// Relative residual by the recursion on the device, for every iteration from 0 on. A refinement step sets it right.
    pub history: Vec<f64>,
    /// Iteration and relative residual recomputed in f64, for every refinement step from the start on.
    pub verified: Vec<(u64, f64)>,
    /// ‖b − Ax‖₂/‖b‖₂, in f64 (0 where b = 0 and x = 0).
    pub true_relative_residual: f64,
    /// ‖b − Ax‖∞/(‖A‖∞‖x‖∞ + ‖b‖∞), in f64 (Rigal and Gaches, J. ACM 14, 1967).
    pub backward_error: f64,
    /// Seconds of preparation: layout, upload, pipelines.
    pub setup_seconds: f64,
    /// Seconds of iteration and verification.
    pub solve_seconds: f64,
    /// The device that iterated.
    pub device: String,
    /// The precision that iterated: `f32`, `f64`, or `f32, then f64`; `on cpu` where the device has no f64.
    pub tier: String,
}

impl Outcome {
    /// Counts in the iterations and the time of a solve that this one went on from.
    pub(crate) fn follow(&mut self, earlier: &Self) {
        self.iterations += earlier.iterations;
        self.setup_seconds += earlier.setup_seconds;
        self.solve_seconds += earlier.solve_seconds;
    }

    /// Whether x satisfies the criterion that was asked for, as verified in f64.
    pub fn converged(&self) -> bool {
        self.reason.converged()
    }
}
