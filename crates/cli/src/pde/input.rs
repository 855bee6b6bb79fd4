//! The problem that the user names.

use std::path::PathBuf;

use ansatz::io::ReadError;
use ansatz::pde::{Pde, PdeError};
use ansatz::problem::examples;

use crate::exit::{Exit, Failure};

/// The file that a name stands for, unless it is that of a built-in example.
pub fn file(name: &str) -> Option<PathBuf> {
    examples::find(name).is_none().then(|| PathBuf::from(name))
}

/// Reads a built-in example or a file.
pub fn read(name: &str, set: &[(String, String)]) -> Result<Pde, Failure> {
    let Some(path) = file(name) else { return Ok(Pde::example(name, set)?) };
    Pde::read(&path, set).map_err(|error| match error {
        PdeError::Read(ReadError::NotFound { .. }) => Failure {
            exit: Exit::NotFound,
            message: format!(
                "{name}: no such file and no built-in example; check the path, or see `ansatz pde --list`"
            ),
        },
        error => error.into(),
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
