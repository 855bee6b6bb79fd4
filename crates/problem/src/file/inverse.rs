//! Parameters that are to be found, and measurements to find them from.

use ansatz_expr::Scope;

use super::cloud::{ReadArray, cloud};
use super::node::{Node, Table};
use crate::builder::{Draft, DraftRegion, Samples};
use crate::{Domain, ProblemError, Unknown};

/// The entries of `[unknowns]`, numbers or tables; `set` overrides where they begin.
pub(super) fn unknowns(
    entries: &[(String, Node<'_>)],
    set: &[(String, String)],
    (scope, values): (&Scope, &[f64]),
) -> Result<Vec<Unknown>, ProblemError> {
    let unknown = |(name, node): &(String, Node<'_>)| {
        let mut unknown = Unknown::new(name, 0.0);
        let start = match node.table() {
            Err(_) => Some(node.clone()),
            Ok(table) => {
                table.only(&["start", "min", "max", "exact"])?;
                let number = |key: &str| table.get(key).map(|node| node.number(scope, values)).transpose();
                let [low, high] = unknown.bounds;
                unknown.bounds = [number("min")?.unwrap_or(low), number("max")?.unwrap_or(high)];
                unknown.exact = number("exact")?;
                table.get("start")
            }
        };
        // The last of several settings holds.
        let given = set.iter().rev().find(|(other, _)| other == name);
        unknown.start = match (given, start) {
            (Some((_, text)), _) => super::number(&node.key, text, scope, values)?,
            (None, Some(start)) => start.number(scope, values)?,
            (None, None) => return Err(node.wrong("a `start`", "add start = 1")),
        };
        Ok(unknown)
    };
    entries.iter().map(unknown).collect()
}

/// An entry of `[[data]]`.
pub(super) fn data(
    table: &Table<'_>,
    domain: &Domain,
    (scope, values): (&Scope, &[f64]),
    arrays: &ReadArray<'_>,
) -> Result<Draft, ProblemError> {
    table.only(&["of", "file", "values", "points", "seed", "noise", "name", "weight", "when"])?;
    let missing = |problem: &str, expected: &str, remedy: &str| {
        ProblemError::new(&table.key, problem, expected, remedy)
    };
    let Some(of) = table.get("of") else {
        return Err(missing("it is not said what was measured", "`of`, a field", "add of = \"u\""));
    };
    let of = of.text()?.to_owned();
    let place = match (table.get("file"), table.get("values")) {
        (Some(file), None) => {
            if let Some(node) = ["points", "seed"].into_iter().find_map(|key| table.get(key)) {
                return Err(node.wrong("nothing beside `file`, which holds the points", "remove it"));
            }
            DraftRegion::Points(cloud(&file, domain, Some(&of), arrays)?)
        }
        (None, Some(expression)) => {
            let Some(points) = table.get("points") else {
                return Err(missing(
                    "it is not said at how many points",
                    "`points` beside `values`",
                    "add points = 100",
                ));
            };
            let seed = table.get("seed").map(|node| node.count()).transpose()?.unwrap_or(0);
            let values = expression.text()?.to_owned();
            DraftRegion::Samples(Samples { values, count: points.count()?, seed: seed as u64 })
        }
        (file, _) => {
            let problem = if file.is_some() { "the values are given twice" } else { "there are no values" };
            return Err(missing(problem, "`file`, or `values` and `points`", "give one of the two"));
        }
    };
    let text = |name: &str| table.get(name).map(|node| node.text().map(str::to_owned)).transpose();
    let number = |name: &str| table.get(name).map(|node| node.number(scope, values)).transpose();
    Ok(Draft {
        place,
        key: table.key.clone(),
        residual: of,
        name: text("name")?,
        weight: number("weight")?,
        when: text("when")?,
        noise: Some(number("noise")?.unwrap_or(0.0)),
    })
}
