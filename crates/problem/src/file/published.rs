//! `[[published]]`: what others have reached.

use ansatz_expr::{Scope, nearest};

use super::node::{Node, Table};
use crate::{ProblemError, Published};

/// The entries of `[[published]]` that are for these values of the parameters: those that they name, or all as the file has them.
pub(super) fn published(
    root: &Table<'_>,
    (scope, values): (&Scope, &[f64]),
) -> Result<Vec<Published>, ProblemError> {
    let Some(entries) = root.get("published") else { return Ok(Vec::new()) };
    let stated = match root.get("parameters") {
        Some(node) => node.table()?.entries(),
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for entry in entries.list()? {
        let table = entry.table()?;
        let published = read(&table, (scope, values))?;
        let wanted = match table.get("parameters") {
            Some(node) => node.table()?.entries(),
            None => stated.clone(),
        };
        if hold(&wanted, (scope, values))? {
            found.push(published);
        }
    }
    Ok(found)
}

fn read(table: &Table<'_>, (scope, values): (&Scope, &[f64])) -> Result<Published, ProblemError> {
    table.only(&["by", "error", "how", "parameters"])?;
    let missing = |name: &str, remedy: &str| {
        ProblemError::new(&table.key, format!("there is no `{name}`"), "`by` and `error`", remedy)
    };
    let by = table.get("by").ok_or_else(|| missing("by", "say whose it is: by = \"A. Author, 2020\""))?;
    let error = table.get("error").ok_or_else(|| missing("error", "add their error: error = 1e-4"))?;
    let found = error.number(scope, values)?;
    if !(found > 0.0 && found.is_finite()) {
        return Err(error.wrong("a relative L2 error, above 0", "correct it"));
    }
    for node in table.get("by").iter().chain(&table.get("how")) {
        if node.text()?.trim().is_empty() || node.text()?.contains(char::is_control) {
            return Err(node.wrong("a few words in one line", "write it in one line"));
        }
    }
    let mut published = Published::new(by.text()?, found);
    if let Some(how) = table.get("how") {
        published = published.how(how.text()?);
    }
    Ok(published)
}

/// Whether parameters have these values.
fn hold(wanted: &[(String, Node<'_>)], (scope, values): (&Scope, &[f64])) -> Result<bool, ProblemError> {
    let mut all = true;
    for (name, node) in wanted {
        let names = scope.parameters();
        let Some(place) = names.iter().position(|known| known == name) else {
            let remedy = match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove it".to_owned(),
            };
            let problem = format!("`{name}` is no parameter");
            return Err(ProblemError::new(&node.key, problem, "a name of [parameters]", remedy));
        };
        all &= node.number(scope, values)? == values[place];
    }
    Ok(all)
}
