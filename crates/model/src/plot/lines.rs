//! Functions of one variable.

use super::{Scale, Series, WriteError, diagram::Diagram, render, scene::Scene};
use std::path::Path;

/// A plot of functions of one variable, such as a solution and the exact one, or an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// The text above.
    pub title: String,
    /// The curves, later ones in front of earlier ones.
    pub series: Vec<Series>,
    /// The label of the horizontal axis.
    pub x_label: String,
    /// The label of the vertical axis.
    pub y_label: String,
    /// The divisions of the vertical axis: errors are best seen on a logarithmic one.
    pub y_scale: Scale,
}

/// Draws functions of one variable into a `.png` or `.svg` file.
///
/// # Errors
/// An extension that names no picture, or what the file system says.
pub fn lines(path: &Path, plot: &Lines) -> Result<(), WriteError> {
    render::save(path, &layout(plot))
}

pub(super) fn layout(plot: &Lines) -> Scene {
    let Lines { title, series, x_label, y_label, y_scale } = plot;
    Diagram { title, series, target: None, x_label, y_label, y_scale: *y_scale, from_zero: false }.layout()
}
