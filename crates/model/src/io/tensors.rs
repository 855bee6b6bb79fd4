//! Named arrays beside a text, in a safetensors file that knows whether it is whole.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use super::atomic::write_whole;
use super::{ReadError, WriteError, regular};

/// The keys of the header.
const HEADER: &str = "ansatz";
const CHECKSUM: &str = "crc32";

/// The text, which is JSON, and the arrays.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TensorFile {
    pub header: String,
    pub tensors: Vec<Tensor>,
}

/// A named array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub numbers: Numbers,
}

/// The numbers of an array, the last index fastest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Tensor {
    /// A row of numbers.
    pub fn row(name: impl Into<String>, numbers: Numbers) -> Self {
        Self { name: name.into(), shape: vec![numbers.len()], numbers }
    }
}

impl Numbers {
    pub fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F64(numbers) => numbers.len(),
        }
    }

    /// In f64.
    pub fn widened(&self) -> Vec<f64> {
        match self {
            Self::F32(numbers) => numbers.iter().copied().map(f64::from).collect(),
            Self::F64(numbers) => numbers.clone(),
        }
    }

    fn bytes(&self) -> (Dtype, Vec<u8>) {
        match self {
            Self::F32(numbers) => {
                (Dtype::F32, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
            }
            Self::F64(numbers) => {
                (Dtype::F64, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
            }
        }
    }
}

impl TensorFile {
    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let unsuitable =
            |error: String| WriteError::unsuitable(path, error, "numbers that safetensors can hold");
        let arrays: Vec<_> = self.tensors.iter().map(|tensor| (tensor, tensor.numbers.bytes())).collect();
        let named = arrays.iter().map(|(tensor, (_, bytes))| (tensor.name.as_str(), bytes.as_slice()));
        let checksum = checksum(&self.header, named);
        let metadata = HashMap::from([
            (HEADER.to_owned(), self.header.clone()),
            (CHECKSUM.to_owned(), format!("{checksum:08x}")),
        ]);
        let views = arrays.iter().map(|(tensor, (dtype, bytes))| {
            Ok((tensor.name.as_str(), TensorView::new(*dtype, tensor.shape.clone(), bytes)?))
        });
        let bytes = views
            .collect::<Result<Vec<_>, _>>()
            .and_then(|views| serialize(views, Some(metadata)))
            .map_err(|error| unsuitable(error.to_string()))?;
        write_whole(path, |file| file.write_all(&bytes))
    }

    /// Reads it back, bit for bit, and what `parse` makes of it.
    ///
    /// # Errors
    /// A file that is not there, is another program's or damaged, or of which `parse` says so; `expected` is what it should be.
    pub fn read<R>(
        path: &Path,
        expected: &'static str,
        parse: impl FnOnce(&Self) -> Result<R, String>,
    ) -> Result<R, ReadError> {
        let file = path.display().to_string();
        let mut bytes = Vec::new();
        regular::open(path, &file)?
            .read_to_end(&mut bytes)
            .map_err(|source| ReadError::from_io(&file, source))?;
        Self::parse(&bytes).and_then(|found| parse(&found)).map_err(|problem| bad(&file, problem, expected))
    }

    /// What the bytes of a file hold.
    ///
    /// # Errors
    /// As [`TensorFile::read`].
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let entry = |key: &str| metadata.metadata().as_ref().and_then(|entries| entries.get(key));
        let (Some(header), Some(sum)) = (entry(HEADER), entry(CHECKSUM)) else {
            return Err("this is a safetensors file of another program".to_owned());
        };
        let arrays = tensors.tensors();
        let found = checksum(header, arrays.iter().map(|(name, view)| (name.as_str(), view.data())));
        if *sum != format!("{found:08x}") {
            return Err(damaged(format!("its checksum is {found:08x}, not {sum}")));
        }
        let tensors = arrays.into_iter().map(|(name, view)| {
            let numbers = match view.dtype() {
                Dtype::F32 => {
                    Numbers::F32(view.data().as_chunks().0.iter().copied().map(f32::from_le_bytes).collect())
                }
                Dtype::F64 => {
                    Numbers::F64(view.data().as_chunks().0.iter().copied().map(f64::from_le_bytes).collect())
                }
                other => {
                    return Err(damaged(format!("`{name}` holds {other:?}, which is neither F32 nor F64")));
                }
            };
            Ok(Tensor { name, shape: view.shape().to_vec(), numbers })
        });
        Ok(Self { header: header.clone(), tensors: tensors.collect::<Result<_, String>>()? })
    }

    /// An array by its name.
    ///
    /// # Errors
    /// That it is missing.
    pub fn tensor(&self, name: &str) -> Result<&Tensor, String> {
        let found = self.tensors.iter().find(|tensor| tensor.name == name);
        found.ok_or_else(|| damaged(format!("`{name}` is missing")))
    }
}

/// What a bad file is told with.
pub(crate) fn bad(file: &str, problem: String, expected: &'static str) -> ReadError {
    ReadError::BadData {
        file: file.to_owned(),
        line: None,
        problem,
        expected: expected.to_owned(),
        remedy: "name another one, or begin anew".to_owned(),
    }
}

pub(crate) fn damaged(what: impl std::fmt::Display) -> String {
    format!("cut off or damaged: {what}")
}

/// Of everything but the layout, which the format itself checks.
fn checksum<'a>(header: &str, arrays: impl Iterator<Item = (&'a str, &'a [u8])>) -> u32 {
    let mut arrays: Vec<_> = arrays.collect();
    arrays.sort_by_key(|(name, _)| *name);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header.as_bytes());
    for (name, bytes) in arrays {
        hasher.update(name.as_bytes());
        hasher.update(bytes);
    }
    hasher.finalize()
}
