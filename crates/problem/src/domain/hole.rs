//! Round holes in domains of the plane.

use std::f64::consts::TAU;

use super::Domain;
use super::primitive::Primitive;

/// A disk that is no part of a domain, with the domain all around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hole {
    /// Its centre.
    pub centre: [f64; 2],
    /// Its radius.
    pub radius: f64,
}

/// Directions in which one looks whether the domain is there.
const LOOKS: usize = 64;
/// So far outside the circle, in parts of the radius.
const OUTSIDE: f64 = 1e-6;

impl Domain {
    /// The round holes of a domain in the plane.
    ///
    /// ```
    /// use ansatz_problem::{Domain, Shape};
    ///
    /// let square = Shape::rectangle([-1.0, 1.0], [-1.0, 1.0]);
    /// let domain = Domain::from(square.minus(Shape::disk([0.2, 0.0], 0.3)).minus(Shape::disk([1.0, 1.0], 0.3)));
    /// assert_eq!(domain.round_holes().len(), 1);
    /// ```
    pub fn round_holes(&self) -> Vec<Hole> {
        let disks = self.shape.primitives().into_iter().filter_map(|primitive| match primitive {
            Primitive::Ball { centre, radius } => match centre[..] {
                [x, y] => Some(Hole { centre: [x, y], radius: *radius }),
                _ => None,
            },
            _ => None,
        });
        disks.filter(|hole| self.is_hole(hole)).collect()
    }

    fn is_hole(&self, hole: &Hole) -> bool {
        let [x, y] = hole.centre;
        let at = |k: usize, part: f64| {
            let (sin, cos) = (TAU * k as f64 / LOOKS as f64).sin_cos();
            [x + part * hole.radius * cos, y + part * hole.radius * sin]
        };
        let inside = |k: usize, part: f64| self.shape.contains(&at(k, part), false);
        !self.shape.contains(&hole.centre, true)
            && (0..LOOKS).all(|k| inside(k, 1.0 + OUTSIDE) && !inside(k, 1.0 - OUTSIDE))
    }
}
