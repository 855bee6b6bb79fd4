//! Points with what belongs to them.

use std::sync::Arc;

use ansatz_expr::{Leaf, Program, Scratch};

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
        self.selected(&kept)
    }

    /// The points of these numbers, with all that belongs to them. Numbers past the last point are left out.
    pub fn selected(&self, numbers: &[usize]) -> Self {
        let (d, count) = (self.dimension, self.len());
        let gather = |all: &[f64], width: usize| -> Vec<f64> {
            let there = numbers.iter().filter(|&&p| p < count);
            there.flat_map(|p| &all[p * width..(p + 1) * width]).copied().collect()
        };
        Self {
            dimension: d,
            coordinates: gather(&self.coordinates, d),
            normals: self.normals.as_deref().map(|all| gather(all, d)),
            partners: self.partners.as_deref().map(|all| gather(all, d)),
            values: self.values.as_deref().map(|all| gather(all, 1)),
        }
    }

    /// Coordinate `axis` of every point.
    pub fn axis(&self, axis: usize) -> Vec<f64> {
        self.column(&self.coordinates, axis)
    }

    /// Component `axis` of every normal, where there are some.
    pub fn normal(&self, axis: usize) -> Option<Vec<f64>> {
        self.normals.as_deref().map(|normals| self.column(normals, axis))
    }

    fn column(&self, values: &[f64], axis: usize) -> Vec<f64> {
        values.iter().skip(axis).step_by(self.dimension.max(1)).copied().collect()
    }

    /// The outputs of a program at the points, `[output][point]`. Its coordinates and normals are those of the points; `other` gives
    /// what else it reads, normals of points that have none among it, a number for each point. All outputs are NaN where these are
    /// not as many.
    pub fn evaluate(&self, program: &Program, other: impl Fn(&Leaf) -> Vec<f64>) -> Vec<Vec<f64>> {
        let input = |leaf: &Leaf| match leaf {
            Leaf::Coordinate(axis) => self.axis(*axis),
            Leaf::Normal(axis) => self.normal(*axis).unwrap_or_else(|| other(leaf)),
            Leaf::Jet(_) | Leaf::Parameter(_) => other(leaf),
        };
        let inputs: Vec<Vec<f64>> = program.inputs().iter().map(input).collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let mut outputs = vec![vec![f64::NAN; self.len()]; program.output_count()];
        let mut arrays: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let evaluated = program.eval_points(&inputs, &mut arrays, &mut Scratch::default());
        debug_assert_eq!(evaluated, Ok(()), "a number for each point");
        outputs
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
    /// The line of each point in it, where it has lines.
    pub lines: Vec<u64>,
}

impl From<PointSet> for Cloud {
    fn from(points: PointSet) -> Self {
        Self { points: Arc::new(points), file: None, lines: Vec::new() }
    }
}
