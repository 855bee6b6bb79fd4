//! Points with what belongs to them.

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
}

impl PointSet {
    /// Bare points, `coordinates[p * dimension + i]`. Numbers past the last whole point are dropped.
    pub fn new(dimension: usize, mut coordinates: Vec<f64>) -> Self {
        coordinates.truncate(coordinates.len() / dimension.max(1) * dimension);
        Self { dimension, coordinates, normals: None, partners: None }
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
