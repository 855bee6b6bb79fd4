//! `ansatz devices`.

use ansatz::gpu;
use clap::Args;

use crate::exit::{Exit, Failure};
use crate::output;

/// Lists the devices of this machine, the CPU executor last.
#[derive(Debug, Args)]
pub struct Devices {}

impl Devices {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        let mut text = String::new();
        for (index, device) in gpu::list().iter().enumerate() {
            text += &format!("{index}  {device}\n");
        }
        output::print(&text)?;
        Ok(Exit::Success)
    }
}
