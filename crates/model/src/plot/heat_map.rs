//! A field on a regular grid of cells.

use super::{
    Scale, WriteError,
    colour_scale::ColourScale,
    colours::{DARK, MASKED, NOT_FINITE, Rgb},
    frame::{self, Frame, SMALL},
    range::Range,
    render,
    scene::{Anchor, Image, Point, Scene},
    ticks,
};
use std::path::Path;

const WIDTH: f64 = 800.0;
pub(super) const TOP: f64 = 50.0;
const TALLEST: f64 = 640.0;
/// A colour bar needs this much to be read.
const SHORTEST_BAR: f64 = 160.0;
pub(super) const BAR: f64 = 20.0;
pub(super) const BAR_GAP: f64 = 28.0;
/// The height of the line at the foot that explains colours.
pub(super) const NOTES: f64 = 24.0;

/// A heat map.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HeatMap<'a> {
    /// The text above.
    pub title: &'a str,
    /// Number of cells along x.
    pub nx: usize,
    /// Number of cells along y.
    pub ny: usize,
    /// One value per cell: row after row, x running fastest, the first row at the bottom.
    pub values: &'a [f64],
    /// Where given, cells with anything but 0 are drawn grey and do not count for the range of colours, such as the
    /// solid cells of a flow.
    pub mask: Option<&'a [u8]>,
    /// What the note under the picture calls these cells; `masked` if empty.
    pub mask_label: &'a str,
    /// The coordinates of the left and the right edge; without them, x counts cells.
    pub x_range: Option<(f64, f64)>,
    /// The coordinates of the lower and the upper edge; without them, y counts cells.
    pub y_range: Option<(f64, f64)>,
    /// The label of the horizontal axis.
    pub x_label: &'a str,
    /// The label of the vertical axis.
    pub y_label: &'a str,
    /// The label of the colour bar.
    pub bar_label: &'a str,
    /// The values at the ends of the colour bar, so that several pictures can be compared; without it, those of the
    /// data. What lies beyond has the colour of the end.
    pub range: Option<(f64, f64)>,
    /// The divisions of the colour bar. A logarithmic one shows errors over up to four decades below the largest, and
    /// gives what lies below, zero too, the colour of its lower end.
    pub scale: Scale,
    /// Fills a picture of 4 by 3, for axes of different units such as x and t.
    pub stretched: bool,
}

/// Draws a heat map into a `.png` or `.svg` file.
///
/// A unit of x is as long as a unit of y unless the picture is stretched. Data of one sign are drawn in viridis, data of both signs from blue through
/// white at zero to red; what is not finite, in magenta.
pub fn heat_map(path: &Path, map: &HeatMap<'_>) -> Result<(), WriteError> {
    check(path, map)?;
    render::save(path, &layout(map))
}

pub(super) fn check(path: &Path, map: &HeatMap<'_>) -> Result<(), WriteError> {
    let wrong = |problem: String, expected: &str| Err(WriteError::unsuitable(path, problem, expected));
    let cells = map.nx.checked_mul(map.ny);
    if map.nx == 0 || map.ny == 0 || cells != Some(map.values.len()) {
        let problem = format!("{} values were given for {} by {} cells", map.values.len(), map.nx, map.ny);
        return wrong(problem, "one value per cell, and at least one cell");
    }
    if let Some(mask) = map.mask.filter(|mask| mask.len() != map.values.len()) {
        let problem = format!("the mask has {} flags for {} cells", mask.len(), map.values.len());
        return wrong(problem, "one flag per cell");
    }
    let (x, y) = ranges(map);
    for (low, high) in [x, y] {
        if !(low < high && (high - low).is_finite()) {
            return wrong(format!("an axis runs from {low} to {high}"), "a finite range that grows");
        }
    }
    if let Some((low, high)) =
        map.range.filter(|&(low, high)| ColourScale::fixed(map.scale, low, high).is_none())
    {
        let problem = format!("the colour bar runs from {low} to {high}");
        return wrong(problem, "a finite range that grows, and on a logarithmic bar a positive one");
    }
    Ok(())
}

/// The ends of the axes.
pub(super) fn ranges(map: &HeatMap<'_>) -> (Point, Point) {
    (map.x_range.unwrap_or((0.0, map.nx as f64)), map.y_range.unwrap_or((0.0, map.ny as f64)))
}

/// The height of a picture over its width.
pub(super) fn aspect(map: &HeatMap<'_>) -> f64 {
    let (x, y) = ranges(map);
    if map.stretched { 0.75 } else { (y.1 - y.0) / (x.1 - x.0) }
}

