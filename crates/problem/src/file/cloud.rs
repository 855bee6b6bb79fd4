//! Points from files.

use std::sync::Arc;

use super::node::Node;
use crate::{Cloud, Domain, MAX_POINTS, PointSet, ProblemError};

/// An array from a file; the last index runs fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The length of each dimension.
    pub shape: Vec<usize>,
    /// The values, as many as the product of the lengths.
    pub values: Vec<f64>,
}

/// Reads the array of a file that a problem file names, of at most so many numbers. The key of an error is filled in.
pub type ReadArray<'a> = dyn Fn(&str, usize) -> Result<Array, ProblemError> + 'a;

/// A coordinate in f32 may lie so far beyond the end of its range, in parts of that end.
const ROUNDING: f64 = 1e-7;

/// The points of a file: a row for each, with its coordinates and, where there may be values, perhaps a value.
pub(super) fn cloud(
    node: &Node<'_>,
    domain: &Domain,
    valued: bool,
    arrays: &ReadArray<'_>,
) -> Result<Cloud, ProblemError> {
    let (file, d) = (node.text()?, domain.dimension());
    let most = MAX_POINTS * (d + usize::from(valued));
    let Array { shape, values } =
        arrays(file, most).map_err(|error| ProblemError { key: node.key.clone(), ..error })?;
    let wrong = |problem: String, expected: String, remedy: &str| {
        ProblemError::new(&node.key, format!("`{file}`: {problem}"), expected, remedy)
    };
    let (rows, columns) = match shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => {
            let problem = format!("the array has {} dimensions", shape.len());
            let remedy = "save the points as rows of a matrix";
            return Err(wrong(problem, "two: a row for each point".into(), remedy));
        }
    };
    if columns != d && !(valued && columns == d + 1) {
        let problem = if columns == 1 { "1 column".into() } else { format!("{columns} columns") };
        let names = domain.coordinates().join(", ");
        let value = if valued { ", and perhaps one more for the value of the residual" } else { "" };
        let expected = format!("{d}, one for each of {names}{value}");
        return Err(wrong(problem, expected, "save one row for each point, time last"));
    }
    if rows == 0 {
        return Err(wrong(
            "there are no points".into(),
            "at least one".into(),
            "save one row for each point",
        ));
    }
    let mut coordinates = Vec::with_capacity(rows * d);
    let mut targets = Vec::new();
    let bounds = domain.bounds();
    for row in values.chunks_exact(columns) {
        coordinates.extend(row.iter().zip(&bounds).map(|(&x, &range)| pulled(x, range)));
        targets.extend(row.get(d));
    }
    let points = PointSet::new(d, coordinates);
    let points = if targets.is_empty() { points } else { points.with_values(targets) };
    Ok(Cloud { points: Arc::new(points), file: Some(file.to_owned()) })
}

/// x, or the end of its range where only rounding lies between.
fn pulled(x: f64, [low, high]: [f64; 2]) -> f64 {
    let reach = ROUNDING * low.abs().max(high.abs());
    if x < low && x >= low - reach {
        low
    } else if x > high && x <= high + reach {
        high
    } else {
        x
    }
}
