//! `cargo xtask test`: what needs no device once, the rest once per device.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::cargo::{cargo, program, root, succeed};
use crate::devices::{self, Device};

/// The folders of the tests that run on a device.
const ON_A_DEVICE: [&str; 2] = ["tests/tests", "crates/cli/tests"];

/// Runs all tests; whether all passed.
pub fn run(device: Option<&str>) -> io::Result<bool> {
    // One build of everything, so that no run below builds anything in other features.
    succeed(&mut cargo(&["test", "--workspace", "--no-run"]))?;
    let program = program(false);
    let devices = match device {
        Some(name) => {
            vec![Device { name: name.to_owned(), environment: vec![("ANSATZ_DEVICE", name.to_owned())] }]
        }
        None => devices::all(&program)?,
    };

    let mut results = Vec::new();
    let mut measure = |name: &str, command: &mut Command| -> io::Result<()> {
        println!("\n== {name}");
        let start = Instant::now();
        let passed = command.status()?.success();
        results.push((name.to_owned(), passed, start.elapsed().as_secs_f64()));
        Ok(())
    };
    let on_a_device = targets(&ON_A_DEVICE.map(|folder| root().join(folder)))?;
    let host_only: Vec<String> =
        all_targets()?.into_iter().filter(|target| !on_a_device.contains(target)).collect();
    let host = [("ANSATZ_DEVICE", "cpu")];
    measure(
        "host only",
        select(cargo(&["test", "--workspace", "--lib", "--bins", "--no-fail-fast"]), &host_only).envs(host),
    )?;
    measure("examples in the documentation", cargo(&["test", "--workspace", "--doc"]).envs(host))?;
    for device in devices {
        let mut command = select(cargo(&["test", "--workspace", "--no-fail-fast"]), &on_a_device);
        measure(&device.name, command.envs(device.environment))?;
    }

    println!("\n== summary");
    for (name, passed, seconds) in &results {
        println!("{:<6}  {seconds:>6.1} s  {name}", if *passed { "passed" } else { "FAILED" });
    }
    Ok(results.iter().all(|(_, passed, _)| *passed))
}

fn select(mut command: Command, targets: &[String]) -> Command {
    targets.iter().for_each(|target| {
        command.args(["--test", target]);
    });
    command
}

/// The names of the integration tests in `folders`.
fn targets(folders: &[PathBuf]) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for entry in folder.read_dir()? {
            let path = entry?.path();
            if let (Some("rs"), Some(stem)) = (path.extension().and_then(|e| e.to_str()), path.file_stem()) {
                names.push(stem.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// The names of all integration tests of the workspace.
fn all_targets() -> io::Result<Vec<String>> {
    let root = root();
    let mut folders = vec![root.join("tests/tests"), root.join("shaders/tests")];
    for package in Path::read_dir(&root.join("crates"))? {
        folders.push(package?.path().join("tests"));
    }
    targets(&folders)
}
