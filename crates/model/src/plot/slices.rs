//! Several fields on one page.

use super::{
    HeatMap, WriteError,
    colour_scale::ColourScale,
    colours::BLACK,
    frame::{self, Frame, LABEL, SMALL},
    heat_map::{self, BAR, BAR_GAP, NOTES, TOP, aspect, cells, gradient, placed, ranges},
    render,
    scene::{Anchor, Scene},
    text, ticks,
};
use std::path::Path;

const NARROW_PAGE: f64 = 800.0;
const WIDE_PAGE: f64 = 1100.0;
/// The height of all rows of pictures together, at most.
const TALLEST: f64 = 780.0;
/// The line above a picture that says what it is.
const HEADING: f64 = 26.0;
/// Between a picture and the heading of the next row.
const ROW_GAP: f64 = 10.0;
const SHORTEST: f64 = 60.0;

/// Several heat maps on one page, row after row; the title of each stands above it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slices<'a> {
    /// The text above all.
    pub title: &'a str,
    /// The pictures.
    pub maps: &'a [HeatMap<'a>],
    /// Whether they share one colour bar and the axes, as one field at several times or in several sections does. The
    /// bar and the labels are then those of the first map. Else each has its own, as a solution and its error do.
    pub shared: bool,
}

/// Draws several heat maps into a `.png` or `.svg` file.
///
/// # Errors
/// As for a single one; no map at all; maps that share axes but not their ranges.
pub fn slices(path: &Path, slices: &Slices<'_>) -> Result<(), WriteError> {
    for map in slices.maps {
        heat_map::check(path, map)?;
    }
    let Some(first) = slices.maps.first() else {
        return Err(WriteError::unsuitable(path, "there is nothing to draw", "at least one map"));
    };
    if slices.shared && slices.maps.iter().any(|map| ranges(map) != ranges(first)) {
        let problem = "the maps share axes but differ in their ranges";
        return Err(WriteError::unsuitable(path, problem, "the same ranges, or axes of their own"));
    }
    render::save(path, &layout(slices))
}

pub(super) fn layout(slices: &Slices<'_>) -> Scene {
    let columns = match slices.maps.len() {
        count @ ..=3 => count.max(1),
        4 => 2,
        5 | 6 | 9 => 3,
        _ => 4,
    };
    let page = Page { slices, columns, rows: slices.maps.len().div_ceil(columns) };
    if slices.shared { page.shared() } else { page.separate() }
}

struct Page<'a> {
    slices: &'a Slices<'a>,
    columns: usize,
    rows: usize,
}

