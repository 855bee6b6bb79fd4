//! The reader.

use super::{Coordinates, MatrixMarket, ReadError, Symmetry, lines::Lines, token};
use crate::io::error::shown;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    str::SplitAsciiWhitespace,
};

/// The most entries for which memory is taken on the word of the size line alone.
const TRUSTED: u64 = 1 << 16;

/// The largest number of rows or columns: an index and a count both fit in a u32.
const LARGEST: u64 = u32::MAX as u64 - 1;

/// Reads a file.
pub fn read(path: &Path) -> Result<MatrixMarket, ReadError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| ReadError::from_io(&name, source))?;
    parse(BufReader::with_capacity(1 << 16, file), &name)
}

/// Reads the content of a file; `name` stands for it in errors.
pub fn parse<R: BufRead>(reader: R, name: &str) -> Result<MatrixMarket, ReadError> {
    let mut lines = Lines::new(reader, name);
    let banner = Banner::read(&mut lines)?;
    let size = Size::read(&mut lines, &banner)?;
    match banner.format {
        Format::Coordinate => coordinates(&mut lines, &banner, &size).map(MatrixMarket::Coordinate),
        Format::Array => array(&mut lines, &banner, &size),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Coordinate,
    Array,
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Real,
    Integer,
    Pattern,
}

impl Field {
    fn parse(self, token: &str) -> Option<f64> {
        match self {
            Self::Real => token::real(token),
            Self::Integer => token::integer(token),
            Self::Pattern => None,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Real => "a number such as -1.25e-3 within the range of f64",
            Self::Integer => "a whole number, as the banner says `integer`",
            Self::Pattern => "no value",
        }
    }
}

/// The first line.
struct Banner {
    format: Format,
    field: Field,
    symmetry: Symmetry,
}

impl Banner {
    const EXAMPLE: &str = "a first line such as `%%MatrixMarket matrix coordinate real general`";

    fn read<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Self, ReadError> {
        let Some(line) = lines.line()? else {
            return Err(lines.bad(
                "the file is empty",
                Self::EXAMPLE,
                "check that it was written completely",
            ));
        };
        // Some editors put a byte order mark in front.
        let line = line.trim_start_matches('\u{feff}').to_owned();
        let lower = line.to_ascii_lowercase();
        let mut words = lower.split_ascii_whitespace();
        if words.next() != Some("%%matrixmarket") {
            let problem = format!("the file starts with {}", shown(&line));
            return Err(lines.bad(problem, Self::EXAMPLE, "check that this is a Matrix Market file"));
        }
        let mut word = || words.next().unwrap_or_default();
        let (object, format, field, symmetry) = (word(), word(), word(), word());
        let unknown = |what: &str, found: &str, expected: &str, remedy: &str| {
            let problem = match found {
                "" => format!("the banner names no {what}"),
                _ => format!("the banner names the {what} {}", shown(found)),
            };
            Err(lines.bad(problem, expected, remedy))
        };

        const CORRECT: &str = "correct the first line";
        if object != "matrix" {
            return unknown("object", object, "`matrix`", "only matrices can be read");
        }
        let format = match format {
            "coordinate" => Format::Coordinate,
            "array" => Format::Array,
            _ => return unknown("format", format, "`coordinate` or `array`", CORRECT),
        };
        let field = match field {
            "real" | "double" => Field::Real,
            "integer" => Field::Integer,
            "pattern" if format == Format::Coordinate => Field::Pattern,
            "pattern" => {
                let expected = "`real`, `double` or `integer` in an array";
                return unknown("field", field, expected, "a pattern has no values to fill an array with");
            }
            "complex" => {
                let expected = "`real`, `double`, `integer` or `pattern`";
                return unknown("field", field, expected, "write the real system of twice the size instead");
            }
            _ => return unknown("field", field, "`real`, `double`, `integer` or `pattern`", CORRECT),
        };
        let symmetry = match symmetry {
            "general" => Symmetry::General,
            "symmetric" => Symmetry::Symmetric,
            "skew-symmetric" if field != Field::Pattern => Symmetry::SkewSymmetric,
            "skew-symmetric" => {
                let expected = "`general` or `symmetric` in a pattern";
                return unknown("symmetry", symmetry, expected, "a pattern has no signs to change");
            }
            "hermitian" => {
                let expected = "`general`, `symmetric` or `skew-symmetric`";
                return unknown(
                    "symmetry",
                    symmetry,
                    expected,
                    "a real Hermitian matrix is called symmetric",
                );
            }
            _ => return unknown("symmetry", symmetry, "`general`, `symmetric` or `skew-symmetric`", CORRECT),
        };
        match words.next() {
            Some(extra) => unknown("unknown property", extra, "four words after `%%MatrixMarket`", CORRECT),
            None => Ok(Self { format, field, symmetry }),
        }
    }
}

/// The first line that is no comment.
struct Size {
    rows: u64,
    columns: u64,
    /// How many entries the file holds.
    stored: u64,
    line: u64,
}

impl Size {
    fn read<R: BufRead>(lines: &mut Lines<'_, R>, banner: &Banner) -> Result<Self, ReadError> {
        let (count, expected) = match banner.format {
            Format::Coordinate => (3, "three whole numbers: rows, columns, entries"),
            Format::Array => (2, "two whole numbers: rows, columns"),
        };
        let Some(line) = lines.data()? else {
            let remedy = "the file was cut short, or the size line is missing";
            return Err(lines.bad("the file ends before its size line", expected, remedy));
        };
        let line = line.to_owned();
        let wrong = |problem: String| lines.bad(problem, expected, "check the size line");
        let mut sizes = [0; 3];
        let mut found = 0;
        for word in line.split_ascii_whitespace() {
            let Some(value) = token::size(word) else {
                return Err(wrong(format!("{} in the size line is not a size", shown(word))));
            };
            if let Some(size) = sizes.get_mut(found) {
                *size = value;
            }
            found += 1;
        }
        if found != count {
            return Err(wrong(format!("the size line {} has {found} numbers", shown(&line))));
        }
        let [rows, columns, entries] = sizes;
        if rows > LARGEST || columns > LARGEST {
            let problem = format!("a matrix of {rows} by {columns}");
            let expected = format!("at most {LARGEST} rows and columns");
            return Err(lines.bad(problem, expected, "check the size line"));
        }
        if banner.symmetry != Symmetry::General && rows != columns {
            let problem = format!("the banner names a symmetry, but the size is {rows} by {columns}");
            return Err(lines.bad(problem, "as many rows as columns", "check the banner and the size line"));
        }
        let stored = match (banner.format, banner.symmetry) {
            (Format::Coordinate, _) => entries,
            (Format::Array, Symmetry::General) => rows * columns,
            (Format::Array, Symmetry::Symmetric) => rows * (rows + 1) / 2,
            (Format::Array, Symmetry::SkewSymmetric) => rows * rows.saturating_sub(1) / 2,
        };
        Ok(Self { rows, columns, stored, line: lines.number })
    }

    /// The error for a file that ends after `found` entries.
    fn truncated<R: BufRead>(&self, lines: &Lines<'_, R>, found: u64) -> ReadError {
        lines.bad(
            format!("the file ends after {found} entries"),
            format!("{} entries, as the size on line {} says", self.stored, self.line),
            "the file was cut short, or the size line is wrong",
        )
    }

    /// Fails if there is anything after the last entry.
    fn ends<R: BufRead>(&self, lines: &mut Lines<'_, R>) -> Result<(), ReadError> {
        let Some(line) = lines.data()? else { return Ok(()) };
        let problem = format!("{} follows the last entry", shown(line));
        let expected = format!("{} entries, as the size on line {} says", self.stored, self.line);
        Err(lines.bad(problem, expected, "remove the line or correct the size line"))
    }
}

fn coordinates<R: BufRead>(
    lines: &mut Lines<'_, R>,
    banner: &Banner,
    size: &Size,
) -> Result<Coordinates, ReadError> {
    let mut entries = Vec::with_capacity(size.stored.min(TRUSTED) as usize);
    for found in 0..size.stored {
        let Some(line) = lines.data()? else { return Err(size.truncated(lines, found)) };
        let (row, column, value) = match entry(line, banner, size) {
            Ok(entry) => entry,
            Err(flaw) => return Err(lines.bad(flaw.problem, flaw.expected, flaw.remedy)),
        };
        entries.push((row, column, value));
        if row != column {
            match banner.symmetry {
                Symmetry::General => {}
                Symmetry::Symmetric => entries.push((column, row, value)),
                Symmetry::SkewSymmetric => entries.push((column, row, -value)),
            }
        }
    }
    size.ends(lines)?;
    Ok(Coordinates {
        rows: size.rows as usize,
        columns: size.columns as usize,
        entries,
        symmetry: banner.symmetry,
    })
}

/// What is wrong with one line, before its number is known.
struct Flaw {
    problem: String,
    expected: String,
    remedy: &'static str,
}

fn entry(line: &str, banner: &Banner, size: &Size) -> Result<(u32, u32, f64), Flaw> {
    let mut words = line.split_ascii_whitespace();
    let row = index(&mut words, "row", size.rows, size, line)?;
    let column = index(&mut words, "column", size.columns, size, line)?;
    let value = match banner.field {
        Field::Pattern => 1.0,
        field => value(&mut words, field, line)?,
    };
    if !value.is_finite() {
        return Err(Flaw {
            problem: format!("the entry ({}, {}) is {value}", row + 1, column + 1),
            expected: "a finite number in a matrix".into(),
            remedy: "check how the file was made",
        });
    }
    if let Some(extra) = words.next() {
        return Err(Flaw {
            problem: format!("{} follows the entry", shown(extra)),
            expected: match banner.field {
                Field::Pattern => "row and column, as the banner says `pattern`".into(),
                _ => "row, column and value".into(),
            },
            remedy: "put one entry on each line, and check the field that the banner names",
        });
    }
    let above = format_args!("the entry ({}, {}) lies above the diagonal", row + 1, column + 1).to_string();
    if banner.symmetry != Symmetry::General && row < column {
        return Err(Flaw {
            problem: above,
            expected: "the lower triangle only, as the banner names a symmetry".into(),
            remedy: "swap row and column if the file holds the upper triangle; \
                     write `general` in the banner if it holds both",
        });
    }
    if banner.symmetry == Symmetry::SkewSymmetric && row == column && value != 0.0 {
        return Err(Flaw {
            problem: format!("the diagonal entry ({0}, {0}) is {value}", row + 1),
            expected: "no diagonal, as the banner says `skew-symmetric`".into(),
            remedy: "remove the entry or correct the banner",
        });
    }
    Ok((row, column, value))
}

fn index(
    words: &mut SplitAsciiWhitespace<'_>,
    what: &str,
    bound: u64,
    size: &Size,
    line: &str,
) -> Result<u32, Flaw> {
    let Some(word) = words.next() else { return Err(short(line)) };
    match token::size(word) {
        // A bound is at most `LARGEST`, so the index fits.
        Some(index @ 1..) if index <= bound => Ok((index - 1) as u32),
        None if !word.bytes().all(|byte| byte.is_ascii_digit()) => Err(Flaw {
            problem: format!("the {what} index {} is not a whole number", shown(word)),
            expected: format!("an index in 1..={bound}"),
            remedy: "check the entry, and that it is written as row, column, value",
        }),
        _ => Err(Flaw {
            problem: format!("{what} index {} is outside 1..={bound}", shown(word).trim_matches('`')),
            expected: format!("an index within the size given on line {}", size.line),
            remedy: "check the size line or the entry; indices count from 1",
        }),
    }
}

fn value(words: &mut SplitAsciiWhitespace<'_>, field: Field, line: &str) -> Result<f64, Flaw> {
    let Some(word) = words.next() else { return Err(short(line)) };
    field.parse(word).ok_or_else(|| Flaw {
        problem: format!("cannot take {} as a value", shown(word)),
        expected: field.expected().into(),
        remedy: "check the entry and the field that the banner names",
    })
}

fn short(line: &str) -> Flaw {
    Flaw {
        problem: format!("the entry {} is incomplete", shown(line)),
        expected: "row, column and, unless the banner says `pattern`, a value".into(),
        remedy: "put one whole entry on each line",
    }
}

fn array<R: BufRead>(
    lines: &mut Lines<'_, R>,
    banner: &Banner,
    size: &Size,
) -> Result<MatrixMarket, ReadError> {
    let mut stored = Vec::with_capacity(size.stored.min(TRUSTED) as usize);
    for found in 0..size.stored {
        let Some(line) = lines.data()? else { return Err(size.truncated(lines, found)) };
        let mut words = line.split_ascii_whitespace();
        let read = value(&mut words, banner.field, line).and_then(|value| match words.next() {
            None => Ok(value),
            Some(extra) => Err(Flaw {
                problem: format!("{} follows the value", shown(extra)),
                expected: "one value per line, column after column".into(),
                remedy: "break the line; mind that the file goes down each column in turn",
            }),
        });
        match read {
            Ok(value) => stored.push(value),
            Err(flaw) => return Err(lines.bad(flaw.problem, flaw.expected, flaw.remedy)),
        }
    }
    size.ends(lines)?;
    let (rows, columns) = (size.rows as usize, size.columns as usize);
    let values = match banner.symmetry {
        Symmetry::General => stored,
        Symmetry::Symmetric => mirror(rows, &stored, 0, 1.0),
        Symmetry::SkewSymmetric => mirror(rows, &stored, 1, -1.0),
    };
    Ok(MatrixMarket::Array { rows, columns, values })
}

/// The full matrix from the columns of its lower triangle, which start `below` the diagonal.
fn mirror(n: usize, lower: &[f64], below: usize, sign: f64) -> Vec<f64> {
    let mut full = vec![0.0; n * n];
    let places = (0..n).flat_map(|column| (column + below..n).map(move |row| (row, column)));
    for ((row, column), &value) in places.zip(lower) {
        full[column * n + row] = value;
        if row != column {
            full[row * n + column] = sign * value;
        }
    }
    full
}
