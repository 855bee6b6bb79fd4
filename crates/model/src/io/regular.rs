//! Files that have an end.

use std::fs::{self, File};
use std::path::Path;

use super::ReadError;

/// Opens a file. A pipe, which to open would wait for a writer, a device or a folder is refused by its name.
pub fn open(path: &Path, name: &str) -> Result<File, ReadError> {
    let unreadable = |source| ReadError::from_io(name, source);
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ReadError::BadData {
            file: name.to_owned(),
            line: None,
            problem: "this is no regular file".to_owned(),
            expected: "a file, not a folder, a pipe or a device".to_owned(),
            remedy: "name a file, or save what comes through the pipe".to_owned(),
        });
    }
    File::open(path).map_err(unreadable)
}
