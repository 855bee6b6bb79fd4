//! What is wrong with a text, and where.

use std::fmt;

/// A text that is no expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The whole text.
    pub text: String,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would have been right there.
    pub expected: Option<String>,
    /// The name that was probably meant.
    pub suggestion: Option<String>,
}

impl ParseError {
    /// The text with a mark below the column, on two lines. A long text is shown around the column.
    pub fn picture(&self) -> String {
        const BEFORE: usize = 60;
        const WIDTH: usize = 100;
        let start = (self.column - 1).saturating_sub(BEFORE);
        let line = self.text.chars().skip(start).take(WIDTH);
        let line: String = line.map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
        format!("{line}\n{}^", " ".repeat(self.column - 1 - start))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}
