//! The problem that the user names.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ansatz::problem::{Problem, examples};

use crate::exit::{Exit, Failure};

/// No problem needs a longer file.
const LONGEST: u64 = 1 << 20;

/// The file that a name stands for, unless it is that of a built-in example.
pub fn file(name: &str) -> Option<PathBuf> {
    examples::find(name).is_none().then(|| PathBuf::from(name))
}

/// Reads a built-in example or a file.
pub fn read(name: &str, set: &[(String, String)]) -> Result<Problem, Failure> {
    if let Some(example) = examples::find(name) {
        return Ok(example.problem(set)?);
    }
    Ok(Problem::parse(name, &text(Path::new(name))?, set)?)
}

fn text(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    let unreadable = |error: std::io::Error| Failure {
        exit: Exit::NotFound,
        message: match error.kind() {
            ErrorKind::NotFound => format!(
                "{name}: no such file and no built-in example; check the path, or see `ansatz pde --list`"
            ),
            _ => format!(
                "{name}: cannot be read: {error}; expected a problem file — check that it is one, and its permissions"
            ),
        },
    };
    let length = path.metadata().map_err(unreadable)?.len();
    if length > LONGEST {
        return Err(Failure::data(format!(
            "{name}: {length} bytes; expected a problem file of at most {LONGEST} bytes — check that it is one"
        )));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::data(format!(
            "{name}: byte {at} is no UTF-8; expected a text in TOML — save the file as UTF-8"
        ))
    })
}

/// Splits `name=value`.
pub fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected NAME=VALUE, such as a1=10".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn settings_have_a_name_and_a_value() {
        assert_eq!(super::setting("a1 = -2*pi"), Ok(("a1".to_owned(), "-2*pi".to_owned())));
        for text in ["a1", "=3", "a1=", ""] {
            assert!(super::setting(text).is_err(), "{text}");
        }
    }
}
