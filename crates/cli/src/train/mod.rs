//! `ansatz train`.

mod common;
mod dcdm;
mod meter;
mod stencils;

use clap::Subcommand;

use crate::exit::{Exit, Failure};

/// Trains what solvers learn.
#[derive(Debug, Subcommand)]
pub enum Train {
    Dcdm(dcdm::Dcdm),
    Stencils(stencils::Stencils),
}

impl Train {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Dcdm(dcdm) => dcdm.run(),
            Self::Stencils(stencils) => stencils.run(),
        }
    }
}
