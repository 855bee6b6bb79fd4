//! Exit codes, and what leads to them.

use std::process::ExitCode;

use ansatz::Error;
use ansatz::gpu::GpuError;
use ansatz::io::{ErrorKind, WriteError};
use ansatz::krylov::KrylovError;
use ansatz::pde::PdeError;
use ansatz::problem::ProblemError;
use ansatz::random_features::snnk::SnnkError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Converged and verified; or there was nothing to converge.
    Success = 0,
    /// Not converged, or a check that failed: said honestly.
    NotConverged = 2,
    /// No adapter, or the device failed.
    Device = 3,
    /// Wrong usage.
    Usage = 64,
    /// Input that is not what it should be.
    BadData = 65,
    /// Input that is not there.
    NotFound = 66,
    /// A mistake of this program.
    Internal = 70,
    /// A result that could not be written.
    Unwritten = 74,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error on its way to the user.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong and what to do, in one line.
    pub message: String,
}

impl Failure {
    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// Bad input data.
    pub fn data(message: impl Into<String>) -> Self {
        Self { exit: Exit::BadData, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Read(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::Io => Exit::NotFound,
                ErrorKind::BadData => Exit::BadData,
            },
            Error::Write(_) => Exit::Unwritten,
            Error::Krylov(KrylovError::Setting { .. }) => Exit::Usage,
            error if error.is_device() => Exit::Device,
            Error::Gpu(_) | Error::Krylov(KrylovError::Gpu(_)) | Error::Snnk(SnnkError::Gpu(_)) => {
                Exit::Internal
            }
            Error::Snnk(_) => Exit::Usage,
            _ => Exit::BadData,
        };
        Self { exit, message: error.to_string() }
    }
}

impl From<GpuError> for Failure {
    fn from(error: GpuError) -> Self {
        Error::from(error).into()
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Error::from(error).into()
    }
}

impl From<ProblemError> for Failure {
    fn from(error: ProblemError) -> Self {
        Self::data(error.to_string())
    }
}

impl From<PdeError> for Failure {
    fn from(error: PdeError) -> Self {
        match error {
            PdeError::Gpu(error) => error.into(),
            PdeError::Read(error) => Error::from(error).into(),
            PdeError::Write(error) => error.into(),
            PdeError::Setting { .. } | PdeError::Features(_) => Self::usage(error.to_string()),
            error => Self::data(error.to_string()),
        }
    }
}