impl Page<'_> {
    /// One bar at the right of all; numbers along the outer sides only.
    fn shared(&self) -> Scene {
        let maps = self.slices.maps;
        let Some(first) = maps.first() else { return Scene::new(NARROW_PAGE, TOP) };
        let scale = heat_map::colours(maps);
        let (bar_ticks, bar_marks) = scale.ticks();
        let (x, y) = ranges(first);
        let page_width = if self.columns > 2 { WIDE_PAGE } else { NARROW_PAGE };
        let right = BAR_GAP + BAR + Frame::right_margin(&bar_marks);
        let y_ticks = |height: f64| ticks::linear(y.0, y.1, (height / 55.0).clamp(2.0, 8.0));
        let x_ticks = |width: f64| ticks::linear(x.0, x.1, (width / 75.0).clamp(2.0, 8.0));
        let left = Frame::left_margin(&y_ticks(TALLEST).marks);
        let inner = page_width - left - right;
        // The last number below a picture and the first below the next one stay apart.
        let widest = |width: f64| {
            x_ticks(width).marks.iter().map(|(_, label)| text::width(label, SMALL)).fold(0.0, f64::max)
        };
        let columns = self.columns as f64;
        let gap = widest(inner / columns) + SMALL;
        let (width, height) = self.fit((inner - (columns - 1.0) * gap) / columns, aspect(first));
        let all = columns * width + (columns - 1.0) * gap;
        let start = left + (inner - all) / 2.0;
        let step = HEADING + height + ROW_GAP;
        let bottom = TOP + self.rows as f64 * step - ROW_GAP;
        let notes = self.notes();
        let foot = if notes.is_empty() { 0.0 } else { NOTES };
        let mut scene = Scene::new(page_width, bottom + Frame::BOTTOM_MARGIN + foot);

        let (x_ticks, y_ticks) = (x_ticks(width), y_ticks(height));
        let (x_marks, y_marks) = (placed(&x_ticks.marks, x), placed(&y_ticks.marks, y));
        let mut last = None;
        for (number, map) in maps.iter().enumerate() {
            let (row, column) = ((number / self.columns) as f64, (number % self.columns) as f64);
            let frame = Frame {
                left: start + column * (width + gap),
                top: TOP + HEADING + row * step,
                width,
                height,
            };
            picture(&mut scene, map, &scale, &frame, gap);
            if number + self.columns >= maps.len() {
                frame.x_numbers(&mut scene, &x_marks);
                frame.x_label(
                    &mut scene,
                    &x_ticks.label(first.x_label),
                    beside(frame.left, frame.right(), gap),
                );
            }
            if column == 0.0 {
                let label = y_ticks.label(first.y_label);
                let room = beside(frame.top, frame.bottom(), HEADING);
                frame.y_axis_within(&mut scene, &y_marks, &label, room);
            }
            last = Some(frame);
        }
        if last.is_some() {
            let top = TOP + HEADING;
            let bar = Frame { left: start + all + BAR_GAP, top, width: BAR, height: bottom - top };
            scene.images.push(gradient(&scale, &bar));
            bar.outline(&mut scene);
            let room = (TOP, bottom + SMALL);
            bar.right_axis_within(&mut scene, &bar_marks, &bar_ticks.label(first.bar_label), room);
        }
        heat_map::draw_notes(&mut scene, left, &notes);
        frame::title(&mut scene, self.slices.title);
        scene
    }

    /// Each picture with its own axes and bar.
    fn separate(&self) -> Scene {
        let page_width = if self.columns > 1 { WIDE_PAGE } else { NARROW_PAGE };
        let cell = page_width / self.columns as f64;
        let maps = self.slices.maps;
        let scales: Vec<ColourScale> =
            maps.iter().map(|map| heat_map::colours(std::slice::from_ref(map))).collect();
        // All pictures are equally large, so that they can be compared.
        let y_ticks = |map: &HeatMap<'_>, height: f64| {
            let (_, y) = ranges(map);
            ticks::linear(y.0, y.1, (height / 55.0).clamp(2.0, 8.0))
        };
        let margins: Vec<(f64, f64)> = maps
            .iter()
            .zip(&scales)
            .map(|(map, scale)| {
                let left = Frame::left_margin(&y_ticks(map, TALLEST).marks);
                (left, BAR_GAP / 2.0 + BAR + Frame::right_margin(&scale.ticks().1))
            })
            .collect();
        let room = margins.iter().map(|(left, right)| cell - left - right).fold(f64::INFINITY, f64::min);
        let steepest = maps.iter().map(aspect).fold(0.0, f64::max);
        let (_, tallest) = self.fit(room, steepest);
        let step = HEADING + tallest + Frame::BOTTOM_MARGIN;
        let notes = self.notes();
        let foot = if notes.is_empty() { 0.0 } else { NOTES };
        let mut scene = Scene::new(page_width, TOP + self.rows as f64 * step + foot);
        for (number, ((map, scale), (left, right))) in maps.iter().zip(&scales).zip(&margins).enumerate() {
            let (row, column) = ((number / self.columns) as f64, (number % self.columns) as f64);
            let height = (room * aspect(map)).clamp(2.0, tallest);
            let width = (height / aspect(map)).clamp(2.0, room);
            let top = TOP + HEADING + row * step;
            let start = column * cell + (cell - left - width - right) / 2.0;
            let frame = Frame { left: start + left, top: top + (tallest - height) / 2.0, width, height };
            let (x, y) = ranges(map);
            let (x_ticks, y_ticks) =
                (ticks::linear(x.0, x.1, (width / 75.0).clamp(2.0, 8.0)), y_ticks(map, height));
            picture(&mut scene, map, scale, &frame, 2.0 * left.min(*right));
            frame.x_numbers(&mut scene, &placed(&x_ticks.marks, x));
            let edges = (frame.left - left + SMALL, frame.right() + right - SMALL);
            frame.x_label(&mut scene, &x_ticks.label(map.x_label), edges);
            let marks = placed(&y_ticks.marks, y);
            let edges = (top, top + tallest + SMALL);
            frame.y_axis_within(&mut scene, &marks, &y_ticks.label(map.y_label), edges);
            let bar = Frame { left: frame.right() + BAR_GAP / 2.0, top, width: BAR, height: tallest };
            scene.images.push(gradient(scale, &bar));
            bar.outline(&mut scene);
            let (bar_ticks, bar_marks) = scale.ticks();
            bar.right_axis_within(&mut scene, &bar_marks, &bar_ticks.label(map.bar_label), edges);
        }
        heat_map::draw_notes(&mut scene, 20.0, &notes);
        frame::title(&mut scene, self.slices.title);
        scene
    }

    /// Width and height of a picture that has this much room.
    fn fit(&self, room: f64, aspect: f64) -> (f64, f64) {
        let rows = self.rows as f64;
        let tallest = (TALLEST / rows - HEADING - ROW_GAP).max(SHORTEST);
        let height = (room * aspect).clamp(SHORTEST, tallest);
        ((height / aspect).clamp(2.0, room), height)
    }

    fn notes(&self) -> Vec<(super::colours::Rgb, &str)> {
        let mut notes = Vec::new();
        for note in self.slices.maps.iter().flat_map(heat_map::has_notes) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        // More than the two kinds are names for the same colour.
        notes.truncate(4);
        notes
    }
}

/// A field in its frame, under its heading, which may reach half of `beyond` over each side.
fn picture(scene: &mut Scene, map: &HeatMap<'_>, scale: &ColourScale, frame: &Frame, beyond: f64) {
    scene.images.push(cells(map, scale, frame));
    frame.outline(scene);
    let heading = text::fit(map.title, LABEL, frame.width + beyond - SMALL);
    let at = (frame.left + frame.width / 2.0, frame.top - 8.0);
    scene.text(at, &heading, LABEL, Anchor::Middle, BLACK);
}

/// Room for a label along a side, which may reach half of `beyond` over each end.
fn beside(low: f64, high: f64, beyond: f64) -> (f64, f64) {
    let over = (beyond - SMALL).max(0.0) / 2.0;
    (low - over, high + over)
}
