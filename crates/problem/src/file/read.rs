//! From TOML to a problem as text.

use ansatz_expr::{Scope, nearest};
use toml::de::DeTable;

use super::cloud::{ReadArray, cloud};
use super::hints::{method, reference};
use super::inverse::{data, unknowns};
use super::node::{Node, Table};
use super::published::published;
use super::shape::shape;
use super::source::{Lines, Source};
use crate::builder::{Draft, DraftRegion, ProblemBuilder};
use crate::domain::list;
use crate::{Domain, Place, PointSet, ProblemError, Shape};

const KEYS: [&str; 22] = [
    "name",
    "title",
    "fields",
    "allow_missing",
    "parameters",
    "unknowns",
    "coordinates",
    "domain",
    "time",
    "define",
    "equation",
    "boundary",
    "initial",
    "points",
    "data",
    "exact",
    "transform",
    "energy",
    "reference",
    "published",
    "evaluate",
    "method",
];

pub(super) fn problem(
    file: &str,
    text: &str,
    set: &[(String, String)],
    arrays: &ReadArray<'_>,
) -> Result<ProblemBuilder, ProblemError> {
    let root = DeTable::parse(text).map_err(|error| {
        let (line, column) = Lines::new(text).place(text, error.span().map_or(0, |span| span.start));
        let place = Box::new(Place { file: file.to_owned(), line, column });
        let message = error.message().replace('\n', "; ");
        ProblemError {
            place: Some(place),
            ..ProblemError::new("", message, "a file in TOML", "correct the syntax at this place")
        }
    })?;
    let source = Source::new(file, text, root.get_ref());
    let mut builder =
        top(&Table::new("", root.get_ref()), file, set, arrays).map_err(|error| source.locate(error))?;
    builder.source = Some(source);
    Ok(builder)
}

fn top(
    root: &Table<'_>,
    file: &str,
    set: &[(String, String)],
    arrays: &ReadArray<'_>,
) -> Result<ProblemBuilder, ProblemError> {
    root.only(&KEYS)?;
    let unknown = match root.get("unknowns") {
        Some(node) => node.table()?.entries(),
        None => Vec::new(),
    };
    let (scope, values) = parameters(root, set, &unknown)?;
    let mut builder = ProblemBuilder::new(domain(root, &scope, &values)?);
    builder.parameters = scope.parameters().iter().cloned().zip(values.iter().copied()).collect();
    builder.unknowns = unknowns(&unknown, set, (&scope, &values))?;
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    builder.name = match root.get("name") {
        Some(name) => name.text()?.to_owned(),
        None => stem.strip_suffix(".toml").unwrap_or(stem).to_owned(),
    };
    if let Some(title) = root.get("title") {
        builder.title = title.text()?.to_owned();
    }
    if let Some(fields) = root.get("fields") {
        builder.fields = fields.texts()?;
    }
    if let Some(allow) = root.get("allow_missing") {
        builder.allow_missing = allow.texts()?;
    }
    builder.definitions = texts(root, "define")?;
    builder.exact = texts(root, "exact")?;
    builder.transforms = texts(root, "transform")?;
    for kind in ["equation", "boundary", "initial", "points"] {
        if let Some(conditions) = root.get(kind) {
            for condition in conditions.list()? {
                builder.conditions.push(draft(
                    kind,
                    &condition.table()?,
                    &builder.domain,
                    &scope,
                    &values,
                    arrays,
                )?);
            }
        }
    }
    if let Some(measured) = root.get("data") {
        for measured in measured.list()? {
            let draft = data(&measured.table()?, &builder.domain, (&scope, &values), arrays)?;
            builder.conditions.push(draft);
        }
    }
    if let Some(energy) = root.get("energy") {
        let energy = energy.table()?;
        energy.only(&["density"])?;
        builder.energy =
            energy.get("density").map(|density| density.text().map(str::to_owned)).transpose()?;
    }
    builder.reference = root.get("reference").map(|node| reference(&node)).transpose()?;
    builder.published = published(root, (&scope, &values))?;
    if let Some(evaluate) = root.get("evaluate") {
        let evaluate = evaluate.table()?;
        evaluate.only(&["grid"])?;
        if let Some(grid) = evaluate.get("grid") {
            builder.evaluate = Some(grid.list()?.iter().map(Node::count).collect::<Result<_, _>>()?);
        }
    }
    if let Some(node) = root.get("method") {
        let table = node.table()?;
        builder.method = method(&table, &scope, &values)?;
        let file = table.get("points_file");
        builder.cloud = file.map(|node| cloud(&node, &builder.domain, None, arrays)).transpose()?;
    }
    Ok(builder)
}

