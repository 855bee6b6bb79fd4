//! Which Krylov method solves a system.

use std::fmt;

use ansatz_gpu::{Gpu, GpuError, Real};

use crate::bicgstab::bicgstab;
use crate::block::block_cg;
use crate::cg::{Loop, LoopOptions};
use crate::device::DeviceOperator;
use crate::directions::{MOST_WINDOW, directions};
use crate::gmres::gmres;
use crate::lsqr::lsqr;
use crate::minres::minres;
use crate::operator::{Defect, Operator};
use crate::precondition::{DevicePreconditioner, Preconditioner};
use crate::richardson::richardson;

/// A Krylov method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// Conjugate gradients (Hestenes and Stiefel 1952), for symmetric positive (semi)definite matrices.
    #[default]
    Cg,
    /// Block conjugate gradients (O'Leary 1980; Dubrulle 2001), for the same and up to 32 right-hand sides, which share one Krylov space: fewer
    /// iterations, each of which costs more by products of all pairs of vectors. It pays where a product with the matrix and the
    /// preconditioner is dear beside these, and where few eigenvalues are small.
    BlockCg,
    /// Conjugate directions with a window (Kaneda et al. 2023), for symmetric positive definite matrices and preconditioners that may be
    /// neither symmetric nor linear.
    Directions {
        /// Directions that each new one is made conjugate to, 1 to 16.
        window: u32,
    },
    /// The minimum residual method (Paige and Saunders 1975), for symmetric matrices, definite or not.
    Minres,
    /// The stabilised bi-conjugate gradient method (van der Vorst 1992), for any square matrix.
    Bicgstab,
    /// The generalised minimal residual method (Saad and Schultz 1986), for any square matrix.
    Gmres {
        /// Steps of a cycle: as many vectors are kept, and one more.
        restart: u32,
    },
    /// Its flexible kind (Saad 1993), whose preconditioner may change from step to step.
    Fgmres {
        /// Steps of a cycle: twice as many vectors are kept, and one more.
        restart: u32,
    },
    /// Conjugate gradients for least squares (Hestenes and Stiefel 1952; Björck, Elfving and Strakoš, SIAM J. Matrix Anal.
    /// Appl. 19, 1998), for a matrix of any shape: min ‖b − Ax‖ by AᵀA d = Aᵀr, with Aᵀr in f64 in each refinement.
    Cgls,
    /// LSQR (Paige and Saunders 1982), for least squares too: the same iterates in exact arithmetic, more accurate ones where A is
    /// ill-conditioned, for half as much again in traffic.
    Lsqr,
    /// Richardson's iteration x ← x + M⁻¹r: the preconditioner, such as a cycle of multigrid, as a solver by itself. It converges
    /// where I − M⁻¹A is smaller than 1.
    Richardson,
    /// What the measured properties of the matrix ask for.
    Auto,
}

/// The most steps of a cycle: each is recorded.
pub(crate) const MOST_STEPS: u32 = 200;
/// Steps of a cycle, if not given.
const RESTART: u32 = 30;
/// Directions of a window, if not given.
const WINDOW: u32 = 2;

impl Method {
    /// The loop on the device.
    ///
    /// # Errors
    /// Limits and memory of the device.
    pub fn record<T: Real>(
        self,
        gpu: &Gpu,
        operator: &dyn DeviceOperator<T>,
        preconditioner: &DevicePreconditioner<T>,
        columns: usize,
        options: LoopOptions,
    ) -> Result<Loop<T>, GpuError> {
        match self {
            // For least squares the operator is AᵀA.
            Self::Cg | Self::Cgls | Self::Auto => Loop::new(gpu, operator, preconditioner, columns, options),
            Self::BlockCg => block_cg(gpu, operator, preconditioner, columns, options),
            Self::Directions { window } => {
                directions(gpu, operator, preconditioner, columns, options, window)
            }
            Self::Lsqr => lsqr(gpu, operator, preconditioner, columns, options),
            Self::Minres => minres(gpu, operator, preconditioner, columns, options),
            Self::Richardson => richardson(gpu, operator, preconditioner, columns, options),
            Self::Bicgstab => bicgstab(gpu, operator, preconditioner, columns, options),
            Self::Gmres { restart } => gmres(gpu, operator, preconditioner, columns, options, restart, false),
            Self::Fgmres { restart } => gmres(gpu, operator, preconditioner, columns, options, restart, true),
        }
    }

    /// Whether the method can live with a defect of the matrix.
    pub(crate) fn bears(self, defect: Defect) -> bool {
        match defect {
            Defect::NonFinite => false,
            Defect::Asymmetric => !matches!(self, Self::Minres | Self::Auto) && !self.has_directions(),
            Defect::NegativeMinor => self != Self::Auto && !self.has_directions(),
        }
    }

