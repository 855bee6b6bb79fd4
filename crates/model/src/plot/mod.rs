//! Pictures of results, as PNG or SVG.
//!
//! A picture is laid out once into a `scene` of lines, discs, texts and images, measured in points; `render` turns the
//! scene into either format. The font (DejaVu Sans) is compiled in, so a picture is the same on every machine.

mod colours;
mod convergence;
mod frame;
mod heat_map;
mod render;
mod scene;
#[cfg(test)]
mod tests;
mod text;
mod ticks;

pub use crate::io::WriteError;
pub use convergence::{Convergence, Series, Style, convergence};
pub use heat_map::{HeatMap, heat_map};
