//! NumPy's `.npy`.

use super::{
    Dense, NdArray, ReadError, WriteError,
    atomic::write_whole,
    error::shown,
    nd_array::{count, to_row_major},
};
use ndarray_npy::{
    WritableElement, WriteNpyError, WriteNpyExt,
    npy::header::{Header, Layout},
};
use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

/// Headers in the wild have 118 bytes; structured types may need more, but those are refused anyway.
const LONGEST_HEADER: usize = 1 << 14;

/// Reads a vector or a matrix of f64, f32, i64 or i32, in either byte order and either memory order.
///
/// Integers beyond 2^53 are rounded to the nearest f64.
///
/// # Errors
/// No such file, content that is not as said, or what the file system says.
pub fn read(path: &Path) -> Result<Dense, ReadError> {
    let (name, reader) = open(path)?;
    parse(reader, &name)
}

/// Reads an array of any number of dimensions, of the same types and orders as [`read`] does.
///
/// # Errors
/// As [`read`].
pub fn read_array(path: &Path) -> Result<NdArray, ReadError> {
    let (name, reader) = open(path)?;
    parse_array(reader, &name)
}

/// As [`read_array`], but refuses more than `most` elements before it reads any.
///
/// # Errors
/// As [`read`].
pub fn read_array_of(path: &Path, most: usize) -> Result<NdArray, ReadError> {
    let (name, mut reader) = open(path)?;
    array(&mut reader, &name, most)
}

/// Reads the content of an `.npy` file; `name` stands for it in errors.
///
/// # Errors
/// As [`read`].
pub fn parse<R: Read>(mut reader: R, name: &str) -> Result<Dense, ReadError> {
    let Opened { shape, layout, element } = Opened::read(&mut reader, name)?;
    let (rows, columns) = match shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => {
            return Err(bad(
                name,
                format!("the array has {} dimensions", shape.len()),
                "one (a vector) or two (a matrix)",
                "reshape it before numpy.save",
            ));
        }
    };
    let values = read_values(&mut reader, element, elements(&shape, name)?, name)?;
    let row_major = layout == Layout::Standard && rows > 1 && columns > 1;
    // Columns of the transpose are rows, so the same reordering serves.
    let values = if row_major { to_row_major(&[columns, rows], &values) } else { values };
    Ok(Dense { rows, columns, values })
}

/// Reads the content of an `.npy` file as an array of any number of dimensions.
///
/// # Errors
/// As [`read`].
pub fn parse_array<R: Read>(mut reader: R, name: &str) -> Result<NdArray, ReadError> {
    array(&mut reader, name, usize::MAX)
}

fn array(reader: &mut impl Read, name: &str, most: usize) -> Result<NdArray, ReadError> {
    let Opened { shape, layout, element } = Opened::read(reader, name)?;
    let count = elements(&shape, name)?;
    if count > most {
        let problem = format!("an array of {} elements", sides(&shape));
        return Err(bad(name, problem, &format!("at most {most}"), "save fewer rows"));
    }
    let values = read_values(reader, element, count, name)?;
    let values = if layout == Layout::Fortran { to_row_major(&shape, &values) } else { values };
    Ok(NdArray { shape, values })
}

/// What the header of an `.npy` says.
struct Opened {
    shape: Vec<usize>,
    layout: Layout,
    element: Element,
}

impl Opened {
    fn read(reader: &mut impl Read, name: &str) -> Result<Self, ReadError> {
        let Header { type_descriptor, layout, shape } = read_header(reader, name)?;
        let descriptor = type_descriptor.to_string();
        let Some(element) = Element::from_descriptor(descriptor.trim_matches('\'')) else {
            return Err(bad(
                name,
                format!("the type of the elements is {}", shown(&descriptor)),
                "f8, f4, i8 or i4",
                "convert with array.astype('f8') before numpy.save",
            ));
        };
        Ok(Self { shape, layout, element })
    }
}

fn open(path: &Path) -> Result<(String, impl Read), ReadError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| ReadError::from_io(&name, source))?;
    Ok((name, BufReader::with_capacity(1 << 16, file)))
}

fn elements(shape: &[usize], name: &str) -> Result<usize, ReadError> {
    count(shape).ok_or_else(|| {
        let problem = format!("the header announces {} elements", sides(shape));
        bad(name, problem, "a size that memory can hold", "write the file again")
    })
}

/// 3 by 4
fn sides(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" by ")
}

/// Writes a vector.
pub fn write_vector(path: &Path, values: &[f64]) -> Result<(), WriteError> {
    write(path, &Array::vector(values))
}

/// Writes a matrix given column after column.
pub fn write_matrix(path: &Path, rows: usize, columns: usize, values: &[f64]) -> Result<(), WriteError> {
    write(path, &Array::matrix(rows, columns, values))
}

/// Writes an array whose last index runs fastest.
pub fn write_array(path: &Path, shape: &[usize], values: &[f64]) -> Result<(), WriteError> {
    write(path, &Array::row_major(shape, values))
}

/// An array to be written.
#[derive(Clone, Debug)]
pub struct Array<'a> {
    shape: Vec<usize>,
    layout: Layout,
    values: &'a [f64],
}

impl<'a> Array<'a> {
    /// A vector.
    pub fn vector(values: &'a [f64]) -> Self {
        Self { shape: vec![values.len()], layout: Layout::Standard, values }
    }

    /// A matrix given column after column.
    pub fn matrix(rows: usize, columns: usize, values: &'a [f64]) -> Self {
        Self { shape: vec![rows, columns], layout: Layout::Fortran, values }
    }

