//! Groups of bars, such as the times of some methods on some problems.

use super::{
    WriteError,
    colours::{BLACK, DARK, GRID, Rgb},
    frame::{self, Frame, LABEL, SMALL},
    range::Range,
    render,
    scene::{Anchor, Scene},
    text, ticks,
};
use std::path::Path;

/// Horizontal bars in groups, on a logarithmic axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// The text above.
    pub title: String,
    /// The groups from top to bottom.
    pub groups: Vec<BarGroup>,
    /// The label of the axis.
    pub x_label: String,
    /// What the two parts of a bar are.
    pub parts: [String; 2],
}

/// Bars under one title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarGroup {
    /// The title.
    pub title: String,
    /// The bars from top to bottom.
    pub bars: Vec<Bar>,
}

/// A bar of two parts, one behind the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// What stands to its left.
    pub label: String,
    /// The parts. A bar whose sum is no positive number is left out.
    pub parts: [f64; 2],
    /// What stands to its right.
    pub note: String,
}

const WIDTH: f64 = 860.0;
const RIGHT_MARGIN: f64 = 36.0;
/// Room for what stands to the right of the longest bar, as a part of the axis.
const NOTES: f64 = 0.3;
const TOP: f64 = 70.0;
const BAR: f64 = 17.0;
const THICKNESS: f64 = 11.0;
const GROUP_TITLE: f64 = 26.0;
const PAD: f64 = 8.0;

/// Draws bars into a `.png` or `.svg` file.
///
/// # Errors
/// An extension that names no picture, or what the file system says.
pub fn bars(path: &Path, plot: &Bars) -> Result<(), WriteError> {
    render::save(path, &layout(plot))
}

pub(super) fn layout(plot: &Bars) -> Scene {
    let all = || plot.groups.iter().flat_map(|group| &group.bars);
    let height: f64 = plot.groups.iter().map(|group| GROUP_TITLE + BAR * group.bars.len() as f64 + PAD).sum();
    let mut scene = Scene::new(WIDTH, TOP + height + Frame::BOTTOM_MARGIN);
    let widest = all().map(|bar| text::width(&bar.label, SMALL)).fold(0.0, f64::max).min(WIDTH / 3.0);
    let left = widest + 24.0;
    let frame = Frame { left, top: TOP, width: WIDTH - RIGHT_MARGIN - left, height };

    let shown = Range::of(all().filter_map(|bar| exponent(bar.parts[0] + bar.parts[1])));
    let shown = shown.unwrap_or(Range { low: 0.0, high: 1.0 });
    // The axis begins at a decade below the shortest bar, which else had no length.
    let low = (shown.low - 0.3).floor();
    let range = Range { low, high: shown.high + NOTES * (shown.high - low) };
    let marks = range.placed(&ticks::logarithmic(range.low, range.high, 8.0).marks);
    for &(place, _) in &marks {
        scene.line(frame.place(place, 0.0), frame.place(place, 1.0), GRID, 1.0);
    }

    let mut y = TOP;
    for group in &plot.groups {
        let title = text::fit(&group.title, LABEL, frame.width);
        scene.text((left + 6.0, y + GROUP_TITLE - 8.0), &title, LABEL, Anchor::Start, BLACK);
        y += GROUP_TITLE;
        for bar in &group.bars {
            let base = y + 0.5 * BAR + 0.365 * SMALL;
            let label = text::fit(&bar.label, SMALL, widest);
            scene.text((left - 8.0, base), &label, SMALL, Anchor::End, DARK);
            let [first, second] = bar.parts;
            let end =
                |value: f64| exponent(value).map_or(left, |at| frame.place(range.place(at), 0.0).0.max(left));
            let (middle, last) = (end(first), end(first + second));
            let top = y + 0.5 * (BAR - THICKNESS);
            scene.area((left, top), (middle - left, THICKNESS), PART_COLOURS[0]);
            scene.area((middle, top), (last - middle, THICKNESS), PART_COLOURS[1]);
            let note = text::fit(&bar.note, SMALL, WIDTH - last - 14.0);
            scene.text((last + 6.0, base), &note, SMALL, Anchor::Start, DARK);
            y += BAR;
        }
        y += PAD;
    }
    let mut x = left;
    for (part, colour) in plot.parts.iter().zip(PART_COLOURS) {
        let part = text::fit(part, SMALL, 0.4 * WIDTH);
        scene.area((x, 46.0), (THICKNESS, THICKNESS), colour);
        scene.text((x + THICKNESS + 6.0, 46.0 + THICKNESS - 1.0), &part, SMALL, Anchor::Start, DARK);
        x += THICKNESS + 30.0 + text::width(&part, SMALL);
    }
    frame.outline(&mut scene);
    frame.x_axis(&mut scene, &marks, &plot.x_label);
    frame::title(&mut scene, &plot.title);
    scene
}

/// Two blues, of which the first is the one of the palette that stands out less.
const PART_COLOURS: [Rgb; 2] = [[86, 180, 233], [0, 114, 178]];

fn exponent(value: f64) -> Option<f64> {
    (value.is_finite() && value > 0.0).then(|| value.log10())
}
