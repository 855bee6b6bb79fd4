//! What can go wrong with a file.

use std::{fmt::Write, io, path::Path};

/// The class of a [`ReadError`], from which a program picks its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such file.
    NotFound,
    /// The file was read, but its content is wrong.
    BadData,
    /// The operating system refused to open or read the file.
    Io,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("{file}: no such file; expected an existing file — check the path")]
    NotFound {
        /// The file as it was named by the caller.
        file: String,
    },
    /// The operating system refused to open or read the file.
    #[error(
        "{file}: cannot be read: {source}; expected a readable file — check that it is one, and its permissions"
    )]
    Io {
        /// The file as it was named by the caller.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The content of the file is wrong.
    #[error("{file}{}: {problem}; expected {expected} — {remedy}", at(*.line))]
    BadData {
        /// The file as it was named by the caller.
        file: String,
        /// The line, counted from 1, where the format has lines.
        line: Option<u64>,
        /// What is wrong, with the offending value.
        problem: String,
        /// What should stand there.
        expected: String,
        /// What to do about it.
        remedy: String,
    },
}

impl ReadError {
    /// The class of this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Io { .. } => ErrorKind::Io,
            Self::BadData { .. } => ErrorKind::BadData,
        }
    }

    pub(crate) fn from_io(file: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { file: file.into() },
            _ => Self::Io { file: file.into(), source },
        }
    }
}

/// Why a file could not be written. The file named by the caller is then as it was before.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder that should hold the file does not exist.
    #[error("{file}: the folder {folder} does not exist; expected an existing folder — create it first")]
    NoFolder {
        /// The file as it was named by the caller.
        file: String,
        /// The missing folder.
        folder: String,
    },
    /// The operating system refused to write.
    #[error(
        "{file}: cannot be written: {source}; check the permissions of the folder and the space left on the disk"
    )]
    Io {
        /// The file as it was named by the caller.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The data cannot be expressed in this format.
    #[error("{file}: {problem}; expected {expected}")]
    Unsuitable {
        /// The file as it was named by the caller.
        file: String,
        /// What is wrong with the data.
        problem: String,
        /// What the format needs.
        expected: String,
    },
}

impl WriteError {
    pub(crate) fn unsuitable(path: &Path, problem: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Unsuitable {
            file: path.display().to_string(),
            problem: problem.into(),
            expected: expected.into(),
        }
    }
}

fn at(line: Option<u64>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}

/// A piece of a file made fit for a message: quoted, without control characters, and short.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut out = String::from("`");
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if c.is_control() {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}
