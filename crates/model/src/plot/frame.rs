//! The rectangle of a diagram with its axes.

use super::{
    colours::{BLACK, DARK},
    scene::{Anchor, Point, Scene},
    text,
};

pub(super) const TITLE: f64 = 17.0;
pub(super) const LABEL: f64 = 14.0;
pub(super) const SMALL: f64 = 12.0;

/// Half the height of a digit: where to put the base line so that digits are centred.
const HALF_DIGIT: f64 = 0.365;
const TICK: f64 = 5.0;
const GAP: f64 = 4.0;
const SIDE_LABEL_GAP: f64 = 12.0;
const TITLE_BASE: f64 = 30.0;
/// From the frame down to the base line of the label of the x axis.
const X_LABEL: f64 = TICK + GAP + SMALL + 8.0 + LABEL;

/// The inside of a diagram, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    /// How far numbers on the y axis and its label reach to the left of a frame.
    pub(super) fn left_margin(y_marks: &[(f64, String)]) -> f64 {
        TICK + GAP + widest(y_marks) + SIDE_LABEL_GAP + LABEL + 12.0
    }

    /// How far the numbers on the x axis and its label reach below a frame.
    pub(super) const BOTTOM_MARGIN: f64 = X_LABEL + 18.0;

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The place of a point whose coordinates run from 0 to 1, rightwards and upwards.
    pub(super) fn place(&self, x: f64, y: f64) -> Point {
        (self.left + x * self.width, self.bottom() - y * self.height)
    }

    pub(super) fn outline(&self, scene: &mut Scene) {
        let [a, b, c, d] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| self.place(x, y));
        scene.path(vec![a, b, c, d, a, b], BLACK, 1.0);
    }

    /// Numbers below the frame, as far as there is room, and the label of the axis. Places run from 0 to 1.
    pub(super) fn x_axis(&self, scene: &mut Scene, marks: &[(f64, String)], label: &str) {
        self.x_numbers(scene, marks);
        self.x_label(scene, label, (GAP, self.right() + 20.0));
    }

    pub(super) fn x_numbers(&self, scene: &mut Scene, marks: &[(f64, String)]) {
        let mut free = f64::NEG_INFINITY;
        for (x, number) in marks {
            let (x, y) = self.place(*x, 0.0);
            scene.line((x, y), (x, y + TICK), BLACK, 1.0);
            let half = text::width(number, SMALL) / 2.0;
            let x = x.clamp(half + GAP, scene.width - half - GAP);
            if x - half > free {
                scene.text((x, y + TICK + GAP + SMALL), number, SMALL, Anchor::Middle, DARK);
                free = x + half + SMALL;
            }
        }
    }

    /// The label of the x axis, somewhere between two ends.
    pub(super) fn x_label(&self, scene: &mut Scene, label: &str, (low, high): Point) {
        let (middle, y) = self.place(0.5, 0.0);
        let (label, x) = settle(label, middle, low, high);
        scene.text((x, y + X_LABEL), &label, LABEL, Anchor::Middle, BLACK);
    }

    /// The same to the left of the frame.
    pub(super) fn y_axis(&self, scene: &mut Scene, marks: &[(f64, String)], label: &str) {
        self.y_axis_within(scene, marks, label, self.beside_all());
    }

    /// The same, with the label between two ends.
    pub(super) fn y_axis_within(&self, scene: &mut Scene, marks: &[(f64, String)], label: &str, room: Point) {
        self.side(scene, marks, label, (0.0, -1.0), room);
    }

    /// The same to the right of the frame, as a colour bar has it.
    pub(super) fn right_axis(&self, scene: &mut Scene, marks: &[(f64, String)], label: &str) {
        self.right_axis_within(scene, marks, label, self.beside_all());
    }

    /// The same, with the label between two ends.
    pub(super) fn right_axis_within(
        &self,
        scene: &mut Scene,
        marks: &[(f64, String)],
        label: &str,
        room: Point,
    ) {
        self.side(scene, marks, label, (1.0, 1.0), room);
    }

    /// Between the title and the label of the x axis.
    fn beside_all(&self) -> Point {
        (TITLE_BASE + 8.0, self.bottom() + X_LABEL - LABEL)
    }

    fn side(
        &self,
        scene: &mut Scene,
        marks: &[(f64, String)],
        label: &str,
        (edge, outwards): (f64, f64),
        (low, high): Point,
    ) {
        let anchor = if outwards < 0.0 { Anchor::End } else { Anchor::Start };
        let mut free = f64::INFINITY;
        for (y, number) in marks {
            let (x, y) = self.place(edge, *y);
            scene.line((x, y), (x + outwards * TICK, y), BLACK, 1.0);
            if y + SMALL < free {
                let at = (x + outwards * (TICK + GAP), y + HALF_DIGIT * SMALL);
                scene.text(at, number, SMALL, anchor, DARK);
                free = y;
            }
        }
        let (x, middle) = self.place(edge, 0.5);
        let (label, y) = settle(label, middle, low, high);
        let ascent = if outwards < 0.0 { 0.0 } else { 0.75 * LABEL };
        let x = x + outwards * (TICK + GAP + widest(marks) + SIDE_LABEL_GAP + ascent);
        scene.turned_text((x, y), &label, LABEL, BLACK);
    }

    /// How far [`right_axis`](Self::right_axis) reaches to the right of a frame.
    pub(super) fn right_margin(marks: &[(f64, String)]) -> f64 {
        TICK + GAP + widest(marks) + SIDE_LABEL_GAP + LABEL + 12.0
    }
}

/// Fits a label between two ends, as near to the middle as it can be; returns it with the place of its own middle.
fn settle(label: &str, middle: f64, low: f64, high: f64) -> (String, f64) {
    let label = text::fit(label, LABEL, high - low);
    let half = text::width(&label, LABEL) / 2.0;
    (label, middle.min(high - half).max(low + half))
}

fn widest(marks: &[(f64, String)]) -> f64 {
    marks.iter().map(|(_, number)| text::width(number, SMALL)).fold(0.0, f64::max)
}

/// A title in the middle of the page.
pub(super) fn title(scene: &mut Scene, title: &str) {
    let middle = scene.width / 2.0;
    let title = text::fit(title, TITLE, scene.width - 40.0);
    scene.text((middle, TITLE_BASE), &title, TITLE, Anchor::Middle, BLACK);
}
