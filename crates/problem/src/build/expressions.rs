//! Names, definitions and exact solutions.

use ansatz_expr::{Expr, ParseError, Scope, ScopeError, short};

use crate::ProblemError;
use crate::builder::ProblemBuilder;

/// The scope of coordinates, fields and parameters.
pub(super) fn names(builder: &ProblemBuilder) -> Result<Scope, ProblemError> {
    let domain = &builder.domain;
    let mut scope = Scope::new(domain.coordinates()).map_err(|error| taken("coordinates", &error))?;
    if let (Some(_), Some(time)) = (domain.time(), domain.coordinates().last()) {
        scope = scope.with_time(time).map_err(|error| taken("time", &error))?;
    }
    if builder.fields.is_empty() {
        return Err(ProblemError::new(
            "fields",
            "the problem has no unknown field",
            "at least one name",
            "add `fields = [\"u\"]`",
        ));
    }
    for field in &builder.fields {
        scope = scope.with_field(field).map_err(|error| taken("fields", &error))?;
    }
    for (name, value) in &builder.parameters {
        let key = format!("parameters.{name}");
        if !value.is_finite() {
            return Err(ProblemError::new(
                key,
                format!("the value is {}", short(*value)),
                "a finite number",
                "correct it",
            ));
        }
        scope = scope.with_parameter(name).map_err(|error| taken(&key, &error))?;
    }
    for unknown in &builder.unknowns {
        let key = format!("unknowns.{}", unknown.name);
        scope = scope.with_parameter(&unknown.name).map_err(|error| taken(&key, &error))?;
    }
    Ok(scope)
}

/// The number of the field `name`, which stands under `key`.
pub(super) fn field(builder: &ProblemBuilder, key: &str, name: &str) -> Result<usize, ProblemError> {
    builder.fields.iter().position(|other| other == name).ok_or_else(|| {
        ProblemError::new(
            key,
            format!("`{name}` is no field"),
            format!("one of {}", builder.fields.join(", ")),
            "name a field",
        )
    })
}

/// A definition or an exact solution, not yet read.
struct Pending<'a> {
    key: String,
    name: String,
    text: &'a str,
    /// The field, of an exact solution.
    field: Option<usize>,
}

/// Adds the definitions and, as `u_exact`, the exact solutions, whatever their order; returns also the latter by field.
pub(super) fn definitions(
    builder: &ProblemBuilder,
    mut scope: Scope,
) -> Result<(Scope, Vec<Option<Expr>>), ProblemError> {
    let mut exact = vec![None; builder.fields.len()];
    let mut pending: Vec<Pending<'_>> = Vec::new();
    for (name, text) in &builder.definitions {
        pending.push(Pending { key: format!("define.{name}"), name: name.clone(), text, field: None });
    }
    for (name, text) in &builder.exact {
        let key = format!("exact.{name}");
        let field = field(builder, &key, name)?;
        pending.push(Pending { key, name: format!("{name}_exact"), text, field: Some(field) });
    }
    while !pending.is_empty() {
        let waits =
            |one: &Pending<'_>| words(one.text).any(|word| pending.iter().any(|other| other.name == word));
        let Some(ready) = pending.iter().position(|one| !waits(one)) else {
            let names: Vec<_> = pending.iter().map(|one| format!("`{}`", one.name)).collect();
            return Err(ProblemError::new(
                &pending[0].key,
                format!("{} are defined by each other", names.join(", ")),
                "definitions that do not lead back to themselves",
                "write one of them out",
            ));
        };
        let one = pending.remove(ready);
        let value = parse(&one.key, &scope, one.text)?;
        if let Some(field) = one.field {
            if !value.jets().is_empty() {
                return Err(ProblemError::new(
                    one.key,
                    "the exact solution holds an unknown field",
                    "an expression of coordinates and parameters",
                    "write it without the unknown",
                ));
            }
            exact[field] = Some(value.clone());
        }
        scope = scope.with_definition(&one.name, value).map_err(|error| taken(&one.key, &error))?;
    }
    Ok((scope, exact))
}

/// The names in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Reads an expression under `key`.
pub(crate) fn parse(key: &str, scope: &Scope, text: &str) -> Result<Expr, ProblemError> {
    scope.parse(text).map_err(|error| wrong(key, scope, error))
}

/// Reads an equation under `key`.
pub(super) fn parse_equation(key: &str, scope: &Scope, text: &str) -> Result<Expr, ProblemError> {
    scope.parse_equation(text).map_err(|error| wrong(key, scope, error))
}

fn wrong(key: &str, scope: &Scope, error: ParseError) -> ProblemError {
    let remedy = match &error.suggestion {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None if error.message.starts_with("unknown name") => {
            "correct it, or add it to [parameters] or [define]".into()
        }
        None => "correct the expression".into(),
    };
    let known = scope.coordinates().iter().chain(scope.fields()).chain(scope.parameters());
    let known: Vec<&str> = known.map(String::as_str).collect();
    let expected = match error.expected {
        _ if error.message.starts_with("unknown function") => {
            "a function: sin, exp, sqrt, d, laplacian, …".into()
        }
        _ if known.is_empty() => "numbers, operators and functions: no names are known here".into(),
        Some(expected) => expected,
        None => format!("an expression of {}", known.join(", ")),
    };
    ProblemError { column: Some(error.column), ..ProblemError::new(key, error.message, expected, remedy) }
}

/// A name that cannot be had.
pub(super) fn taken(key: &str, error: &ScopeError) -> ProblemError {
    ProblemError::new(key, error.to_string(), "names that are free and have no other meaning", "rename it")
}
