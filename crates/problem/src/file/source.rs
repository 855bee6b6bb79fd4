//! Where each key of a file stands.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Place, ProblemError};

/// A problem file's name and the places of its keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    file: String,
    keys: BTreeMap<String, Position>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Position {
    line: usize,
    column: usize,
    /// Column of the first character of a text that stands in the file as it is: on one line and without escapes.
    text: Option<usize>,
}

impl Source {
    /// Notes the place of every value in the file.
    pub fn new(file: &str, text: &str, root: &DeTable<'_>) -> Self {
        let mut source = Self { file: file.to_owned(), keys: BTreeMap::new() };
        let lines = Lines::new(text);
        source.table("", root, text, &lines);
        source
    }

    fn table(&mut self, path: &str, table: &DeTable<'_>, text: &str, lines: &Lines) {
        for (key, value) in table {
            let name = key.get_ref();
            let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            self.note(&path, key.span(), None, lines, text);
            self.value(&path, value, text, lines);
        }
    }

    fn value(&mut self, path: &str, value: &Spanned<DeValue<'_>>, text: &str, lines: &Lines) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(path, table, text, lines),
            DeValue::Array(array) => {
                for (index, item) in array.iter().enumerate() {
                    let path = format!("{path}[{}]", index + 1);
                    self.note(&path, item.span(), None, lines, text);
                    self.value(&path, item, text, lines);
                }
            }
            DeValue::String(string) => self.note(path, value.span(), Some(string), lines, text),
            _ => self.note(path, value.span(), None, lines, text),
        }
    }

    fn note(&mut self, path: &str, span: Range<usize>, string: Option<&str>, lines: &Lines, text: &str) {
        let (line, column) = lines.place(text, span.start);
        let raw = text.get(span.clone()).unwrap_or_default();
        let quotes = ["\"", "'"].into_iter();
        let plain = string.is_some_and(|string| quotes.clone().any(|q| raw == format!("{q}{string}{q}")));
        self.keys.insert(path.to_owned(), Position { line, column, text: plain.then_some(column + 1) });
    }

    /// The error with the place of its key, or of the nearest table around it.
    pub fn locate(&self, error: ProblemError) -> ProblemError {
        let mut key = error.key.as_str();
        let position = loop {
            match self.keys.get(key) {
                Some(position) => break *position,
                None => match key.rfind(['.', '[']) {
                    Some(end) => key = &key[..end],
                    None => break Position { line: 1, column: 1, text: None },
                },
            }
        };
        let column = match (position.text, error.column) {
            (Some(text), Some(column)) => text + column - 1,
            _ => position.column,
        };
        ProblemError { place: Some(Box::new(self.place(position.line, column))), ..error }
    }

    fn place(&self, line: usize, column: usize) -> Place {
        Place { file: self.file.clone(), line, column }
    }
}

/// Where the lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub fn new(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// Line and column, from 1, of a byte.
    pub fn place(&self, text: &str, byte: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= byte).max(1);
        let before = text.get(self.0[line - 1]..byte).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}
