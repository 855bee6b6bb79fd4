//! Tables of numbers as text, separated by commas.

use std::io::{BufReader, Read};
use std::path::Path;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::error::shown;
use super::{ReadError, regular};

/// Characters that a number takes at most, in the middle of a table.
const LONGEST: u64 = 64;

/// Rows of equally many numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The names of the columns, where the first line is not of numbers.
    pub names: Vec<String>,
    /// Row after row.
    pub values: Vec<f64>,
    /// The line of each row, from 1.
    pub lines: Vec<u64>,
    /// Numbers in a row.
    pub columns: usize,
}

/// Reads a table of at most `most` numbers. Lines that are empty or begin with # are passed over.
///
/// # Errors
/// No such file, rows of different lengths, and what is no finite number, with its line.
pub fn read(path: &Path, most: usize) -> Result<Table, ReadError> {
    let name = path.display().to_string();
    parse(BufReader::new(regular::open(path, &name)?), &name, most)
}

/// Reads the content of a file; `name` stands for it in errors.
///
/// # Errors
/// As [`read`].
pub fn parse(reader: impl Read, name: &str, most: usize) -> Result<Table, ReadError> {
    let bad = |line: Option<u64>, problem: String, expected: &str, remedy: &str| ReadError::BadData {
        file: name.to_owned(),
        line,
        problem,
        expected: expected.to_owned(),
        remedy: remedy.to_owned(),
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(reader.take(LONGEST.saturating_mul(most as u64).saturating_add(1 << 16)));
    let (mut table, mut record) = (Table::default(), StringRecord::new());
    while reader.read_record(&mut record).map_err(|error| failed(error, name))? {
        let line = record.position().map(csv::Position::line);
        let numbers: Vec<Option<f64>> = record.iter().map(|field| field.parse().ok()).collect();
        if table.columns == 0 {
            table.columns = record.len();
            if numbers.iter().all(Option::is_none) {
                table.names = record.iter().map(str::to_owned).collect();
                continue;
            }
        }
        if record.len() != table.columns {
            let expected = format!("{}, as in the first line", table.columns);
            let problem = format!("{} values", record.len());
            return Err(bad(line, problem, &expected, "separate values by commas, and leave none out"));
        }
        if table.values.len() + record.len() > most {
            return Err(bad(line, format!("more than {most} numbers"), "fewer", "leave rows out"));
        }
        for (column, (number, field)) in numbers.iter().zip(&record).enumerate() {
            let Some(number) = number.filter(|number| number.is_finite()) else {
                let problem = format!("value {}, {}, is no finite number", column + 1, shown(field));
                return Err(bad(line, problem, "a number such as -1.25e-3", "correct it, or remove its row"));
            };
            table.values.push(number);
        }
        table.lines.push(line.unwrap_or(0));
    }
    Ok(table)
}

fn failed(error: csv::Error, name: &str) -> ReadError {
    let line = error.position().map(csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(source) => ReadError::from_io(name, source),
        other => ReadError::BadData {
            file: name.to_owned(),
            line,
            problem: match other {
                ErrorKind::Utf8 { .. } => "no UTF-8".to_owned(),
                _ => "no table".to_owned(),
            },
            expected: "numbers as text, separated by commas".to_owned(),
            remedy: "save the file as UTF-8".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, String> {
        parse(text.as_bytes(), "a.csv", 8).map_err(|error| error.to_string())
    }

    #[test]
    fn names_comments_and_blanks() {
        let read = table("\u{feff}# measured\nx , t,u\n\n0.5,1,-2e-3\n 1,2,3\n").unwrap();
        assert_eq!(read.names, ["x", "t", "u"]);
        assert_eq!(
            (read.values, read.lines, read.columns),
            (vec![0.5, 1.0, -2e-3, 1.0, 2.0, 3.0], vec![4, 5], 3)
        );
        let read = table("1,2\r\n3,4").unwrap();
        assert_eq!((read.names.len(), read.values.len(), read.lines), (0, 4, vec![1, 2]));
        assert_eq!(table("").unwrap(), Table::default());
        assert!(table("x,u\n").unwrap().values.is_empty());
    }

    #[test]
    fn wrong_lines_are_named() {
        for (text, parts) in [
            ("x,u\n1,2\n3\n", ["a.csv:3: 1 values", "expected 2"]),
            ("1,2\n3,nan\n", ["a.csv:2: value 2", "is no finite number"]),
            ("1,2\n3,4,\n", ["a.csv:2: 3 values", "expected 2"]),
            ("x,u\n1,abc", ["a.csv:2: value 2", "abc"]),
            ("1;2\n3;4\n5,6", ["a.csv:3: 2 values", "expected 1"]),
            ("1,inf", ["a.csv:1:", "inf"]),
            ("1,2,3\n4,5,6\n7,8,9", ["a.csv:3: more than 8 numbers", "fewer"]),
        ] {
            let message = table(text).unwrap_err();
            assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
        }
        assert!(parse(&b"1,\xff"[..], "a.csv", 8).unwrap_err().to_string().contains("no UTF-8"));
    }
}
