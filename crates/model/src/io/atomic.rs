//! Whole files or none.

use super::WriteError;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};
use tempfile::NamedTempFile;

/// What temporary files are called, before and after some letters.
const NAME: [&str; 2] = [".ansatz-", ".tmp"];

/// Folders in which this process has looked for what others left behind.
static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Writes a file under a temporary name in the same folder and renames it at the end, so that `path` holds either what
/// it held before or all that `write` wrote, also after a crash or a full disk.
///
/// A symbolic link is followed, an existing file keeps its permissions, a new one gets the usual ones (those that
/// `File::create` gives). A device or a pipe, such as `/dev/stdout`, is written directly.
///
/// A process that is killed while it writes leaves its temporary file behind. The next one that writes into the folder removes it: a
/// file that somebody still writes is locked.
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
    sweep(folder);
    let temporary = temporary(folder)?;
    fill(temporary.as_file(), write)?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(target)?;
    Ok(())
}

/// A new file, locked as long as it is open, where the file system can do that.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    /// So many files that are swept away before they are locked are no accident.
    const ATTEMPTS: usize = 16;
    let mut builder = tempfile::Builder::new();
    builder.prefix(NAME[0]).suffix(NAME[1]);
    // A temporary file is private by default; the umask turns this into what `File::create` would give.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    for _ in 1..ATTEMPTS {
        let temporary = builder.tempfile_in(folder)?;
        if temporary.as_file().lock().is_err() || temporary.path().exists() {
            return Ok(temporary);
        }
    }
    builder.tempfile_in(folder)
}

/// Removes temporary files of processes that are no more. Nothing depends on its success.
fn sweep(folder: &Path) {
    let is_first =
        fs::canonicalize(folder).is_ok_and(|folder| SWEPT.lock().is_ok_and(|mut swept| swept.insert(folder)));
    let Some(entries) = fs::read_dir(folder).ok().filter(|_| is_first) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(NAME[0]) && name.ends_with(NAME[1]));
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::options().write(true).open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            // It is still locked now: whoever created it and waits for the lock will see that it is gone.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn fill<F>(file: &File, write: F) -> io::Result<()>
where
    F: FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
{
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    write(&mut writer)?;
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_processes_left_behind_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [".ansatz-a1.tmp", ".ansatz-b2.tmp", ".ansatz-c3.txt", "d4.tmp"] {
            fs::write(path(name), "left").unwrap();
        }
        let written_by_another = File::open(path(".ansatz-b2.tmp")).unwrap();
        written_by_another.lock().unwrap();
        write_whole(&path("x.txt"), |file| file.write_all(b"x")).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".ansatz-b2.tmp", ".ansatz-c3.txt", "d4.tmp", "x.txt"]);
    }

    #[test]
    fn many_at_once_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for worker in 0..8 {
                let folder = &folder;
                scope.spawn(move || {
                    for number in 0..20 {
                        SWEPT.lock().unwrap().clear();
                        let path = folder.path().join(format!("{worker}-{number}"));
                        write_whole(&path, |file| file.write_all(b"whole")).unwrap();
                        assert_eq!(fs::read(&path).unwrap(), b"whole");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 160);
    }
}
