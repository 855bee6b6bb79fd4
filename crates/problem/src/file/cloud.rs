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
    /// The names of the columns, where the file names them.
    pub columns: Vec<String>,
    /// The line of each row, where the file has lines.
    pub lines: Vec<u64>,
}

impl Array {
    /// Of this shape, without names and lines.
    pub fn new(shape: Vec<usize>, values: Vec<f64>) -> Self {
        Self { shape, values, columns: Vec::new(), lines: Vec::new() }
    }
}

/// Reads the array of a file that a problem file names, of at most so many numbers. The key of an error is filled in.
pub type ReadArray<'a> = dyn Fn(&str, usize) -> Result<Array, ProblemError> + 'a;

/// A coordinate in f32 may lie so far beyond the end of its range, in parts of that end.
const ROUNDING: f64 = 1e-7;

/// The points of a file: a row for each, with its coordinates and, where there may be values, perhaps a value. Where the file
/// names its columns, they may stand in any order beside others, and the value is that of the column `value`, or the only one left.
pub(super) fn cloud(
    node: &Node<'_>,
    domain: &Domain,
    value: Option<&str>,
    arrays: &ReadArray<'_>,
) -> Result<Cloud, ProblemError> {
    let (file, d) = (node.text()?, domain.dimension());
    let most = MAX_POINTS * (d + usize::from(value.is_some()));
    let array = arrays(file, most).map_err(|error| ProblemError { key: node.key.clone(), ..error })?;
    let wrong = |problem: String, expected: String, remedy: &str| {
        ProblemError::new(&node.key, format!("`{file}`: {problem}"), expected, remedy)
    };
    let (rows, columns) = match array.shape[..] {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => {
            let problem = format!("the array has {} dimensions", array.shape.len());
            let remedy = "save the points as rows of a matrix";
            return Err(wrong(problem, "two: a row for each point".into(), remedy));
        }
    };
    if rows == 0 {
        return Err(wrong(
            "there are no points".into(),
            "at least one".into(),
            "save one row for each point",
        ));
    }
    let names = domain.coordinates().join(", ");
    let order = if array.columns.is_empty() {
        (columns == d || value.is_some() && columns == d + 1).then(|| (0..columns).collect())
    } else {
        named(&array.columns, domain.coordinates(), value)
    };
    let Some(order): Option<Vec<usize>> = order else {
        let problem = match (&array.columns[..], columns) {
            ([], 1) => "1 column".into(),
            ([], _) => format!("{columns} columns"),
            (names, _) => format!("the columns are {}", names.join(", ")),
        };
        let value = match value {
            None => String::new(),
            Some("") => ", and perhaps one more for the value of the residual".to_owned(),
            Some(value) => format!(", and one more for the value of {value}"),
        };
        let expected = match array.columns.is_empty() {
            true => format!("{d}, one for each of {names}{value}"),
            false => format!("columns of the names {names}{value}"),
        };
        return Err(wrong(problem, expected, "save one row for each point, time last"));
    };
    let mut coordinates = Vec::with_capacity(rows * d);
    let mut targets = Vec::new();
    let bounds = domain.bounds();
    for row in array.values.chunks_exact(columns) {
        coordinates.extend(order.iter().zip(&bounds).map(|(&column, &range)| pulled(row[column], range)));
        targets.extend(order.get(d).map(|&column| row[column]));
    }
    let points = PointSet::new(d, coordinates);
    let points = if targets.is_empty() { points } else { points.with_values(targets) };
    Ok(Cloud { points: Arc::new(points), file: Some(file.to_owned()), lines: array.lines })
}

/// The columns with these coordinates, and that of the value.
fn named(columns: &[String], coordinates: &[String], value: Option<&str>) -> Option<Vec<usize>> {
    let place = |name: &str| columns.iter().position(|column| column == name);
    let mut order = coordinates.iter().map(|name| place(name)).collect::<Option<Vec<usize>>>()?;
    if let Some(value) = value {
        let mut others = (0..columns.len()).filter(|column| !order.contains(column));
        let only = others.next().filter(|_| others.next().is_none());
        order.extend(place(value).or(only));
    }
    Some(order)
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
