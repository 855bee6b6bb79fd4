//! What is known of the solution, and how it was found.

use ansatz_expr::Scope;

use super::node::{Node, Table};
use crate::builder::ReferenceDraft;
use crate::{MAX_POINTS, Method, ProblemError};

pub(super) fn reference(node: &Node<'_>) -> Result<ReferenceDraft, ProblemError> {
    let table = node.table()?;
    table.only(&["file", "field", "axes"])?;
    let Some(file) = table.get("file") else {
        return Err(node.wrong("a `file`", "add file = \"solution.npz\""));
    };
    Ok(ReferenceDraft {
        file: file.text()?.to_owned(),
        field: table.get("field").map(|node| node.text().map(str::to_owned)).transpose()?,
        axes: table.get("axes").map(|node| node.texts()).transpose()?,
    })
}

pub(super) fn method(table: &Table<'_>, scope: &Scope, values: &[f64]) -> Result<Method, ProblemError> {
    const NAMES: [&str; 2] = ["random-features", "gaussians"];
    table.only(&[
        "name",
        "features",
        "bandwidth",
        "points",
        "points_file",
        "boundary_points",
        "initial_points",
        "boundary_weight",
        "windows",
        "steps",
        "sampler",
    ])?;
    if let (Some(file), Some(_)) = (table.get("points_file"), table.get("points")) {
        let problem = "`points_file` beside `points`, which it takes the place of";
        return Err(ProblemError::new(file.key, problem, "one of them", "remove one"));
    }
    let count = |name: &str| {
        let Some(node) = table.get(name) else { return Ok(None) };
        let count = node.count()?;
        if count == 0 || count > MAX_POINTS {
            let expected = format!("a number from 1 to {MAX_POINTS}");
            return Err(node.wrong(&expected, "use fewer, or leave it out"));
        }
        Ok(Some(count))
    };
    let positive = |name: &str| {
        let Some(node) = table.get(name) else { return Ok(None) };
        let number = node.number(scope, values)?;
        let positive = (number > 0.0).then_some(number);
        positive.map(Some).ok_or_else(|| node.wrong("a positive number", "leave it out to have it chosen"))
    };
    let name = match table.get("name") {
        Some(node) if NAMES.contains(&node.text()?) => Some(node.text()?.to_owned()),
        Some(node) => return Err(node.wrong("random-features or gaussians", "take one of these")),
        None => None,
    };
    let sampler = match table.get("sampler") {
        Some(node) => Some(node.text()?.parse().map_err(|_| {
            node.wrong("uniform, latin-hypercube, halton, sobol or grid", "take one of these")
        })?),
        None => None,
    };
    Ok(Method {
        name,
        features: count("features")?,
        bandwidth: positive("bandwidth")?,
        points: count("points")?,
        boundary_points: count("boundary_points")?,
        initial_points: count("initial_points")?,
        boundary_weight: positive("boundary_weight")?,
        windows: count("windows")?,
        steps: count("steps")?,
        sampler,
    })
}
