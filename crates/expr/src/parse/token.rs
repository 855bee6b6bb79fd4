//! Text to tokens.

use super::Failure;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    Symbol(&'static str),
    End,
}

impl Token {
    /// How an error message names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Number(value) => format!("the number {value}"),
            Self::Name(name) => format!("`{name}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end".into(),
        }
    }
}

/// Longer symbols before their beginnings. Those of the second column stand for the first.
const SYMBOLS: [(&str, &str); 26] = [
    ("**", "^"),
    ("<=", "<="),
    (">=", ">="),
    ("==", "=="),
    ("!=", "!="),
    ("&&", "and"),
    ("||", "or"),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("−", "-"),
    ("·", "*"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("^", "^"),
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    (",", ","),
    ("<", "<"),
    (">", ">"),
    ("=", "="),
    ("!", "not"),
];

pub(super) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(super) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens with their columns; the last is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, Failure> {
    let mut out = Vec::new();
    let (mut rest, mut column) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let digit_after_point = || rest[1..].starts_with(|c: char| c.is_ascii_digit());
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if first.is_ascii_digit() || (first == '.' && digit_after_point()) {
            let length = number_length(rest);
            match rest[..length].parse::<f64>() {
                Ok(value) if value.is_finite() => (Some(Token::Number(value)), length),
                _ => {
                    let message = format!("the number `{}` is too large", &rest[..length]);
                    return Err(Failure::new(column, message));
                }
            }
        } else if starts_name(first) {
            let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            let word = &rest[..length];
            let words = ["and", "or", "not"];
            let symbol = words.into_iter().find(|symbol| *symbol == word).map(Token::Symbol);
            (Some(symbol.unwrap_or_else(|| Token::Name(word.to_owned()))), length)
        } else if let Some((spelled, symbol)) = SYMBOLS.iter().find(|(spelled, _)| rest.starts_with(spelled))
        {
            (Some(Token::Symbol(symbol)), spelled.len())
        } else {
            let message = format!("the character `{}` has no meaning here", first.escape_debug());
            return Err(Failure::new(column, message));
        };
        out.extend(token.map(|token| (token, column)));
        column += rest[..length].chars().count();
        rest = &rest[length..];
    }
    out.push((Token::End, column));
    Ok(out)
}

/// Bytes of the number that `text` begins with: digits, point, exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits((length + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}
