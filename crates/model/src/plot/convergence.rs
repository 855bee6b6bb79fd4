//! Residuals over iterations.

use super::{
    WriteError,
    colours::{BLACK, DARK, FAINT_GRID, GRID, Rgb, WHITE, of_series},
    frame::{self, Frame, SMALL},
    render,
    scene::{Anchor, Point, Scene},
    text, ticks,
};
use std::path::Path;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 560.0;
const RIGHT_MARGIN: f64 = 36.0;
const LEGEND_TOP: f64 = 46.0;
const LEGEND_ROW: f64 = 19.0;
const LEGEND_ROWS: usize = 4;
const STROKE: f64 = 1.75;
const TARGET: f64 = 1.25;
const MARKER: f64 = 4.0;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Points joined by lines, for what an iteration estimates at every step.
    #[default]
    Line,
    /// Single discs, for what was computed now and then, such as verified residuals.
    Markers,
}

/// One curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What the legend says.
    pub label: String,
    /// Iteration and value. Values that a logarithmic axis cannot show (zero, negative, NaN, infinite) are left out,
    /// and a line has a gap there.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: Style,
}

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
    let mut scene = Scene::new(WIDTH, HEIGHT);
    let target = plot.target.filter(|&target| is_shown((0.0, target)));
    let shown =
        || plot.series.iter().flat_map(|series| &series.points).copied().filter(|&point| is_shown(point));
    let x = Range::of(shown().map(|point| point.0)).unwrap_or(Range { low: 0.0, high: 1.0 }).reaching_zero();
    let y = Range::of(shown().map(|point| point.1).chain(target).map(f64::log10));
    let y = y.unwrap_or(Range { low: -1.0, high: 0.0 });
    // Whole decades; the slack keeps an exact power of ten from opening another one.
    let (lowest, highest) = ((y.low + 1e-9).floor(), (y.high - 1e-9).ceil());
    let (lowest, highest) = (lowest as i32, highest.max(lowest + 1.0) as i32);
    let (x_range, y_range) = (x.padded(), Range { low: lowest.into(), high: highest.into() }.padded());

    let mut y_marks = ticks::decades(lowest, highest, 10.0);
    if highest - lowest <= 2 {
        y_marks.extend(ticks::within_decades(lowest, highest, &[2, 5]));
        y_marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let left = Frame::left_margin(&y_marks);
    let bottom = HEIGHT - Frame::BOTTOM_MARGIN;
    let top = legend(&mut scene, plot, target, left);
    let frame = Frame { left, top, width: WIDTH - RIGHT_MARGIN - left, height: bottom - top };

    let x_ticks = ticks::linear(x.low, x.high, 8.0);
    let x_marks = placed(&x_ticks.marks, x_range);
    if highest - lowest <= 3 {
        for decade in lowest..highest {
            for digit in 2..10 {
                let (from, to) = across(&frame, y_range.place(f64::from(decade) + f64::from(digit).log10()));
                scene.line(from, to, FAINT_GRID, 1.0);
            }
        }
    }
    let y_marks = placed(&y_marks, y_range);
    for &(place, _) in &y_marks {
        let (from, to) = across(&frame, place);
        scene.line(from, to, GRID, 1.0);
    }
    for &(place, _) in &x_marks {
        scene.line(frame.place(place, 0.0), frame.place(place, 1.0), GRID, 1.0);
    }

    let page = |(x, y): (f64, f64)| frame.place(x_range.place(x), y_range.place(y.log10()));
    for (number, series) in plot.series.iter().enumerate() {
        draw_series(&mut scene, series, of_series(number), page);
    }
    if let Some(target) = target {
        let (from, to) = across(&frame, y_range.place(target.log10()));
        scene.dashes(from, to.0, BLACK, TARGET);
    }
    if shown().next().is_none() {
        scene.text(frame.place(0.5, 0.5), "no points to show", frame::LABEL, Anchor::Middle, DARK);
    }

    frame.outline(&mut scene);
    frame.x_axis(&mut scene, &x_marks, &x_ticks.label(&plot.x_label));
    frame.y_axis(&mut scene, &y_marks, &plot.y_label);
    frame::title(&mut scene, &plot.title);
    scene
}

fn is_shown((x, y): (f64, f64)) -> bool {
    // Larger abscissae would overflow the arithmetic of the axis.
    const FARTHEST: f64 = 1e300;
    x.abs() <= FARTHEST && y.is_finite() && y > 0.0
}

fn across(frame: &Frame, y: f64) -> (Point, Point) {
    (frame.place(0.0, y), frame.place(1.0, y))
}

fn placed(marks: &[(f64, String)], range: Range) -> Vec<(f64, String)> {
    marks.iter().map(|(value, label)| (range.place(*value), label.clone())).collect()
}

