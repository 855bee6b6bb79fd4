//! Which Krylov method solves a system.

use std::fmt;

use ansatz_gpu::{Gpu, GpuError, Real};

use crate::cg::{Loop, LoopOptions};
use crate::device::DeviceOperator;
use crate::minres::minres;
use crate::operator::Defect;
use crate::precondition::DevicePreconditioner;

/// A Krylov method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// Conjugate gradients (Hestenes and Stiefel 1952), for symmetric positive (semi)definite matrices.
    #[default]
    Cg,
    /// The minimum residual method (Paige and Saunders 1975), for symmetric matrices, definite or not.
    Minres,
}

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
            Self::Cg => Loop::new(gpu, operator, preconditioner, columns, options),
            Self::Minres => minres(gpu, operator, preconditioner, columns, options),
        }
    }

    /// Whether the method can live with a defect of the matrix.
    pub(crate) fn bears(self, defect: Defect) -> bool {
        match defect {
            Defect::NonFinite => false,
            Defect::Asymmetric => !matches!(self, Self::Cg | Self::Minres),
            Defect::NegativeMinor => self != Self::Cg,
        }
    }

    /// What reports call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cg => "conjugate gradients",
            Self::Minres => "minimum residuals",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cg => f.write_str("cg"),
            Self::Minres => f.write_str("minres"),
        }
    }
}

impl std::str::FromStr for Method {
    type Err = String;

    /// `cg` or `minres`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cg" => Ok(Self::Cg),
            "minres" => Ok(Self::Minres),
            _ => Err(format!("`{text}` is none of cg, minres")),
        }
    }
}
