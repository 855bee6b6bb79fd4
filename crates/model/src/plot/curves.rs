//! Curves and their legend.

use super::{
    colours::{BLACK, DARK, Rgb, WHITE, of_series},
    frame::SMALL,
    scene::{Anchor, Point, Scene},
    text,
};

const LEGEND_TOP: f64 = 46.0;
const LEGEND_ROW: f64 = 19.0;
const LEGEND_ROWS: usize = 4;
const STROKE: f64 = 1.75;
const MARKER: f64 = 4.0;
/// The width of the line at the tolerance.
pub(super) const TARGET: f64 = 1.25;

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
    /// Abscissa, such as the iteration, and value. What the axis cannot show (NaN, infinite; on a logarithmic axis also
    /// zero and negative) is left out, and a line has a gap there.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: Style,
}

/// Rows of samples and labels between the title and the frame; returns where the frame begins.
pub(super) fn legend(
    scene: &mut Scene,
    series: &[Series],
    target: Option<f64>,
    left: f64,
    right: f64,
) -> f64 {
    const SPACE: f64 = 24.0;
    const GAP: f64 = 7.0;
    const DASHES: f64 = 29.0;
    let tolerance = target.map(|target| format!("tolerance {target:e}"));
    let mut entries: Vec<(Option<usize>, &str)> =
        tolerance.iter().map(|label| (None, label.as_str())).collect();
    entries.extend(series.iter().enumerate().map(|(number, series)| (Some(number), series.label.as_str())));

    let (mut x, mut row) = (left, 0);
    for (shown, (number, label)) in entries.iter().enumerate() {
        let style = number.map(|number| series[number].style);
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

/// Draws the points that `page` has a place for.
pub(super) fn draw(
    scene: &mut Scene,
    series: &Series,
    colour: Rgb,
    page: impl Fn((f64, f64)) -> Option<Point>,
) {
    let places: Vec<Option<Point>> = series.points.iter().map(|&point| page(point)).collect();
    match series.style {
        Style::Line => {
            for run in places.split(Option::is_none) {
                match thinned(run.iter().copied().flatten()) {
                    points if points.is_empty() => {}
                    points if points.len() == 1 => scene.disc(points[0], STROKE, colour),
                    points => scene.path(points, colour, STROKE),
                }
            }
        }
        Style::Markers => {
            for at in thinned(places.into_iter().flatten()) {
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
