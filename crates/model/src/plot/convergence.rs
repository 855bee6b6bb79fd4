//! Residuals over iterations.

use super::{Scale, Series, WriteError, diagram::Diagram, render, scene::Scene};
use std::path::Path;

/// A convergence plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Convergence {
    /// The text above.
    pub title: String,
    /// The curves, later ones in front of earlier ones.
    pub series: Vec<Series>,
    /// The tolerance, drawn as a dashed line in front of the curves.
    pub target: Option<f64>,
    /// The label of the horizontal axis.
    pub x_label: String,
    /// The label of the vertical axis, which is logarithmic.
    pub y_label: String,
}

/// Draws a convergence plot into a `.png` or `.svg` file.
pub fn convergence(path: &Path, plot: &Convergence) -> Result<(), WriteError> {
    render::save(path, &layout(plot))
}

pub(super) fn layout(plot: &Convergence) -> Scene {
    let Convergence { title, series, target, x_label, y_label } = plot;
    let y_scale = Scale::Logarithmic;
    Diagram { title, series, target: *target, x_label, y_label, y_scale, from_zero: true }.layout()
}
