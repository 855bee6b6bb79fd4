//! Files in the order of time (`.pvd`), which ParaView plays as an animation.

use super::{
    super::{WriteError, atomic::write_whole},
    escape,
};
use std::{io::Write, path::Path};

/// Writes a list of times and the files that hold the fields at them, named relative to the folder of `path`.
///
/// # Errors
/// A time that is not finite, or what the file system says.
pub fn write_series(path: &Path, steps: &[(f64, String)]) -> Result<(), WriteError> {
    if let Some((time, file)) = steps.iter().find(|(time, _)| !time.is_finite()) {
        return Err(WriteError::unsuitable(
            path,
            format!("{file} belongs to the time {time}"),
            "a finite time",
        ));
    }
    write_whole(path, |out| {
        writeln!(
            out,
            "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\">\n  <Collection>"
        )?;
        for (time, file) in steps {
            writeln!(out, r#"    <DataSet timestep="{time}" file="{}"/>"#, escape(file))?;
        }
        out.write_all(b"  </Collection>\n</VTKFile>\n")
    })
}