    /// What the properties of a matrix ask for, and why.
    pub(crate) fn choose(
        a: &dyn Operator,
        preconditioner: Preconditioner,
        most_bytes: u64,
    ) -> (Self, &'static str) {
        // The basis of GMRES has to fit into one binding.
        let basis = 8 * u64::from(RESTART + 1) * a.dimension() as u64;
        if a.columns() != a.dimension() {
            return (Self::Cgls, "as the matrix is not square");
        }
        match a.defect() {
            Some(Defect::Asymmetric) if basis <= most_bytes => {
                (Self::Gmres { restart: RESTART }, "as the matrix is not symmetric")
            }
            Some(Defect::Asymmetric) => {
                (Self::Bicgstab, "as the matrix is not symmetric, and too large for the basis of gmres")
            }
            Some(Defect::NegativeMinor) => {
                (Self::Minres, "as the matrix is symmetric, but a minor of it is negative")
            }
            Some(Defect::NonFinite) | None if preconditioner == Preconditioner::Network => {
                (Self::Directions { window: WINDOW }, "as a network may give any direction")
            }
            Some(Defect::NonFinite) | None => {
                (Self::Cg, "as the matrix is symmetric and its diagonal is not negative")
            }
        }
    }

    /// Whether its preconditioner has to be symmetric positive definite.
    pub(crate) fn needs_symmetric_preconditioner(self) -> bool {
        self == Self::Minres
    }

    /// Whether it solves least squares, by AᵀA.
    pub(crate) fn is_least_squares(self) -> bool {
        matches!(self, Self::Cgls | Self::Lsqr)
    }

    /// Whether it goes along directions, as conjugate gradients do: for definite matrices alone.
    pub(crate) fn has_directions(self) -> bool {
        matches!(self, Self::Cg | Self::BlockCg | Self::Directions { .. })
    }

    /// What reports call it.
    pub fn title(self) -> String {
        match self {
            Self::Cg => "conjugate gradients".to_owned(),
            Self::BlockCg => "block conjugate gradients".to_owned(),
            Self::Cgls => "conjugate gradients for least squares".to_owned(),
            Self::Lsqr => "LSQR, least squares by bidiagonalisation".to_owned(),
            Self::Richardson => "Richardson's iteration".to_owned(),
            Self::Auto => "automatic".to_owned(),
            Self::Directions { window } => format!("conjugate directions, window {window}"),
            Self::Minres => "minimum residuals".to_owned(),
            Self::Bicgstab => "stabilised bi-conjugate gradients".to_owned(),
            Self::Gmres { restart } => format!("generalised minimal residuals, restarted after {restart}"),
            Self::Fgmres { restart } => {
                format!("flexible generalised minimal residuals, restarted after {restart}")
            }
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cg => f.write_str("cg"),
            Self::BlockCg => f.write_str("block-cg"),
            Self::Cgls => f.write_str("cgls"),
            Self::Lsqr => f.write_str("lsqr"),
            Self::Richardson => f.write_str("richardson"),
            Self::Auto => f.write_str("auto"),
            Self::Directions { window } => write!(f, "directions:{window}"),
            Self::Minres => f.write_str("minres"),
            Self::Bicgstab => f.write_str("bicgstab"),
            Self::Gmres { restart } => write!(f, "gmres:{restart}"),
            Self::Fgmres { restart } => write!(f, "fgmres:{restart}"),
        }
    }
}

impl std::str::FromStr for Method {
    type Err = String;

    /// `cg`, `block-cg`, `directions[:k]` with a window of k (2 if not given, as published), `minres`, `bicgstab`, `gmres[:m]` or `fgmres[:m]`, with
    /// cycles of m steps (30 if not given), `cgls`, `lsqr`, `richardson` or `auto`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => match number.parse::<u32>() {
                Ok(restart @ 1..=MOST_STEPS) => (name, Some(restart)),
                _ if name == "directions" => {
                    return Err(format!("`{number}` in `{text}` is not a number from 1 to {MOST_WINDOW}"));
                }
                _ => {
                    return Err(format!("`{number}` in `{text}` is not a number from 1 to {MOST_STEPS}"));
                }
            },
            None => (text, None),
        };
        let restart = number.unwrap_or(RESTART);
        let window = number.unwrap_or(WINDOW);
        match (name, number) {
            ("cg", None) => Ok(Self::Cg),
            ("block-cg", None) => Ok(Self::BlockCg),
            ("directions", _) if window <= MOST_WINDOW => Ok(Self::Directions { window }),
            ("directions", _) => Err(format!("a window of {window} is larger than {MOST_WINDOW}")),
            ("minres", None) => Ok(Self::Minres),
            ("cgls", None) => Ok(Self::Cgls),
            ("lsqr", None) => Ok(Self::Lsqr),
            ("richardson", None) => Ok(Self::Richardson),
            ("auto", None) => Ok(Self::Auto),
            ("bicgstab", None) => Ok(Self::Bicgstab),
            ("gmres", _) => Ok(Self::Gmres { restart }),
            ("fgmres", _) => Ok(Self::Fgmres { restart }),
            _ => Err(format!(
                "`{text}` is none of auto, cg, block-cg, directions[:1-{MOST_WINDOW}], minres, bicgstab, gmres[:1-{MOST_STEPS}], fgmres[:1-{MOST_STEPS}], cgls, lsqr, richardson"
            )),
        }
    }
}
