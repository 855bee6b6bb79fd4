//! The frames of an animation.

use super::{HeatMap, WriteError, heat_map};
use std::path::{Path, PathBuf};

/// A field at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<'a> {
    /// What the title says of it, such as `t = 0.5`.
    pub label: &'a str,
    /// One value per cell, as in a [`HeatMap`].
    pub values: &'a [f64],
}

/// Draws a field at several times into a folder that exists, as `frame_0000.png`, `frame_0001.png`, …, which any tool for
/// films joins; returns the files. Everything but the values and the label is that of `map`.
///
/// All frames have the same colours: those of `map.range`, or else of all values that will be seen.
///
/// # Errors
/// As for a heat map; the frames before the one that fails are there.
pub fn frames(folder: &Path, map: &HeatMap<'_>, steps: &[Step<'_>]) -> Result<Vec<PathBuf>, WriteError> {
    let titles: Vec<String> =
        steps
            .iter()
            .map(|step| {
                if map.title.is_empty() {
                    step.label.into()
                } else {
                    format!("{}, {}", map.title, step.label)
                }
            })
            .collect();
    let maps: Vec<HeatMap<'_>> = steps
        .iter()
        .zip(&titles)
        .map(|(step, title)| HeatMap { title, values: step.values, ..*map })
        .collect();
    let files: Vec<PathBuf> = (0..maps.len()).map(|k| folder.join(format!("frame_{k:04}.png"))).collect();
    for (map, file) in maps.iter().zip(&files) {
        heat_map::check(file, map)?;
    }
    let colours = heat_map::colours(&maps);
    for (map, file) in maps.iter().zip(&files) {
        super::render::save(file, &heat_map::layout_with(map, &colours))?;
    }
    Ok(files)
}
