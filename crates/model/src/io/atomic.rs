//! Whole files or none.

use super::WriteError;
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

/// Writes a file under a temporary name in the same folder and renames it at the end, so that `path` holds either what
/// it held before or all that `write` wrote, also after a crash or a full disk.
///
/// A symbolic link is followed, an existing file keeps its permissions, a new one gets the usual ones (those that
/// `File::create` gives). A device or a pipe, such as `/dev/stdout`, is written directly.
pub fn write_whole<F>(path: &Path, write: F) -> Result<(), WriteError>
where
    F: FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
{
    let refused = |source| WriteError::Io { file: path.display().to_string(), source };
    let existing = fs::metadata(path).ok();
    if let Some(kind) = existing.as_ref().map(fs::Metadata::file_type) {
        if kind.is_dir() {
            return Err(WriteError::unsuitable(path, "this is a folder", "the name of a file"));
        }
        if !kind.is_file() {
            return File::options()
                .write(true)
                .open(path)
                .and_then(|file| fill(&file, write))
                .map_err(refused);
        }
    }

    let target = if existing.is_some() { fs::canonicalize(path).map_err(refused)? } else { path.to_owned() };
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(WriteError::NoFolder {
            file: path.display().to_string(),
            folder: folder.display().to_string(),
        });
    }
    replace(&target, folder, existing.map(|found| found.permissions()), write).map_err(refused)
}

fn replace<F>(target: &Path, folder: &Path, permissions: Option<fs::Permissions>, write: F) -> io::Result<()>
where
    F: FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
{
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ansatz-").suffix(".tmp");
    // A temporary file is private by default; the umask turns this into what `File::create` would give.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(folder)?;
    fill(temporary.as_file(), write)?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(target)?;
    Ok(())
}

fn fill<F>(file: &File, write: F) -> io::Result<()>
where
    F: FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
{
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    write(&mut writer)?;
    writer.flush()
}
