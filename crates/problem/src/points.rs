//! Points with what belongs to them.

use std::sync::Arc;

/// Points of one region.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PointSet {
    /// Number of coordinates of a point, time included.
    pub dimension: usize,
    /// `coordinates[p * dimension + i]`: coordinate i of point p.
    pub coordinates: Vec<f64>,
    /// Outward unit normals of points on a boundary, laid out as the coordinates; zero along time.
    pub normals: Option<Vec<f64>>,
    /// For a periodic condition: the twin of each point on the other side, laid out as the coordinates.
    pub partners: Option<Vec<f64>>,
    /// What a residual shall be at each point: 0 where there are no values.
    pub values: Option<Vec<f64>>,
}

impl PointSet {
    /// Bare points, `coordinates[p * dimension + i]`. Numbers past the last whole point are dropped.
    pub fn new(dimension: usize, mut coordinates: Vec<f64>) -> Self {
        coordinates.truncate(coordinates.len() / dimension.max(1) * dimension);
        Self { dimension, coordinates, normals: None, partners: None, values: None }
    }

    /// With what a residual shall be at each point: measurements, say. Values that are missing are NaN, which no problem
    /// takes.
    pub fn with_values(mut self, mut values: Vec<f64>) -> Self {
        values.resize(self.len(), f64::NAN);
        self.values = Some(values);
        self
    }

    /// The points that `keep` takes, with all that belongs to them.
    pub fn filtered(&self, keep: impl Fn(&[f64]) -> bool) -> Self {
        let kept: Vec<usize> = self.iter().enumerate().filter(|(_, x)| keep(x)).map(|(p, _)| p).collect();
        let d = self.dimension;
        let gather = |all: &[f64], width: usize| -> Vec<f64> {
            kept.iter().flat_map(|p| &all[p * width..(p + 1) * width]).copied().collect()
        };
        Self {
            dimension: d,
            coordinates: gather(&self.coordinates, d),
            normals: self.normals.as_deref().map(|all| gather(all, d)),
            partners: self.partners.as_deref().map(|all| gather(all, d)),
            values: self.values.as_deref().map(|all| gather(all, 1)),
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.coordinates.len() / self.dimension.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.coordinates.is_empty()
    }

    /// Point `p`.
    pub fn point(&self, p: usize) -> &[f64] {
        &self.coordinates[p * self.dimension..(p + 1) * self.dimension]
    }

    /// The points one after another.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.coordinates.chunks_exact(self.dimension.max(1))
    }
}

/// Points that are given, not drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// The points.
    pub points: Arc<PointSet>,
    /// The file they are from, as the problem file names it.
    pub file: Option<String>,
}

impl From<PointSet> for Cloud {
    fn from(points: PointSet) -> Self {
        Self { points: Arc::new(points), file: None }
    }
}
