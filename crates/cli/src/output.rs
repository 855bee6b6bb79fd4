//! Where results go: checked before the work starts, and written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use ansatz::io::WriteError;
use ansatz::io::atomic::write_whole;
use serde::Serialize;

use crate::exit::{Exit, Failure};

/// The name that stands for standard output.
const STDOUT: &str = "-";

/// Whether `path` stands for standard output.
pub fn is_stdout(path: Option<&Path>) -> bool {
    path == Some(Path::new(STDOUT))
}

/// Writes a line to standard error, come what may.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes to standard output. A reader that has seen enough is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure {
            exit: Exit::Unwritten,
            message: format!("standard output cannot be written: {error}"),
        }),
        _ => Ok(()),
    }
}

/// Tells what was found and which files were written: on standard output, unless that is taken by the JSON.
pub fn tell(text: &str, written: &[String], json: Option<&Path>) -> Result<(), Failure> {
    let files: Vec<&str> = written.iter().map(String::as_str).filter(|name| *name != STDOUT).collect();
    let files = if files.is_empty() { String::new() } else { format!("wrote        {}\n", files.join(", ")) };
    let text = format!("{text}{files}");
    if is_stdout(json) {
        note(text.trim_end());
        return Ok(());
    }
    print(&text)
}

/// Writes JSON to a file, or to standard output for `-`. What is not finite becomes null.
pub fn json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure { exit: Exit::Internal, message: error.to_string() })?;
    text.push('\n');
    if is_stdout(Some(path)) {
        return print(&text);
    }
    Ok(write_whole(path, |out| out.write_all(text.as_bytes()))?)
}

/// Checks that no output overwrites another one, or an input; each has the name of its option.
pub fn check_distinct(
    inputs: &[(&str, Option<&Path>)],
    outputs: &[(&str, Option<&Path>)],
) -> Result<(), Failure> {
    // A file that does not exist yet has no canonical path, but its folder has.
    let identity = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let exact = path.canonicalize().ok();
        exact.or_else(|| Some(folder.canonicalize().ok()?.join(path.file_name()?)))
    };
    let mut taken: Vec<_> =
        inputs.iter().filter_map(|&(name, path)| Some((name, identity(path?)?))).collect();
    for &(name, path) in outputs {
        let Some(path) = path.filter(|path| !is_stdout(Some(path))) else { continue };
        // Devices and pipes take what they are given.
        let Some(found) = identity(path).filter(|_| path.metadata().map_or(true, |data| data.is_file()))
        else {
            continue;
        };
        if let Some((other, _)) = taken.iter().find(|(_, path)| *path == found) {
            let path = path.display();
            return Err(Failure::usage(format!("{name} {path} would overwrite {other}; name another file")));
        }
        taken.push((name, found));
    }
    Ok(())
}

/// Checks that the file of a checkpoint, unless training is resumed from it, is not there already: it might hold a longer training.
pub fn check_new(checkpoint: Option<&Path>, resume: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = checkpoint.filter(|path| resume != Some(*path) && path.is_file()) else { return Ok(()) };
    let path = path.display();
    Err(Failure::usage(format!(
        "--checkpoint {path}: this file is there already; --resume {path} goes on from it, and to begin anew name another file or remove it"
    )))
}

/// Checks the file that a report is to go to.
pub fn check_json(path: Option<&Path>) -> Result<(), Failure> {
    path.filter(|path| !is_stdout(Some(path))).map_or(Ok(()), |path| check("--json", path, &[]))
}

/// Checks that `path` can be written and ends in one of `extensions` (any if there is none), so that no solve is lost
/// to a misspelt folder.
pub fn check(option: &str, path: &Path, extensions: &[&str]) -> Result<(), Failure> {
    let name = path.display();
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    if !extensions.is_empty() && !extension.is_some_and(|found| extensions.contains(&found.as_str())) {
        return Err(Failure::usage(format!(
            "{option} {name}: expected a name that ends in .{}",
            extensions.join(" or .")
        )));
    }
    match path.metadata() {
        Ok(found) if found.is_dir() => {
            return Err(Failure::usage(format!("{option} {name}: this is a folder; name a file")));
        }
        // A device or a pipe is written in place.
        Ok(found) if !found.is_file() => return Ok(()),
        _ => {}
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let error = WriteError::NoFolder { file: name.to_string(), folder: folder.display().to_string() };
        return Err(Failure::usage(format!("{option} {error}")));
    }
    match tempfile::tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(source) => {
            Err(Failure::usage(format!("{option} {}", WriteError::Io { file: name.to_string(), source })))
        }
    }
}
