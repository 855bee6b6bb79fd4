//! `ansatz train`.

mod dcdm;
mod meter;

use clap::Subcommand;

use crate::exit::{Exit, Failure};

/// Trains what solvers learn.
#[derive(Debug, Subcommand)]
pub enum Train {
    Dcdm(dcdm::Dcdm),
}

impl Train {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        match self {
            Self::Dcdm(dcdm) => dcdm.run(),
        }
    }
}
