//! `cargo xtask demo`.

use std::io;
use std::process::Command;

use crate::cargo::{build_program, root};
use crate::devices;

/// Builds the program, makes sure of an adapter and runs the demo; whether it converged.
pub fn run(release: bool) -> io::Result<bool> {
    let program = build_program(release)?;
    devices::make_sure(&program)?;
    let status = Command::new(program).args(["demo", "demo-output"]).current_dir(root()).status()?;
    Ok(status.success())
}
