//! What is wrong with a problem, and where it stands.

use std::fmt;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named by the caller.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A problem that cannot be posed: where, what is wrong, what should stand there and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemError {
    /// The place in the problem file, if there is one.
    pub place: Option<Box<Place>>,
    /// The key, as `boundary[2].residual`; list entries are counted from 1. Empty for the file as a whole.
    pub key: String,
    /// Column within the expression that the key holds, from 1, where that is what is wrong.
    pub column: Option<usize>,
    /// What is wrong, with the offending value.
    pub problem: String,
    /// What should stand there.
    pub expected: String,
    /// What to do about it.
    pub remedy: String,
}

impl ProblemError {
    pub(crate) fn new(
        key: impl Into<String>,
        problem: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            place: None,
            key: key.into(),
            column: None,
            problem: clipped(problem.into()),
            expected: clipped(expected.into()),
            remedy: clipped(remedy.into()),
        }
    }
}

/// No text of a file makes a message long.
fn clipped(mut text: String) -> String {
    const LONGEST: usize = 400;
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl fmt::Display for ProblemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        if let Some(column) = self.column {
            write!(f, "column {column}: ")?;
        }
        write!(f, "{}; expected {} — {}", self.problem, self.expected, self.remedy)
    }
}

impl std::error::Error for ProblemError {}
