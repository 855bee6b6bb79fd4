//! The problem that the user names.

use std::path::PathBuf;
use std::time::Duration;

use ansatz::io::ReadError;
use ansatz::pde::{Interval, Pde, PdeError};
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

/// Reads `60s` or `10steps`; a number alone counts seconds.
pub fn interval(text: &str) -> Result<Interval, String> {
    let expected = || "expected seconds, such as 60s, or steps, such as 10steps".to_owned();
    let steps = text.strip_suffix("steps").or_else(|| text.strip_suffix("step"));
    if let Some(count) = steps {
        return count.trim().parse().map(Interval::Steps).map_err(|_| expected());
    }
    let seconds: f64 = text.strip_suffix('s').unwrap_or(text).trim().parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(seconds).map(Interval::Time).map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_seconds_or_steps() {
        let seconds = |seconds| Ok(Interval::Time(Duration::from_secs_f64(seconds)));
        assert_eq!(interval("60s"), seconds(60.0));
        assert_eq!(interval("0.5"), seconds(0.5));
        assert_eq!(interval("10steps"), Ok(Interval::Steps(10)));
        assert_eq!(interval("1 step"), Ok(Interval::Steps(1)));
        for text in ["", "s", "steps", "-1s", "nan", "1e300", "1.5steps", "10 minutes"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn settings_have_a_name_and_a_value() {
        assert_eq!(setting("a1 = -2*pi"), Ok(("a1".to_owned(), "-2*pi".to_owned())));
        for text in ["a1", "=3", "a1=", ""] {
            assert!(setting(text).is_err(), "{text}");
        }
    }
}
