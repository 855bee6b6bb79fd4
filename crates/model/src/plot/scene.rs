//! What a picture consists of. Lengths are points, y runs downwards, later shapes cover earlier ones.

use super::colours::Rgb;

/// A place on the page.
pub(super) type Point = (f64, f64);

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Path {
        points: Vec<Point>,
        colour: Rgb,
        width: f64,
    },
    Area {
        corner: Point,
        size: Point,
        colour: Rgb,
    },
    Disc {
        centre: Point,
        radius: f64,
        colour: Rgb,
    },
    /// `at` is on the base line; a turned text runs upwards.
    Text {
        at: Point,
        text: String,
        size: f64,
        anchor: Anchor,
        turned: bool,
        colour: Rgb,
    },
}

/// Coloured cells, the first row at the top. Images lie below all shapes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Image {
    pub(super) corner: Point,
    pub(super) size: Point,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) pixels: Vec<Rgb>,
}

#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) images: Vec<Image>,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, images: Vec::new(), shapes: Vec::new() }
    }

    pub(super) fn path(&mut self, points: Vec<Point>, colour: Rgb, width: f64) {
        self.shapes.push(Shape::Path { points, colour, width });
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: Rgb, width: f64) {
        self.path(vec![from, to], colour, width);
    }

    /// A horizontal line of dashes.
    pub(super) fn dashes(&mut self, from: Point, to_x: f64, colour: Rgb, width: f64) {
        const DASH: f64 = 7.0;
        const GAP: f64 = 4.0;
        let mut x = from.0;
        while x < to_x {
            self.line((x, from.1), ((x + DASH).min(to_x), from.1), colour, width);
            x += DASH + GAP;
        }
    }

    pub(super) fn area(&mut self, corner: Point, size: Point, colour: Rgb) {
        self.shapes.push(Shape::Area { corner, size, colour });
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, colour: Rgb) {
        self.shapes.push(Shape::Disc { centre, radius, colour });
    }

    pub(super) fn text(&mut self, at: Point, text: &str, size: f64, anchor: Anchor, colour: Rgb) {
        self.shapes.push(Shape::Text { at, text: text.into(), size, anchor, turned: false, colour });
    }

    pub(super) fn turned_text(&mut self, at: Point, text: &str, size: f64, colour: Rgb) {
        let text = text.into();
        self.shapes.push(Shape::Text { at, text, size, anchor: Anchor::Middle, turned: true, colour });
    }
}
