//! Running cargo and what it builds.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace that cargo runs this in, which need not be the one that it was built in.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).join("../..")
}

/// Cargo in the root of the workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Builds the program `ansatz` and gives its path.
pub fn build_program(release: bool) -> io::Result<PathBuf> {
    let profile = if release { "release" } else { "dev" };
    succeed(&mut cargo(&["build", "--package", "ansatz-cli", "--profile", profile]))?;
    Ok(program(release))
}

/// The path of the program `ansatz` once it is built: by [`build_program`], or with the tests.
pub fn program(release: bool) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir));
    let folder = if release { "release" } else { "debug" };
    target.join(folder).join(format!("ansatz{}", std::env::consts::EXE_SUFFIX))
}

/// Runs a command and takes anything but success for an error.
pub fn succeed(command: &mut Command) -> io::Result<()> {
    let status =
        command.status().map_err(|error| io::Error::new(error.kind(), format!("{command:?}: {error}")))?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}