/// Rows of samples and labels between the title and the frame; returns where the frame begins.
fn legend(scene: &mut Scene, plot: &Convergence, target: Option<f64>, left: f64) -> f64 {
    const SPACE: f64 = 24.0;
    const GAP: f64 = 7.0;
    const DASHES: f64 = 29.0;
    let right = WIDTH - RIGHT_MARGIN;
    let tolerance = target.map(|target| format!("tolerance {target:e}"));
    let mut entries: Vec<(Option<usize>, &str)> =
        tolerance.iter().map(|label| (None, label.as_str())).collect();
    entries
        .extend(plot.series.iter().enumerate().map(|(number, series)| (Some(number), series.label.as_str())));

    let (mut x, mut row) = (left, 0);
    for (shown, (number, label)) in entries.iter().enumerate() {
        let style = number.map(|number| plot.series[number].style);
        let sample = match style {
            Some(Style::Markers) => 2.0 * MARKER,
            _ => DASHES,
        };
        let label = text::fit(label, SMALL, right - left - sample - GAP);
        let width = sample + GAP + text::width(&label, SMALL);
        if x > left && x + width > right {
            (x, row) = (left, row + 1);
        }
        let y = LEGEND_TOP + (row as f64 + 0.5) * LEGEND_ROW;
        let base = y + 0.34 * SMALL;
        if row == LEGEND_ROWS {
            let rest = format!("… and {} more", entries.len() - shown);
            scene.text((x, base), &rest, SMALL, Anchor::Start, DARK);
            break;
        }
        match (number, style) {
            (Some(number), Some(Style::Markers)) => scene.disc((x + MARKER, y), MARKER, of_series(*number)),
            (Some(number), _) => scene.line((x, y), (x + sample, y), of_series(*number), STROKE),
            (None, _) => scene.dashes((x, y), x + sample, BLACK, TARGET),
        }
        scene.text((x + sample + GAP, base), &label, SMALL, Anchor::Start, DARK);
        x += width + SPACE;
    }
    let rows = if entries.is_empty() { 0 } else { row + 1 };
    LEGEND_TOP + rows as f64 * LEGEND_ROW + 10.0
}

fn draw_series(scene: &mut Scene, series: &Series, colour: Rgb, page: impl Fn((f64, f64)) -> Point) {
    match series.style {
        Style::Line => {
            for run in series.points.split(|&point| !is_shown(point)) {
                match thinned(run.iter().map(|&point| page(point))) {
                    points if points.is_empty() => {}
                    points if points.len() == 1 => scene.disc(points[0], STROKE, colour),
                    points => scene.path(points, colour, STROKE),
                }
            }
        }
        Style::Markers => {
            let places = series.points.iter().copied().filter(|&point| is_shown(point)).map(page);
            for at in thinned(places) {
                // A white rim sets it off from the lines behind.
                scene.disc(at, MARKER + 1.0, WHITE);
                scene.disc(at, MARKER, colour);
            }
        }
    }
}

/// Where many points share one column of the page, the first, the lowest, the highest and the last say the same.
fn thinned(points: impl Iterator<Item = Point>) -> Vec<Point> {
    const COLUMN: f64 = 0.5;
    let mut kept = Vec::new();
    let mut column: Option<[Point; 4]> = None;
    let mut close = |column: [Point; 4]| {
        let [first, low, high, last] = column;
        for point in [first, low, high, last] {
            if kept.last() != Some(&point) {
                kept.push(point);
            }
        }
    };
    for point in points {
        match &mut column {
            Some([first, low, high, last]) if (first.0 - point.0).abs() < COLUMN => {
                if point.1 < low.1 {
                    *low = point;
                }
                if point.1 > high.1 {
                    *high = point;
                }
                *last = point;
            }
            _ => {
                if let Some(full) = column.replace([point; 4]) {
                    close(full);
                }
            }
        }
    }
    if let Some(full) = column {
        close(full);
    }
    kept
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    /// The smallest range that holds all values, widened to be more than a point.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let range = values.fold(None, |range: Option<Self>, value| {
            let range = range.unwrap_or(Self { low: value, high: value });
            Some(Self { low: range.low.min(value), high: range.high.max(value) })
        })?;
        let widened = range.low + (1e-6 * range.low.abs()).max(1.0);
        Some(if range.low == range.high { Self { high: widened, ..range } } else { range })
    }

    /// An axis that begins near zero begins at zero.
    fn reaching_zero(self) -> Self {
        if self.low > 0.0 && self.low < 0.2 * self.high { Self { low: 0.0, ..self } } else { self }
    }

    fn padded(self) -> Self {
        let pad = 0.02 * (self.high - self.low);
        Self { low: self.low - pad, high: self.high + pad }
    }

    /// Where a value lies, from 0 to 1.
    fn place(self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}
