//! `cargo xtask demo`.

use std::io;
use std::process::Command;

use crate::cargo::{build_program, root};
use crate::devices;

/// Builds the program, makes sure of an adapter and runs the demo; whether it converged.
pub fn run(release: bool) -> io::Result<bool> {
    let program = build_program(release)?;
    devices::make_sure(&program)?;
    let mut demo = Command::new(program);
    demo.args(["demo", "demo-output"]).current_dir(root());
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // Mesa takes this for an error, and says so in the middle of the report.
        demo.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    Ok(demo.status()?.success())
}
