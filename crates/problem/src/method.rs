//! Hints on how to solve a problem. Programs may override each of them.

use crate::Sampler;

/// What worked for this problem; everything is optional.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Method {
    /// `random-features`, `gaussians`, `pig` or `mlp`.
    pub name: Option<String>,
    /// The activation of random features: `sine`, `tanh`, `sigmoid` or `exponential`.
    pub activation: Option<String>,
    /// Number of features.
    pub features: Option<usize>,
    /// Standard deviation of the frequencies of random features, or 1/width of Gaussians.
    pub bandwidth: Option<f64>,
    /// Collocation points inside.
    pub points: Option<usize>,
    /// Collocation points on the boundary, all conditions together.
    pub boundary_points: Option<usize>,
    /// Collocation points at the initial time, each condition.
    pub initial_points: Option<usize>,
    /// Weight of boundary and initial rows against those inside.
    pub boundary_weight: Option<f64>,
    /// Number of time windows, solved one after another.
    pub windows: Option<usize>,
    /// Most Newton steps.
    pub steps: Option<usize>,
    /// Whether the corners of the domain have functions of their own beside the features.
    pub corners: Option<bool>,
    /// How points are spread.
    pub sampler: Option<Sampler>,
}

/// A solution on a lattice, in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the file: beside the problem file, or in the folder `$ANSATZ_REFERENCES`.
    pub file: String,
    /// The field that the array holds; in an npz, also the name of the array.
    pub field: usize,
    /// The coordinate of each axis of the array, by index. In an npz the values along it are an array with the name of the
    /// coordinate; in an npy they are evenly spaced from end to end.
    pub axes: Vec<usize>,
}
