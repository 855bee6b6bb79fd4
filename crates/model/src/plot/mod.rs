//! Pictures of results, as PNG or SVG.
//!
//! A picture is laid out once into a `scene` of lines, discs, texts and images, measured in points; `render` turns the
//! scene into either format. The font (DejaVu Sans) is compiled in, so a picture is the same on every machine.

mod bars;
mod colour_scale;
mod colours;
mod convergence;
mod curves;
mod diagram;
mod frame;
mod frames;
mod heat_map;
mod lines;
mod range;
mod render;
mod scene;
mod slices;
#[cfg(test)]
mod tests;
mod text;
mod ticks;

pub use crate::io::WriteError;
pub use bars::{Bar, BarGroup, Bars, bars};
pub use convergence::{Convergence, convergence};
pub use curves::{Series, Style};
pub use diagram::Scale;
pub use frames::{Step, frames};
pub use heat_map::{HeatMap, heat_map};
pub use lines::{Lines, lines};
pub use slices::{Slices, slices};
