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
    const NAMES: [&str; 4] = ["random-features", "gaussians", "pig", "mlp"];
    const ACTIVATIONS: [&str; 4] = ["sine", "tanh", "sigmoid", "exponential"];
    table.only(&[
        "name",
        "activation",
        "features",
        "bandwidth",
        "points",
        "points_file",
        "boundary_points",
        "initial_points",
        "boundary_weight",
        "windows",
        "steps",
        "corners",
        "sampler",
    ])?;
    if let (Some(file), Some(_)) = (table.get("points_file"), table.get("points")) {
        let problem = "`points_file` beside `points`, which it takes the place of";
        return Err(ProblemError::new(file.key, problem, "one of them", "remove one"));
    }
    let count = |name: &str, most: usize| {
        let Some(node) = table.get(name) else { return Ok(None) };
        let count = node.count()?;
        if count == 0 || count > most {
            let expected = format!("a number from 1 to {most}");
            return Err(node.wrong(&expected, "use fewer, or leave it out"));
        }
        Ok(Some(count))
    };
    let positive = |name: &str, most: f64| {
        let Some(node) = table.get(name) else { return Ok(None) };
        let number = node.number(scope, values)?;
        let positive = (1.0 / most..=most).contains(&number).then_some(number);
        let expected = format!("a positive number, from {:e} to {most:e}", 1.0 / most);
        positive.map(Some).ok_or_else(|| node.wrong(&expected, "leave it out to have it chosen"))
    };
    let one_of = |name: &str, known: &[&str], expected: &str| match table.get(name) {
        Some(node) if known.contains(&node.text()?) => Ok(Some(node.text()?.to_owned())),
        Some(node) => Err(node.wrong(expected, "take one of these")),
        None => Ok(None),
    };
    let sampler = match table.get("sampler") {
        Some(node) => Some(node.text()?.parse().map_err(|_| {
            node.wrong("uniform, latin-hypercube, halton, sobol or grid", "take one of these")
        })?),
        None => None,
    };
    Ok(Method {
        name: one_of("name", &NAMES, "random-features, gaussians, pig or mlp")?,
        activation: one_of("activation", &ACTIVATIONS, "sine, tanh, sigmoid or exponential")?,
        features: count("features", 100_000)?,
        bandwidth: positive("bandwidth", 1e6)?,
        points: count("points", MAX_POINTS)?,
        boundary_points: count("boundary_points", MAX_POINTS)?,
        initial_points: count("initial_points", MAX_POINTS)?,
        boundary_weight: positive("boundary_weight", 1e12)?,
        windows: count("windows", 10_000)?,
        steps: count("steps", 1_000_000)?,
        corners: table.get("corners").map(|node| node.flag()).transpose()?,
        sampler,
    })
}
