//! Collocation points on a box and its sides.

use ansatz_problem::{Domain, PointSet, Region};

use super::BaselineError;
use super::chebyshev::grid;
use super::series::Series;

/// The sides of a box in space, by their names.
pub(super) struct Sides {
    /// Coordinate, whether it is highest there, and every name that includes the side.
    sides: Vec<(usize, bool, Vec<String>)>,
    time: Option<[f64; 2]>,
}

impl Sides {
    /// The sides of a domain; none where it is no box.
    pub fn of(domain: &Domain) -> Option<Self> {
        let space = domain.shape().bounds();
        let mut pieces = domain.boundary();
        let mut sides = Vec::new();
        for (axis, name) in domain.coordinates().iter().enumerate().take(space.len()) {
            for (high, end) in [(false, "min"), (true, "max")] {
                let suffix = format!("{name}_{end}");
                let own = |piece: &str| {
                    piece.strip_suffix(&suffix).is_some_and(|p| p.is_empty() || p.ends_with('.'))
                };
                let place = pieces.iter().position(|piece| own(&piece.name))?;
                sides.push((axis, high, pieces.swap_remove(place).names));
            }
        }
        let volume: f64 = space.iter().map(|[low, high]| high - low).product();
        // Of what is composed the measure is an estimate: it is a box, up to that.
        let is_box = pieces.is_empty() && (domain.shape().measure() / volume - 1.0).abs() < 1e-12;
        is_box.then(|| Self { sides, time: domain.time() })
    }

    /// Gauss points of a region, for a series of this degree; given points as they are.
    pub fn points(&self, region: &Region, series: &Series) -> Result<PointSet, BaselineError> {
        let dimension = series.bounds.len();
        let axes: Vec<Vec<f64>> = (0..dimension).map(|axis| series.gauss_points(axis)).collect();
        let fixed = |axis: usize, value: f64| {
            let mut axes = axes.clone();
            axes[axis] = vec![value];
            grid(&axes)
        };
        let side = |axis: usize, high: bool| fixed(axis, series.bounds[axis][usize::from(high)]);
        match region {
            Region::Interior => Ok(PointSet::new(dimension, grid(&axes))),
            Region::Initial => {
                let [start, _] = self.time.ok_or(BaselineError::Region)?;
                Ok(PointSet::new(dimension, fixed(dimension - 1, start)))
            }
            Region::Periodic { axis } => {
                let mut points = PointSet::new(dimension, side(*axis, false));
                points.partners = Some(side(*axis, true));
                Ok(points)
            }
            Region::Boundary(names) => {
                let mut points = PointSet::new(dimension, Vec::new());
                let mut normals = Vec::new();
                for (axis, high, own) in &self.sides {
                    if names.iter().any(|name| name == "all" || own.contains(name)) {
                        let before = points.len();
                        points.coordinates.extend(side(*axis, *high));
                        let sign = if *high { 1.0 } else { -1.0 };
                        let normal = (0..dimension).map(|i| if i == *axis { sign } else { 0.0 });
                        let count = points.len() - before;
                        normals.extend(std::iter::repeat_n(normal.collect::<Vec<_>>(), count).flatten());
                    }
                }
                points.normals = Some(normals);
                Ok(points)
            }
            Region::Points(points) => Ok(PointSet::clone(points)),
        }
    }
}
