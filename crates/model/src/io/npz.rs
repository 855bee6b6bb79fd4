//! NumPy's `.npz`: named arrays in a zip archive.

use super::regular;
use super::{
    NdArray, ReadError, WriteError,
    atomic::write_whole,
    error::shown,
    npy::{self, Array, bad, npy_error},
};
use ndarray_npy::{NpzWriter, WriteNpzError};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::Path,
};
use zip::{ZipArchive, result::ZipError};

/// The most bytes that a compressed array may unpack to: a small file can announce, and hold, a thousand times its size.
const LARGEST: u64 = 1 << 30;

/// An archive whose arrays are read one by one.
pub struct Archive<R> {
    name: String,
    zip: ZipArchive<R>,
}

impl Archive<BufReader<File>> {
    /// Opens an `.npz` file, compressed or not.
    ///
    /// # Errors
    /// No such file, a file that is no zip archive, or what the file system says.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let file = regular::open(path, &name)?;
        Self::new(BufReader::with_capacity(1 << 16, file), &name)
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Opens the content of an `.npz` file; `name` stands for it in errors.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn new(reader: R, name: &str) -> Result<Self, ReadError> {
        match ZipArchive::new(reader) {
            Ok(zip) => Ok(Self { name: name.into(), zip }),
            Err(error) => Err(refused(name, error)),
        }
    }

    /// The names of the arrays, without `.npy`, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.zip.file_names().filter_map(|member| member.strip_suffix(".npy")).collect();
        names.sort_unstable();
        names
    }

    /// Reads an array by its name.
    ///
    /// # Errors
    /// No array of this name (those that there are will be named), or a damaged one.
    pub fn array(&mut self, array: &str) -> Result<NdArray, ReadError> {
        let member = format!("{array}.npy");
        let Some(index) = self.zip.index_for_name(&member) else {
            let found: Vec<String> = self.names().into_iter().take(8).map(shown).collect();
            let found = if found.is_empty() { "no arrays".into() } else { found.join(", ") };
            return Err(bad(
                &self.name,
                format!("the archive has no array {}", shown(array)),
                &format!("one of its arrays: {found}"),
                "name one of them, or save the missing one with numpy.savez",
            ));
        };
        let name = format!("{}/{member}", self.name);
        let file = self.zip.by_index(index).map_err(|error| refused(&name, error))?;
        if file.size() > LARGEST && file.compressed_size() < file.size() {
            return Err(bad(
                &name,
                format!("the array unpacks to {} bytes", file.size()),
                &format!("at most {LARGEST} bytes in a compressed archive"),
                "save it uncompressed with numpy.savez",
            ));
        }
        // What the archive says of the size is not to be trusted. A damaged stream shows itself while it is read.
        let most = file.compressed_size().max(LARGEST);
        npy::parse_array(file.take(most), &name).map_err(|error| match error {
            ReadError::Io { source, .. } if is_damage(&source) => damaged(&name, &source.to_string()),
            other => other,
        })
    }
}

/// Writes several named arrays, uncompressed.
///
/// # Errors
/// An array whose shape does not go with its values, or what the file system says.
pub fn write(path: &Path, arrays: &[(&str, Array<'_>)]) -> Result<(), WriteError> {
    for (_, array) in arrays {
        array.check(path)?;
    }
    write_whole(path, |writer| {
        let mut archive = NpzWriter::new(writer);
        for (name, array) in arrays {
            archive.add_array(*name, array).map_err(npz_error)?;
        }
        archive.finish().map_err(npz_error)?;
        Ok(())
    })
}

fn refused(name: &str, error: ZipError) -> ReadError {
    match error {
        ZipError::Io(source) if !is_damage(&source) => ReadError::from_io(name, source),
        ZipError::UnsupportedArchive(what) => bad(
            name,
            what,
            "members that are stored or deflated, without a password",
            "save it with numpy.savez or numpy.savez_compressed",
        ),
        other => damaged(name, &other.to_string()),
    }
}

fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other
    )
}

fn damaged(name: &str, problem: &str) -> ReadError {
    bad(name, problem, "a whole .npz file", "the file is damaged or was cut short: copy or write it again")
}

fn npz_error(error: WriteNpzError) -> io::Error {
    match error {
        WriteNpzError::Npy(error) => npy_error(error),
        other => io::Error::other(other),
    }
}
