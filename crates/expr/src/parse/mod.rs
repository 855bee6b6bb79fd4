//! Text to expressions.
//!
//! ```text
//! or         = and { "or" and }
//! and        = not { "and" not }
//! not        = { "not" } comparison
//! comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
//! sum        = product { ("+" | "-") product }
//! product    = unary { ("*" | "/") unary }
//! unary      = { "-" | "+" } power
//! power      = atom [ ("^" | "**") unary ]
//! atom       = number | name | name "(" or { "," or } ")" | "(" or ")" | "[" or { "," or } "]"
//! ```

mod call;
mod error;
mod grammar;
mod token;
mod value;

pub use error::ParseError;

use crate::{Expr, Scope};
use call::FUNCTIONS;
use grammar::Parser;

/// Constants by name.
pub(crate) const CONSTANTS: [(&str, f64); 3] =
    [("pi", std::f64::consts::PI), ("π", std::f64::consts::PI), ("e", std::f64::consts::E)];

/// Words that are operators.
const WORDS: [&str; 3] = ["and", "or", "not"];

/// The longest text, in bytes.
const MAX_LENGTH: usize = 65_536;

pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(token::starts_name) && text.chars().all(token::continues_name)
}

/// Whether the language itself uses the name.
pub(crate) fn is_reserved(name: &str) -> bool {
    let constants = CONSTANTS.iter().map(|(constant, _)| *constant);
    constants.chain(WORDS).chain(FUNCTIONS.iter().map(|(function, _)| *function)).any(|other| other == name)
}

pub(crate) fn expression(scope: &Scope, text: &str) -> Result<Expr, ParseError> {
    read(scope, text, Parser::expression)
}

pub(crate) fn equation(scope: &Scope, text: &str) -> Result<Expr, ParseError> {
    read(scope, text, Parser::equation)
}

fn read<'a>(
    scope: &'a Scope,
    text: &str,
    rule: fn(&mut Parser<'a>) -> Result<Expr, Failure>,
) -> Result<Expr, ParseError> {
    let result = if text.len() > MAX_LENGTH {
        let message = format!("{} bytes of text; at most {MAX_LENGTH} are read", text.len());
        Err(Failure::new(1, message))
    } else {
        token::tokens(text).and_then(|tokens| rule(&mut Parser::new(scope, tokens)))
    };
    result.map_err(|failure| {
        let Failure { column, message, expected, suggestion } = failure;
        ParseError { text: text.to_owned(), column, message, expected, suggestion }
    })
}

/// A [`ParseError`] before it knows its text.
#[derive(Debug)]
struct Failure {
    column: usize,
    message: String,
    expected: Option<String>,
    suggestion: Option<String>,
}

impl Failure {
    fn new(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into(), expected: None, suggestion: None }
    }

    fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    fn suggestion(mut self, suggestion: Option<&str>) -> Self {
        self.suggestion = suggestion.map(str::to_owned);
        self
    }
}
