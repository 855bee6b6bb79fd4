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
        TICK + GAP + widest(y_marks) + 12.0 + LABEL + 14.0
    }

    /// How far the numbers on the x axis and its label reach below a frame.
    pub(super) const BOTTOM_MARGIN: f64 = TICK + GAP + SMALL + 12.0 + LABEL + 14.0;

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
        let mut free = f64::NEG_INFINITY;
        for (x, number) in marks {
            let (x, y) = self.place(*x, 0.0);
            scene.line((x, y), (x, y + TICK), BLACK, 1.0);
            let half = text::width(number, SMALL) / 2.0;
            if x - half > free {
                scene.text((x, y + TICK + GAP + SMALL), number, SMALL, Anchor::Middle, DARK);
                free = x + half + SMALL;
            }
        }
        let (x, y) = self.place(0.5, 0.0);
        let label = text::fit(label, LABEL, 2.0 * x.min(scene.width - x) - 2.0 * GAP);
        scene.text((x, y + TICK + GAP + SMALL + 8.0 + LABEL), &label, LABEL, Anchor::Middle, BLACK);
    }

    /// The same to the left of the frame.
    pub(super) fn y_axis(&self, scene: &mut Scene, marks: &[(f64, String)], label: &str) {
        let mut free = f64::INFINITY;
        for (y, number) in marks {
            let (x, y) = self.place(0.0, *y);
            scene.line((x - TICK, y), (x, y), BLACK, 1.0);
            if y + SMALL < free {
                scene.text((x - TICK - GAP, y + HALF_DIGIT * SMALL), number, SMALL, Anchor::End, DARK);
                free = y;
            }
        }
        let (x, y) = self.place(0.0, 0.5);
        let label = text::fit(label, LABEL, 2.0 * y.min(scene.height - y) - 2.0 * GAP);
        scene.turned_text((x - TICK - GAP - widest(marks) - 12.0, y), &label, LABEL, BLACK);
    }

    /// Numbers and a label to the right of the frame, as a colour bar has them.
    pub(super) fn right_axis(&self, scene: &mut Scene, marks: &[(f64, String)], label: &str) {
        for (y, number) in marks {
            let (x, y) = self.place(1.0, *y);
            scene.line((x, y), (x + TICK, y), BLACK, 1.0);
            scene.text((x + TICK + GAP, y + HALF_DIGIT * SMALL), number, SMALL, Anchor::Start, DARK);
        }
        let (x, y) = self.place(1.0, 0.5);
        let label = text::fit(label, LABEL, 2.0 * y.min(scene.height - y) - 2.0 * GAP);
        scene.turned_text((x + TICK + GAP + widest(marks) + 8.0 + LABEL, y), &label, LABEL, BLACK);
    }

    /// How far [`right_axis`](Self::right_axis) reaches to the right of a frame.
    pub(super) fn right_margin(marks: &[(f64, String)]) -> f64 {
        TICK + GAP + widest(marks) + 8.0 + LABEL + 12.0
    }
}

fn widest(marks: &[(f64, String)]) -> f64 {
    marks.iter().map(|(_, number)| text::width(number, SMALL)).fold(0.0, f64::max)
}

/// A title in the middle of the page.
pub(super) fn title(scene: &mut Scene, title: &str) {
    let middle = scene.width / 2.0;
    let title = text::fit(title, TITLE, scene.width - 40.0);
    scene.text((middle, 30.0), &title, TITLE, Anchor::Middle, BLACK);
}
