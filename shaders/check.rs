//! Parses and validates a resolved kernel with naga and tells errors at the source line.
//!
//! Both the build script and the tests include this file, next to the module `preprocess`.

use super::preprocess::{Error, Resolved};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, Span};

/// What a variant with these flags may use.
pub fn capabilities(flags: &[&str]) -> Capabilities {
    let mut allowed = Capabilities::empty();
    for (flag, capability) in [
        ("IMMEDIATES", Capabilities::IMMEDIATES),
        ("SUBGROUPS", Capabilities::SUBGROUP),
        ("F64", Capabilities::FLOAT64),
    ] {
        allowed.set(capability, flags.contains(&flag));
    }
    allowed
}

/// Parses and validates; the error carries the source line and naga's notes.
pub fn check(resolved: &Resolved, flags: &[&str]) -> Result<(Module, ModuleInfo), Error> {
    let module = naga::front::wgsl::parse_str(&resolved.text).map_err(|error| {
        let labels: Vec<_> = error.labels().map(|(span, label)| (span, label.to_string())).collect();
        let notes = error.notes().map(|note| format!("; {note}")).collect::<String>();
        tell(resolved, format!("{}{notes}", error.message()), labels, flags)
    })?;
    let info =
        Validator::new(ValidationFlags::all(), capabilities(flags)).validate(&module).map_err(|error| {
            let mut message = error.as_inner().to_string();
            let mut source = std::error::Error::source(error.as_inner());
            while let Some(inner) = source {
                message = format!("{message}: {inner}");
                source = inner.source();
            }
            tell(resolved, message, error.spans().cloned().collect(), flags)
        })?;
    match module.entry_points.as_slice() {
        [entry] if entry.name == "main" && entry.stage == naga::ShaderStage::Compute => Ok((module, info)),
        _ => Err(resolved.error_at(0, "expected one compute entry point, named `main`".into())),
    }
}

/// The narrowest label is where the mistake is: the wide ones are the functions around it.
fn tell(resolved: &Resolved, message: String, labels: Vec<(Span, String)>, flags: &[&str]) -> Error {
    let mut ranges: Vec<_> =
        labels.into_iter().filter_map(|(span, label)| Some((span.to_range()?, label))).collect();
    ranges.sort_by_key(|(range, _)| range.len());
    let start = ranges.first().map_or(0, |(range, _)| range.start);
    let mut full = format!("{message} [flags: {}]", flags.join(" "));
    for (range, label) in &ranges {
        let at = resolved.error_at(range.start, String::new());
        let snippet =
            resolved.text.get(range.clone()).and_then(|text| text.lines().next()).unwrap_or_default();
        full.push_str(&format!("\n      | {}.wgsl:{}: {label}: `{snippet}`", at.name, at.line));
    }
    resolved.error_at(start, full)
}
