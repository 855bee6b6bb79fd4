//! Reference solutions from files: values on a grid, and between its points by interpolation.

use crate::io::{NdArray, ReadError, npy, npz};
use std::path::Path;

/// A dimension of a reference, as the domain has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The name of the coordinate, such as `x`: the name of its grid in an `.npz`.
    pub name: String,
    /// The smallest coordinate.
    pub low: f64,
    /// The largest coordinate.
    pub high: f64,
    /// Whether the solution goes on at `low` where it ends at `high`.
    pub periodic: bool,
}

/// A solution on the points of a rectilinear grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    axes: Vec<Vec<f64>>,
    /// The period of each axis that has one.
    periods: Vec<Option<f64>>,
    values: NdArray,
}

/// Points on a line through which the interpolating polynomial goes: four make it cubic.
const STENCIL: usize = 4;

impl Reference {
    /// Reads the array of a solution: one dimension for each of `axes`, in their order.
    ///
    /// An `.npz` holds the solution under the name `field`, and the coordinates of the grid under the names of the axes;
    /// where an axis has none there, and in an `.npy`, the points are spread evenly from `low` to `high`, both included.
    ///
    /// # Errors
    /// A file that cannot be read, or an array that is no grid of these axes; said with the name of the file.
    pub fn read(path: &Path, field: &str, axes: &[Axis]) -> Result<Self, ReadError> {
        let file = path.display().to_string();
        let (values, grids) =
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
                let mut archive = npz::Archive::open(path)?;
                let values = archive.array(field)?;
                let mut grids = Vec::new();
                for axis in axes {
                    let given = archive.names().contains(&axis.name.as_str());
                    grids.push(if given { Some(archive.array(&axis.name)?) } else { None });
                }
                (values, grids)
            } else {
                (npy::read_array(path)?, vec![None; axes.len()])
            };
        let wrong = |problem: String, expected: String, remedy: &str| ReadError::BadData {
            file: file.clone(),
            line: None,
            problem,
            expected,
            remedy: remedy.into(),
        };
        if values.shape.len() != axes.len() {
            let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
            return Err(wrong(
                format!("the solution has {} dimensions", values.shape.len()),
                format!("{}, one for each of {}", axes.len(), names.join(", ")),
                "save the array in this order of dimensions",
            ));
        }
        let points = axes.iter().zip(grids).zip(&values.shape).map(|((axis, grid), &count)| {
            let points = match grid {
                Some(grid) => grid.values,
                None => spread(axis.low, axis.high, count),
            };
            let flaw = if points.len() != count {
                format!("the grid of {} has {} points for {count} values", axis.name, points.len())
            } else if count == 0 || !points.iter().all(|x| x.is_finite()) {
                format!("the grid of {} is empty or not finite", axis.name)
            } else if !points.is_sorted_by(|a, b| a < b) {
                format!("the grid of {} does not rise", axis.name)
            } else if axis.periodic && (points[count - 1] - points[0]) > (axis.high - axis.low) * (1.0 + 1e-9)
            {
                format!("the grid of {} is longer than the period", axis.name)
            } else {
                return Ok(points);
            };
            Err(wrong(flaw, "rising coordinates, one per value".into(), "save the grid with the solution"))
        });
        let points: Vec<Vec<f64>> = points.collect::<Result<_, _>>()?;
        if let Some(at) = values.values.iter().position(|value| !value.is_finite()) {
            return Err(wrong(
                format!("value number {at} of the solution is {}", values.values[at]),
                "finite numbers".into(),
                "check how the file was made",
            ));
        }
        let periods = axes.iter().map(|axis| axis.periodic.then_some(axis.high - axis.low)).collect();
        Ok(Self { axes: points, periods, values })
    }

    /// The coordinates of the grid, dimension by dimension.
    pub fn axes(&self) -> &[Vec<f64>] {
        &self.axes
    }

    /// The values on the grid, the last dimension running fastest.
    pub fn values(&self) -> &[f64] {
        &self.values.values
    }

    /// The solution at a point: on a point of the grid its value, without rounding; between them a polynomial through
    /// four points in each dimension (cubic Lagrange, one-sided at the ends; of lower degree where there are fewer), so
    /// with an error O(h⁴). Beyond the grid the outermost polynomial goes on.
    ///
    /// NaN where `point` has not one coordinate for each axis.
    pub fn at(&self, point: &[f64]) -> f64 {
        if point.len() != self.axes.len() {
            return f64::NAN;
        }
        let rows: Vec<Vec<(usize, f64)>> = point
            .iter()
            .zip(&self.axes)
            .zip(&self.periods)
            .map(|((&x, axis), &period)| weights(axis, period, x))
            .collect();
        self.sum(&rows, 0)
    }

    /// The weighted sum over the remaining dimensions, from the element (`start`, …) on.
    fn sum(&self, rows: &[Vec<(usize, f64)>], start: usize) -> f64 {
        let dimension = self.axes.len() - rows.len();
        let Some((row, rest)) = rows.split_first() else { return self.values.values[start] };
        let terms = row
            .iter()
            .map(|&(index, weight)| weight * self.sum(rest, start * self.values.shape[dimension] + index));
        terms.sum()
    }
}

/// `count` points from `low` to `high`, both included.
fn spread(low: f64, high: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1);
    let between = |k: usize| low + (high - low) * (k as f64 / last as f64);
    (0..count)
        .map(|k| {
            if k == last && last > 0 {
                high
            } else if k == 0 {
                low
            } else {
                between(k)
            }
        })
        .collect()
}

/// Indices and weights of the Lagrange polynomial at `x`; those with weight zero are left out.
fn weights(axis: &[f64], period: Option<f64>, x: f64) -> Vec<(usize, f64)> {
    // A grid that holds both ends of a period has one point twice.
    let distinct = match (period, axis) {
        (Some(period), [first, .., last]) if last - first > period * (1.0 - 1e-9) => axis.len() - 1,
        _ => axis.len(),
    };
    let axis = &axis[..distinct];
    let x = match period {
        // A point within the period is left as it is, because turning it would round it.
        Some(period) if !(0.0..period).contains(&(x - axis[0])) => axis[0] + (x - axis[0]).rem_euclid(period),
        _ => x,
    };
    // Points number −1, n, n + 1, … of a periodic grid are others, a period further on.
    let point = |k: isize| {
        let n = distinct as isize;
        axis[k.rem_euclid(n) as usize] + period.unwrap_or(0.0) * k.div_euclid(n) as f64
    };
    let size = STENCIL.min(distinct) as isize;
    let below = axis.partition_point(|&p| p <= x) as isize - 1;
    let first = below - (size - 1) / 2;
    let first = if period.is_some() { first } else { first.clamp(0, distinct as isize - size) };
    let mut row = Vec::with_capacity(STENCIL);
    for i in first..first + size {
        let weight: f64 = (first..first + size)
            .filter(|&j| j != i)
            .map(|j| (x - point(j)) / (point(i) - point(j)))
            .product();
        if weight != 0.0 {
            row.push((i.rem_euclid(distinct as isize) as usize, weight));
        }
    }
    row
}