/// Names and values of the parameters: each may use those above it, and `set` overrides, as it does where the search for the
/// unknown ones begins.
fn parameters(
    root: &Table<'_>,
    set: &[(String, String)],
    unknown: &[(String, Node<'_>)],
) -> Result<(Scope, Vec<f64>), ProblemError> {
    let mut scope = Scope::default();
    let mut values = Vec::new();
    let entries = match root.get("parameters") {
        Some(node) => node.table()?.entries(),
        None => Vec::new(),
    };
    let names: Vec<&str> = entries.iter().chain(unknown).map(|(name, _)| name.as_str()).collect();
    if let Some((name, _)) = set.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        let known = if names.is_empty() { "none: there are no parameters".into() } else { names.join(", ") };
        let remedy = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "leave it out, or add it to [parameters]".into(),
        };
        let problem = format!("`{name}` is set, but it is no parameter");
        return Err(ProblemError::new("parameters", problem, format!("one of {known}"), remedy));
    }
    for (name, node) in &entries {
        // The last of several settings holds.
        let value = match set.iter().rev().find(|(other, _)| other == name) {
            Some((_, text)) => super::number(&node.key, text, &scope, &values)?,
            None => node.number(&scope, &values)?,
        };
        scope = scope.with_parameter(name).map_err(|error| {
            ProblemError::new(&node.key, error.to_string(), "a name that is free", "rename it")
        })?;
        values.push(value);
    }
    Ok((scope, values))
}

fn domain(root: &Table<'_>, scope: &Scope, values: &[f64]) -> Result<Domain, ProblemError> {
    let domain = match (root.get("coordinates"), root.get("domain")) {
        (Some(node), _) if node.list().is_ok() => {
            let expected = "[coordinates] with a range for each, or names for the coordinates of a shape within [domain]";
            return Err(node.wrong(expected, "move it below the line [domain]"));
        }
        (Some(node), None) => {
            let mut names = Vec::new();
            let mut ranges = Vec::new();
            for (name, range) in node.table()?.entries() {
                let [low, high] = range.range(scope, values)?;
                if low >= high {
                    let range_text = list(&[low, high], "[]");
                    let problem = match low > high {
                        true => format!("the range {range_text} runs backwards"),
                        false => {
                            format!("the range {range_text} has no length, so the domain has zero volume")
                        }
                    };
                    return Err(ProblemError::new(
                        range.key,
                        problem,
                        "a low end below the high one",
                        "correct the range",
                    ));
                }
                ranges.push([low, high]);
                names.push(name);
            }
            Domain::named(Shape::cuboid(&ranges), names)
        }
        (None, Some(node)) => {
            let table = node.table()?;
            let shape = shape(&table, &["coordinates"], scope, values)?;
            match table.get("coordinates") {
                Some(names) => Domain::named(shape, names.texts()?),
                None => Domain::from(shape),
            }
        }
        (None, None) => {
            let problem = "there is no domain";
            let remedy = "add [coordinates] with x = [0, 1]";
            return Err(ProblemError::new("", problem, "[coordinates] for a box, or [domain]", remedy));
        }
        (Some(_), Some(_)) => {
            let problem = "both [coordinates] and [domain] are given";
            return Err(ProblemError::new("domain", problem, "one of them", "remove one"));
        }
    };
    let Some(node) = root.get("time") else { return Ok(domain) };
    let entries = node.table()?.entries();
    let [(name, range)] = entries.as_slice() else {
        return Err(node.wrong("one coordinate", "write time = { t = [0, 1] }"));
    };
    Ok(domain.over(name, range.range(scope, values)?))
}