    /// An array of any number of dimensions whose last index runs fastest.
    pub fn row_major(shape: &[usize], values: &'a [f64]) -> Self {
        Self { shape: shape.to_vec(), layout: Layout::Standard, values }
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), WriteError> {
        if count(&self.shape) == Some(self.values.len()) {
            return Ok(());
        }
        let problem =
            format!("{} values were given for an array of shape {:?}", self.values.len(), self.shape);
        Err(WriteError::unsuitable(path, problem, "as many values as the shape has elements"))
    }
}

impl WriteNpyExt for Array<'_> {
    fn write_npy<W: Write>(&self, mut writer: W) -> Result<(), WriteNpyError> {
        Header { type_descriptor: f64::type_descriptor(), layout: self.layout, shape: self.shape.clone() }
            .write(&mut writer)?;
        f64::write_slice(self.values, &mut writer)?;
        Ok(writer.flush()?)
    }
}

fn write(path: &Path, array: &Array<'_>) -> Result<(), WriteError> {
    array.check(path)?;
    write_whole(path, |writer| array.write_npy(writer).map_err(npy_error))
}

/// The types of elements that can be read.
#[derive(Clone, Copy)]
struct Element {
    kind: u8,
    size: usize,
    big_endian: bool,
}

impl Element {
    fn from_descriptor(descriptor: &str) -> Option<Self> {
        let (order, kind, size) = match *descriptor.as_bytes() {
            [order, kind @ (b'f' | b'i'), size @ (b'4' | b'8')] => (order, kind, usize::from(size - b'0')),
            _ => return None,
        };
        let big_endian = match order {
            b'<' => false,
            b'>' => true,
            b'=' => cfg!(target_endian = "big"),
            _ => return None,
        };
        Some(Self { kind, size, big_endian })
    }

    fn decode(self, bytes: &[u8]) -> f64 {
        let mut word = [0; 8];
        for (place, &byte) in bytes.iter().enumerate() {
            word[if self.big_endian { self.size - 1 - place } else { place }] = byte;
        }
        let word = u64::from_le_bytes(word);
        match (self.kind, self.size) {
            (b'f', 8) => f64::from_bits(word),
            (b'f', _) => f32::from_bits(word as u32).into(),
            (_, 8) => word as i64 as f64,
            _ => f64::from(word as i32),
        }
    }
}

fn read_header(reader: &mut impl Read, name: &str) -> Result<Header, ReadError> {
    let mut bytes = Vec::with_capacity(256);
    let mut extend = |bytes: &mut Vec<u8>, count: usize| {
        reader.by_ref().take(count as u64).read_to_end(bytes).map_err(|e| ReadError::from_io(name, e))
    };
    extend(&mut bytes, 8)?;
    if !bytes.starts_with(b"\x93NUMPY") {
        let problem = match &bytes[..] {
            [] => "the file is empty",
            [b'P', b'K', ..] => "the file is a zip archive, perhaps an .npz",
            _ => "the file does not start as an .npy does",
        };
        return Err(bad(name, problem, "an .npy file", "write the array with numpy.save"));
    }
    // Version 1 has a length of two bytes, versions 2 and 3 of four.
    let wide = bytes.get(6).is_some_and(|&major| major > 1);
    let prefix = if wide { 12 } else { 10 };
    extend(&mut bytes, prefix - 8)?;
    let length = bytes.get(8..).unwrap_or_default().iter().rev().fold(0, |sum, &b| sum << 8 | usize::from(b));
    if length > LONGEST_HEADER {
        return Err(damaged(name, &format!("the header has {length} bytes")));
    }
    extend(&mut bytes, length)?;
    if bytes.len() < prefix + length {
        return Err(damaged(name, "the file ends within its header"));
    }
    // The parser of the header recurses into brackets; a plain array has one pair of braces and one of parentheses.
    if bytes[prefix..].iter().filter(|b| matches!(b, b'(' | b'[' | b'{')).count() > 2 {
        let expected = "elements that are plain numbers";
        return Err(bad(name, "the array has a structured type", expected, "save one field of it as f8"));
    }
    Header::from_reader(&mut &bytes[..]).map_err(|error| damaged(name, &error.to_string()))
}

fn read_values(
    reader: &mut impl Read,
    element: Element,
    count: usize,
    name: &str,
) -> Result<Vec<f64>, ReadError> {
    const CHUNK: usize = 1 << 13;
    let mut values = Vec::with_capacity(count.min(CHUNK));
    let mut bytes = Vec::with_capacity(CHUNK * element.size);
    while values.len() < count {
        let wanted = (count - values.len()).min(CHUNK) * element.size;
        bytes.clear();
        reader
            .by_ref()
            .take(wanted as u64)
            .read_to_end(&mut bytes)
            .map_err(|source| ReadError::from_io(name, source))?;
        values.extend(bytes.chunks_exact(element.size).map(|word| element.decode(word)));
        if bytes.len() < wanted {
            return Err(damaged(name, &format!("the file ends after {} of {count} elements", values.len())));
        }
    }
    match reader.read(&mut [0]) {
        Ok(0) => Ok(values),
        Ok(_) => Err(damaged(name, &format!("the file goes on after its {count} elements"))),
        Err(source) => Err(ReadError::from_io(name, source)),
    }
}

pub(super) fn bad(name: &str, problem: impl Into<String>, expected: &str, remedy: &str) -> ReadError {
    ReadError::BadData {
        file: name.into(),
        line: None,
        problem: problem.into(),
        expected: expected.into(),
        remedy: remedy.into(),
    }
}

fn damaged(name: &str, problem: &str) -> ReadError {
    bad(name, problem, "a whole .npy file", "the file is damaged or was cut short: copy or write it again")
}

pub(super) fn npy_error(error: WriteNpyError) -> io::Error {
    match error {
        WriteNpyError::Io(error) => error,
        other => io::Error::other(other),
    }
}