/// The colours of maps that share a bar; the first of them says how it is divided.
pub(super) fn colours(maps: &[HeatMap<'_>]) -> ColourScale {
    let (scale, range) = maps.first().map_or((Scale::Linear, None), |map| (map.scale, map.range));
    let values = maps.iter().flat_map(|map| {
        map.values.iter().enumerate().filter(|&(cell, _)| !is_masked(map, cell)).map(|(_, &value)| value)
    });
    range
        .and_then(|(low, high)| ColourScale::fixed(scale, low, high))
        .unwrap_or_else(|| ColourScale::holding(scale, values))
}

pub(super) fn layout(map: &HeatMap<'_>) -> Scene {
    layout_with(map, &colours(std::slice::from_ref(map)))
}

pub(super) fn layout_with(map: &HeatMap<'_>, scale: &ColourScale) -> Scene {
    let (x, y) = ranges(map);
    let (bar_ticks, bar_marks) = scale.ticks();
    let right = BAR_GAP + BAR + Frame::right_margin(&bar_marks);

    // The numbers on the y axis depend on the height, which depends on the room they leave.
    let y_marks = |height: f64| ticks::linear(y.0, y.1, (height / 55.0).clamp(2.0, 8.0));
    let left = Frame::left_margin(&y_marks(TALLEST).marks);
    let (room, aspect) = (WIDTH - left - right, aspect(map));
    let height = (room * aspect).clamp(2.0, TALLEST);
    let width = (height / aspect).clamp(2.0, room);
    let bar_height = height.max(SHORTEST_BAR);
    let marked = has_notes(map);
    let notes = if marked.is_empty() { 0.0 } else { NOTES };

    let mut scene = Scene::new(WIDTH, TOP + bar_height + Frame::BOTTOM_MARGIN + notes);
    let frame =
        Frame { left: left + (room - width) / 2.0, top: TOP + (bar_height - height) / 2.0, width, height };
    let bar = Frame { left: frame.right() + BAR_GAP, top: TOP, width: BAR, height: bar_height };
    scene.images.push(cells(map, scale, &frame));
    scene.images.push(gradient(scale, &bar));

    let (x_ticks, y_ticks) = (ticks::linear(x.0, x.1, (width / 75.0).clamp(2.0, 8.0)), y_marks(height));
    frame.outline(&mut scene);
    frame.x_axis(&mut scene, &placed(&x_ticks.marks, x), &x_ticks.label(map.x_label));
    frame.y_axis(&mut scene, &placed(&y_ticks.marks, y), &y_ticks.label(map.y_label));
    bar.outline(&mut scene);
    bar.right_axis(&mut scene, &bar_marks, &bar_ticks.label(map.bar_label));
    draw_notes(&mut scene, left, &marked);
    frame::title(&mut scene, map.title);
    scene
}

/// What the colours mean that stand for no value, at the foot of the page.
pub(super) fn draw_notes(scene: &mut Scene, left: f64, notes: &[(Rgb, &str)]) {
    let mut at = (left, scene.height - 20.0);
    for &(colour, text) in notes {
        scene.area(at, (SMALL, SMALL), colour);
        scene.text((at.0 + SMALL + 6.0, at.1 + 0.85 * SMALL), text, SMALL, Anchor::Start, DARK);
        at.0 += 110.0;
    }
}

/// Marks with their places between the ends of an axis.
pub(super) fn placed(marks: &[(f64, String)], (low, high): Point) -> Vec<(f64, String)> {
    Range { low, high }.placed(marks)
}

fn is_masked(map: &HeatMap<'_>, cell: usize) -> bool {
    map.mask.is_some_and(|mask| mask[cell] != 0)
}

/// The colours that stand for no value, where there are such cells.
pub(super) fn has_notes<'a>(map: &HeatMap<'a>) -> Vec<(Rgb, &'a str)> {
    let mut notes = Vec::new();
    if (0..map.values.len()).any(|cell| is_masked(map, cell)) {
        notes.push((MASKED, if map.mask_label.is_empty() { "masked" } else { map.mask_label }));
    }
    if map.values.iter().enumerate().any(|(cell, value)| !value.is_finite() && !is_masked(map, cell)) {
        notes.push((NOT_FINITE, "not finite"));
    }
    notes
}

pub(super) fn cells(map: &HeatMap<'_>, scale: &ColourScale, frame: &Frame) -> Image {
    // Few cells are drawn large, because some viewers blur small images; many are sampled.
    const FINEST: usize = 2048;
    let side = |cells: usize| if cells > FINEST { FINEST } else { cells * (FINEST / 2 / cells).max(1) };
    let (columns, rows) = (side(map.nx), side(map.ny));
    let mut pixels = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        let j = map.ny - 1 - row * map.ny / rows;
        pixels.extend((0..columns).map(|column| {
            let cell = j * map.nx + column * map.nx / columns;
            if is_masked(map, cell) { MASKED } else { scale.colour(map.values[cell]) }
        }));
    }
    Image { corner: (frame.left, frame.top), size: (frame.width, frame.height), columns, rows, pixels }
}

pub(super) fn gradient(scale: &ColourScale, bar: &Frame) -> Image {
    const STEPS: usize = 512;
    let pixels = (0..STEPS).map(|row| scale.colour_at(1.0 - (row as f64 + 0.5) / STEPS as f64)).collect();
    Image { corner: (bar.left, bar.top), size: (bar.width, bar.height), columns: 1, rows: STEPS, pixels }
}