/// The entries of a table of texts.
fn texts(root: &Table<'_>, name: &str) -> Result<Vec<(String, String)>, ProblemError> {
    let Some(node) = root.get(name) else { return Ok(Vec::new()) };
    let entries = node.table()?.entries();
    entries.into_iter().map(|(name, node)| Ok((name, node.text()?.to_owned()))).collect()
}

fn draft(
    kind: &str,
    table: &Table<'_>,
    domain: &Domain,
    scope: &Scope,
    values: &[f64],
    arrays: &ReadArray<'_>,
) -> Result<Draft, ProblemError> {
    let own: &[&str] = match kind {
        "boundary" => &["on", "periodic"],
        "points" => &["at", "points_file"],
        _ => &[],
    };
    table.only(&[["residual", "name", "weight", "when"].as_slice(), own].concat())?;
    let place = match (kind, table.get("periodic")) {
        ("equation", _) => DraftRegion::Interior,
        ("initial", _) => DraftRegion::Initial,
        ("boundary", Some(periodic)) => {
            for key in ["on", "residual"] {
                if let Some(node) = table.get(key) {
                    let problem = format!("`{key}` beside `periodic`");
                    return Err(ProblemError::new(
                        node.key,
                        problem,
                        "`periodic` alone, which says all",
                        "remove it, or write a [[boundary]] of its own",
                    ));
                }
            }
            DraftRegion::Periodic(periodic.text()?.to_owned())
        }
        ("boundary", None) => match table.get("on") {
            Some(on) => DraftRegion::Boundary(on.texts()?),
            None => {
                let problem = "it is not said on which part of the boundary it holds";
                let remedy = "add on = \"all\", or on = [\"x_min\"]";
                return Err(ProblemError::new(&table.key, problem, "`on` or `periodic`", remedy));
            }
        },
        _ => DraftRegion::Points(match (table.get("at"), table.get("points_file")) {
            (Some(at), None) => points(&at, scope, values)?.into(),
            (None, Some(file)) => cloud(&file, domain, Some(""), arrays)?,
            (at, _) => {
                let (problem, remedy) = match at {
                    Some(_) => ("the points are given twice", "remove one of them"),
                    None => (
                        "it is not said at which points it holds",
                        "add at = [[0, 0], [1, 0]], or points_file",
                    ),
                };
                return Err(ProblemError::new(&table.key, problem, "`at` or `points_file`", remedy));
            }
        }),
    };
    let residual = match (table.get("residual"), &place) {
        (Some(node), _) => node.text()?.to_owned(),
        (None, DraftRegion::Periodic(_)) => String::new(),
        (None, _) => {
            return Err(ProblemError::new(
                &table.key,
                "there is no residual",
                "`residual`",
                "add residual = \"left = right\"",
            ));
        }
    };
    let text = |name: &str| table.get(name).map(|node| node.text().map(str::to_owned)).transpose();
    let weight = table.get("weight").map(|node| node.number(scope, values)).transpose()?;
    Ok(Draft {
        place,
        key: table.key.clone(),
        residual,
        name: text("name")?,
        weight,
        when: text("when")?,
        noise: None,
    })
}

fn points(at: &Node<'_>, scope: &Scope, values: &[f64]) -> Result<PointSet, ProblemError> {
    let mut coordinates = Vec::new();
    let mut dimension = None;
    for point in at.list()? {
        let x = point.numbers(scope, values)?;
        if x.len() != *dimension.get_or_insert(x.len()) {
            return Err(
                point.wrong("as many coordinates as the points before it", "give every point all of them")
            );
        }
        coordinates.extend(x);
    }
    Ok(PointSet::new(dimension.unwrap_or(0), coordinates))
}
