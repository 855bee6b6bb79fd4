//! Tables of numbers as text, separated by commas.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::error::shown;
use super::{ReadError, regular};

/// The longest line.
const LONGEST: u64 = 1 << 16;

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
pub fn parse(mut reader: impl BufRead, name: &str, most: usize) -> Result<Table, ReadError> {
    let (mut table, mut bytes) = (Table::default(), Vec::new());
    for line in 1.. {
        bytes.clear();
        let next = (&mut reader).take(LONGEST).read_until(b'\n', &mut bytes);
        if next.map_err(|source| ReadError::from_io(name, source))? == 0 {
            break;
        }
        table.take(&bytes, line, most).map_err(|[problem, expected, remedy]| ReadError::BadData {
            file: name.to_owned(),
            line: Some(line),
            problem,
            expected,
            remedy,
        })?;
    }
    Ok(table)
}

impl Table {
    /// Takes in a line; else what is wrong with it, what is expected and what to do.
    fn take(&mut self, bytes: &[u8], line: u64, most: usize) -> Result<(), [String; 3]> {
        let wrong = |problem: String, expected: &str, remedy: &str| {
            Err([problem, expected.to_owned(), remedy.to_owned()])
        };
        if bytes.len() as u64 >= LONGEST {
            let problem = format!("more than {LONGEST} bytes");
            return wrong(problem, "a row in each line", "check that this is a table");
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return wrong("no UTF-8".to_owned(), "numbers as text", "save the file as UTF-8");
        };
        let text = text.strip_prefix('\u{feff}').filter(|_| line == 1).unwrap_or(text).trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let fields = || text.split(',').map(str::trim);
        let count = fields().count();
        if self.columns == 0 {
            self.columns = count;
            if fields().all(|field| field.parse::<f64>().is_err()) {
                self.names = fields().map(|name| name.trim_matches('"').to_owned()).collect();
                let mut sorted = self.names.clone();
                sorted.sort_unstable();
                if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                    let problem = format!("two columns are named {}", shown(&pair[0]));
                    return wrong(problem, "a name for each column", "rename or remove one");
                }
                return Ok(());
            }
        }
        if count != self.columns {
            let problem = format!("{count} value{}", if count == 1 { "" } else { "s" });
            let expected = format!("{}, as in the first line", self.columns);
            return wrong(problem, &expected, "separate values by commas, and leave none out");
        }
        if self.values.len() + count > most {
            return wrong(format!("more than {most} numbers"), "fewer", "leave rows out");
        }
        for (column, field) in fields().enumerate() {
            let Some(number) = field.parse().ok().filter(|number: &f64| number.is_finite()) else {
                let problem = format!("value {}, {}, is no finite number", column + 1, shown(field));
                return wrong(problem, "a number such as -1.25e-3", "correct it, or remove its row");
            };
            self.values.push(number);
        }
        self.lines.push(line);
        Ok(())
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
            ("x,u\n1,2\n3\n", ["a.csv:3: 1 value;", "expected 2"]),
            ("1,2\n3,nan\n", ["a.csv:2: value 2", "is no finite number"]),
            ("1,2\n3,4,\n", ["a.csv:2: 3 values", "expected 2"]),
            ("x,u\n1,abc", ["a.csv:2: value 2", "abc"]),
            ("1;2\n3;4\n5,6", ["a.csv:2: value 1", "3;4"]),
            ("1,inf", ["a.csv:1:", "inf"]),
            ("1,2,3\n4,5,6\n7,8,9", ["a.csv:3: more than 8 numbers", "fewer"]),
        ] {
            let message = table(text).unwrap_err();
            assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
        }
        assert!(parse(&b"1,\xff"[..], "a.csv", 8).unwrap_err().to_string().contains("no UTF-8"));
    }
}
