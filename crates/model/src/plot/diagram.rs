//! Curves over a linear axis: the layout that all plots of curves share.

use super::{
    colours::{BLACK, DARK, FAINT_GRID, GRID, of_series},
    curves::{self, Series},
    frame::{self, Frame},
    range::Range,
    scene::{Anchor, Point, Scene},
    ticks::{self, Ticks},
};

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 560.0;
const RIGHT_MARGIN: f64 = 36.0;

/// The divisions of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps are equally long.
    #[default]
    Linear,
    /// Equal factors are equally long; zero and negative numbers are not shown.
    Logarithmic,
}

pub(super) struct Diagram<'a> {
    pub(super) title: &'a str,
    pub(super) series: &'a [Series],
    /// A dashed line in front of the curves.
    pub(super) target: Option<f64>,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
    pub(super) y_scale: Scale,
    /// Whether an abscissa that begins near zero is to begin at zero.
    pub(super) from_zero: bool,
}

impl Diagram<'_> {
    pub(super) fn layout(&self) -> Scene {
        let mut scene = Scene::new(WIDTH, HEIGHT);
        let target = self.target.filter(|&target| self.y_scale.coordinate(target).is_some());
        let shown =
            || self.series.iter().flat_map(|series| &series.points).filter_map(|&p| self.coordinates(p));
        let x = Range::of(shown().map(|point| point.0)).unwrap_or(Range { low: 0.0, high: 1.0 });
        let x = if self.from_zero { x.reaching_zero() } else { x };
        let target_place = target.and_then(|target| self.y_scale.coordinate(target));
        let y = YAxis::new(self.y_scale, Range::of(shown().map(|point| point.1).chain(target_place)));
        let x_range = x.padded();

        let left = Frame::left_margin(&y.ticks.marks);
        let bottom = HEIGHT - Frame::BOTTOM_MARGIN;
        let top = curves::legend(&mut scene, self.series, target, left, WIDTH - RIGHT_MARGIN);
        let frame = Frame { left, top, width: WIDTH - RIGHT_MARGIN - left, height: bottom - top };

        let x_ticks = ticks::linear(x.low, x.high, 8.0);
        let (x_marks, y_marks) = (x_range.placed(&x_ticks.marks), y.range.placed(&y.ticks.marks));
        for &place in &y.fine {
            let (from, to) = across(&frame, y.range.place(place));
            scene.line(from, to, FAINT_GRID, 1.0);
        }
        for &(place, _) in &y_marks {
            let (from, to) = across(&frame, place);
            scene.line(from, to, GRID, 1.0);
        }
        for &(place, _) in &x_marks {
            scene.line(frame.place(place, 0.0), frame.place(place, 1.0), GRID, 1.0);
        }

        let page = |(x, y_coordinate)| frame.place(x_range.place(x), y.range.place(y_coordinate));
        for (number, series) in self.series.iter().enumerate() {
            curves::draw(&mut scene, series, of_series(number), |point| self.coordinates(point).map(page));
        }
        if let Some(target) = target_place {
            let (from, to) = across(&frame, y.range.place(target));
            scene.dashes(from, to.0, BLACK, curves::TARGET);
        }
        if shown().next().is_none() {
            scene.text(frame.place(0.5, 0.5), "no points to show", frame::LABEL, Anchor::Middle, DARK);
        }

        frame.outline(&mut scene);
        frame.x_axis(&mut scene, &x_marks, &x_ticks.label(self.x_label));
        frame.y_axis(&mut scene, &y_marks, &y.ticks.label(self.y_label));
        frame::title(&mut scene, self.title);
        scene
    }

    /// Where a point lies on axes in whose coordinates equal steps are equally long; `None` where it cannot be shown.
    fn coordinates(&self, (x, y): Point) -> Option<Point> {
        Some((Scale::Linear.coordinate(x)?, self.y_scale.coordinate(y)?))
    }
}

impl Scale {
    pub(super) fn coordinate(self, value: f64) -> Option<f64> {
        // Larger numbers would overflow the arithmetic of the axis.
        const FARTHEST: f64 = 1e300;
        match self {
            Self::Linear => (value.abs() <= FARTHEST).then_some(value),
            Self::Logarithmic => (value.is_finite() && value > 0.0).then(|| value.log10()),
        }
    }
}

struct YAxis {
    range: Range,
    ticks: Ticks,
    /// Lines without numbers.
    fine: Vec<f64>,
}

impl YAxis {
    fn new(scale: Scale, shown: Option<Range>) -> Self {
        match scale {
            Scale::Linear => {
                let range = shown.unwrap_or(Range { low: 0.0, high: 1.0 });
                let ticks = ticks::linear(range.low, range.high, 7.0);
                Self { range: range.padded(), ticks, fine: Vec::new() }
            }
            Scale::Logarithmic => Self::decades(shown.unwrap_or(Range { low: -1.0, high: 0.0 })),
        }
    }

    /// Whole decades; the slack keeps an exact power of ten from opening another one.
    fn decades(shown: Range) -> Self {
        let (lowest, highest) = ((shown.low + 1e-9).floor(), (shown.high - 1e-9).ceil());
        let (lowest, highest) = (lowest as i32, highest.max(lowest + 1.0) as i32);
        let mut marks = ticks::decades(lowest, highest, 10.0);
        if highest - lowest <= 2 {
            marks.extend(ticks::within_decades(lowest, highest, &[2, 5]));
            marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let few = highest - lowest <= 3;
        let fine = if few {
            let lines = ticks::within_decades(lowest, highest, &[2, 3, 4, 5, 6, 7, 8, 9]);
            lines.into_iter().map(|(place, _)| place).collect()
        } else {
            Vec::new()
        };
        let range = Range { low: lowest.into(), high: highest.into() }.padded();
        Self { range, ticks: Ticks { marks, power: 0 }, fine }
    }
}

fn across(frame: &Frame, y: f64) -> (Point, Point) {
    (frame.place(0.0, y), frame.place(1.0, y))
}
