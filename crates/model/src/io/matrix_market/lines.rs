//! The lines of a text file of any size, in bounded memory.

use super::ReadError;
use crate::io::error::shown;
use std::io::{BufRead, Read};

/// The longest line that the format allows; comments may be longer here.
const LONGEST: usize = 1024;

/// A reader of lines that knows where it is.
pub(super) struct Lines<'a, R> {
    reader: R,
    name: &'a str,
    buffer: Vec<u8>,
    /// The line that was read last, counted from 1.
    pub(super) number: u64,
}

impl<'a, R: BufRead> Lines<'a, R> {
    pub(super) fn new(reader: R, name: &'a str) -> Self {
        Self { reader, name, buffer: Vec::with_capacity(LONGEST + 1), number: 0 }
    }

    /// The next line that is neither blank nor a comment, without the blanks around it; `None` at the end.
    pub(super) fn data(&mut self) -> Result<Option<&str>, ReadError> {
        while self.advance()? {
            let line = self.buffer.trim_ascii();
            if !line.is_empty() && line[0] != b'%' {
                return self.text().map(Some);
            }
        }
        Ok(None)
    }

    /// The very next line without the blanks around it; `None` at the end.
    pub(super) fn line(&mut self) -> Result<Option<&str>, ReadError> {
        if self.advance()? { self.text().map(Some) } else { Ok(None) }
    }

    /// An error at the current line.
    pub(super) fn bad(
        &self,
        problem: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> ReadError {
        ReadError::BadData {
            file: self.name.into(),
            line: Some(self.number.max(1)),
            problem: problem.into(),
            expected: expected.into(),
            remedy: remedy.into(),
        }
    }

    fn text(&self) -> Result<&str, ReadError> {
        std::str::from_utf8(self.buffer.trim_ascii()).map_err(|_| self.not_text())
    }

    /// Fills the buffer with the next line; of a comment that is too long it keeps the beginning.
    fn advance(&mut self) -> Result<bool, ReadError> {
        self.buffer.clear();
        if self.extend()? == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.buffer.contains(&0) {
            return Err(self.not_text());
        }
        if self.is_cut() {
            let start = self.buffer.trim_ascii_start();
            // The banner starts as a comment does, but a long first line is rather no text at all.
            if self.number == 1 || !start.starts_with(b"%") {
                return Err(match std::str::from_utf8(start) {
                    // A character that the cut went through is no error.
                    Err(error) if error.error_len().is_some() => self.not_text(),
                    _ => self.bad(
                        format!(
                            "a line of more than {LONGEST} bytes, {}",
                            shown(&String::from_utf8_lossy(start))
                        ),
                        "one entry per line",
                        "break the line, or check that this is a Matrix Market file",
                    ),
                });
            }
            while self.is_cut() {
                self.buffer.clear();
                self.extend()?;
            }
            self.buffer.clear();
            self.buffer.push(b'%');
        }
        Ok(true)
    }

    fn extend(&mut self) -> Result<usize, ReadError> {
        (&mut self.reader)
            .take(LONGEST as u64 + 1)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|source| ReadError::from_io(self.name, source))
    }

    fn is_cut(&self) -> bool {
        self.buffer.len() > LONGEST && self.buffer.last() != Some(&b'\n')
    }

    fn not_text(&self) -> ReadError {
        self.bad(
            "not a text file",
            "a Matrix Market file, which is text",
            "check that this is the right file and that it is not compressed",
        )
    }
}
