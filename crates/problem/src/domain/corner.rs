//! Corners of plane domains, where solutions of elliptic equations lose their smoothness.

use std::f64::consts::{PI, TAU};

use super::Domain;
use super::polygon::{edges, segment_distance};
use super::primitive::Primitive;

/// A corner of the boundary of a plane domain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corner {
    /// Where it is.
    pub at: [f64; 2],
    /// The angle inside the domain, in radians.
    pub angle: f64,
    /// The direction of the side from which the inside lies counter-clockwise, as an angle from the first coordinate's axis.
    pub direction: f64,
}

/// Six degrees: a polygon that stands for a smooth curve has smaller corners.
const SMOOTH: f64 = 0.1;

impl Corner {
    /// Whether the domain is clearly more than a half plane there.
    pub fn is_reentrant(&self) -> bool {
        self.angle > PI + SMOOTH
    }

    /// π/ω: near a corner of angle ω, solutions of Poisson's equation with the same kind of condition on both sides behave
    /// like r^{π/ω} at the distance r (Grisvard, Elliptic Problems in Nonsmooth Domains, 1985, section 4.4).
    pub fn exponent(&self) -> f64 {
        PI / self.angle
    }
}

/// Points this near are one, and curves this near meet; in units of the size of the domain.
const NEAR: f64 = 1e-10;
/// At this distance from a corner one looks what lies inside.
const AROUND: f64 = 1e-7;
/// Directions that differ by less are one.
const SAME_DIRECTION: f64 = 1e-6;

impl Domain {
    /// The corners of a domain in the plane: vertices of its polygons and rectangles, and points where pieces of its boundary
    /// meet at an angle. None in other dimensions.
    ///
    /// ```
    /// use ansatz_problem::{Domain, Shape};
    /// let square = Shape::rectangle([-1.0, 1.0], [-1.0, 1.0]);
    /// let l_shape = Domain::from(square.minus(Shape::rectangle([0.0, 1.0], [-1.0, 0.0])));
    /// let corners = l_shape.corners();
    /// let inner: Vec<_> = corners.iter().filter(|corner| corner.is_reentrant()).collect();
    /// assert_eq!((corners.len(), inner.len(), inner[0].at), (6, 1, [0.0, 0.0]));
    /// assert!((inner[0].exponent() - 2.0 / 3.0).abs() < 1e-12);
    /// ```
    pub fn corners(&self) -> Vec<Corner> {
        if self.shape.dimension() != 2 {
            return Vec::new();
        }
        let size = self.shape.bounds().iter().map(|[low, high]| high - low).fold(0.0, f64::max);
        let outlines: Vec<Vec<Curve>> = self.shape.primitives().into_iter().map(outline).collect();
        let mut found: Vec<[f64; 2]> = Vec::new();
        for (number, outline) in outlines.iter().enumerate() {
            found.extend(outline.iter().filter_map(Curve::vertex));
            for other in outlines[number + 1..].iter().flatten() {
                found.extend(outline.iter().flat_map(|curve| curve.crossings(other)));
            }
        }
        let mut corners: Vec<Corner> = Vec::new();
        let curves: Vec<Curve> = outlines.into_iter().flatten().collect();
        let mut seen: Vec<[f64; 2]> = Vec::new();
        for at in found {
            if seen.iter().all(|other| distance(at, *other) > NEAR * size) {
                seen.push(at);
                let angles = self.angles(at, &curves, size).into_iter();
                corners.extend(angles.map(|[direction, angle]| Corner { at, angle, direction }));
            }
        }
        corners
    }

    /// How far one gets from a corner in a direction out of the domain, before one meets it again; `None` where one never
    /// does. From a corner of a hole, one always does.
    ///
    /// ```
    /// use ansatz_problem::{Domain, Shape};
    ///
    /// let square = |half: f64| Shape::rectangle([-half, half], [-half, half]);
    /// let frame = Domain::from(square(1.0).minus(square(0.5)));
    /// let diagonal = std::f64::consts::FRAC_PI_4;
    /// for corner in frame.corners().iter().filter(|corner| corner.at == [-0.5, -0.5]) {
    ///     assert!((frame.way_out(corner, diagonal).unwrap() - 2f64.sqrt()).abs() < 1e-12);
    /// }
    /// for corner in frame.corners().iter().filter(|corner| corner.at == [1.0, 1.0]) {
    ///     assert_eq!(frame.way_out(corner, diagonal), None);
    /// }
    /// ```
    pub fn way_out(&self, corner: &Corner, direction: f64) -> Option<f64> {
        let bounds = self.shape.bounds();
        let size = bounds.iter().map(|[low, high]| high - low).fold(0.0, f64::max);
        let (sin, cos) = direction.sin_cos();
        let at = |far: f64| moved(corner.at, far, [cos, sin]);
        // Longer than the diagonal of the box.
        let ray = Curve::Segment(corner.at, at(2.0 * size));
        let curves = self.shape.primitives().into_iter().flat_map(outline);
        let crossings = curves.flat_map(|curve| ray.crossings(&curve));
        let mut ways: Vec<f64> = crossings.map(|crossing| distance(crossing, corner.at)).collect();
        ways.retain(|way| *way > AROUND * size);
        ways.sort_by(f64::total_cmp);
        // Where one only touches the domain, one does not get on either.
        ways.into_iter().find(|way| {
            self.shape.contains(&at(*way), true) || self.shape.contains(&at(way + AROUND * size), false)
        })
    }

    /// The angles inside at a point, each with the direction where it begins. The curves through it part its surroundings in
    /// sectors, each inside or outside as a whole; neighbours that are inside make one angle.
    fn angles(&self, at: [f64; 2], curves: &[Curve], size: f64) -> Vec<[f64; 2]> {
        let mut directions: Vec<f64> = curves
            .iter()
            .filter(|curve| curve.distance(at) <= NEAR * size)
            .flat_map(|curve| {
                let [dx, dy] = curve.tangent(at);
                [dy.atan2(dx).rem_euclid(TAU), (-dy).atan2(-dx).rem_euclid(TAU)]
            })
            .collect();
        directions.sort_by(f64::total_cmp);
        directions.dedup_by(|b, a| *b - *a < SAME_DIRECTION);
        if directions.len() > 1 && directions[0] + TAU - directions[directions.len() - 1] < SAME_DIRECTION {
            directions.pop();
        }
        let count = directions.len();
        let sector = |i: usize| {
            let width = (directions[(i + 1) % count] - directions[i]).rem_euclid(TAU);
            let (sin, cos) = (directions[i] + 0.5 * width).sin_cos();
            let x = [at[0] + AROUND * size * cos, at[1] + AROUND * size * sin];
            (width, self.shape.contains(&x, false))
        };
        let sectors: Vec<(f64, bool)> = (0..count).map(sector).collect();
        // Begin outside; a point with nothing outside around it is no corner.
        let Some(outside) = sectors.iter().position(|(_, inside)| !inside) else { return Vec::new() };
        let (mut angles, mut angle) = (Vec::new(), 0.0);
        let mut begin = 0.0;
        for i in 1..=count {
            let (width, inside) = sectors[(outside + i) % count];
            if inside {
                if angle == 0.0 {
                    begin = directions[(outside + i) % count];
                }
                angle += width;
            } else if angle > 0.0 {
                angles.push([begin, angle]);
                angle = 0.0;
            }
        }
        angles.retain(|[_, angle]| (angle - PI).abs() > SAME_DIRECTION);
        angles
    }
}

/// A part of the boundary of a primitive.
#[derive(Debug, Clone, Copy)]
enum Curve {
    Segment([f64; 2], [f64; 2]),
    Circle([f64; 2], f64),
}

fn outline(primitive: &Primitive) -> Vec<Curve> {
    let polygon = |corners: &[[f64; 2]]| edges(corners).map(|(a, b)| Curve::Segment(a, b)).collect();
    match primitive {
        Primitive::Cuboid(ranges) => match ranges[..] {
            [[x0, x1], [y0, y1]] => polygon(&[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]),
            _ => Vec::new(),
        },
        Primitive::Polygon(corners) => polygon(corners),
        Primitive::Ball { centre, radius } => match centre[..] {
            [x, y] => vec![Curve::Circle([x, y], *radius)],
            _ => Vec::new(),
        },
    }
}

impl Curve {
    fn vertex(&self) -> Option<[f64; 2]> {
        match *self {
            Self::Segment(a, _) => Some(a),
            Self::Circle(..) => None,
        }
    }

    fn distance(&self, x: [f64; 2]) -> f64 {
        match *self {
            Self::Segment(a, b) => segment_distance(a, b, &x),
            Self::Circle(centre, radius) => (distance(x, centre) - radius).abs(),
        }
    }

    fn tangent(&self, x: [f64; 2]) -> [f64; 2] {
        match *self {
            Self::Segment(a, b) => minus(b, a),
            Self::Circle(centre, _) => [centre[1] - x[1], x[0] - centre[0]],
        }
    }

    /// Where two curves cross; parallel segments have their ends in common, if anything.
    fn crossings(&self, other: &Self) -> Vec<[f64; 2]> {
        match (*self, *other) {
            (Self::Segment(a, b), Self::Segment(c, d)) => {
                let (along, across) = (minus(b, a), minus(d, c));
                let place = cross(minus(c, a), across) / cross(along, across);
                let other = cross(minus(c, a), along) / cross(along, across);
                let both = on_segment(place) && on_segment(other);
                both.then(|| moved(a, place, along)).into_iter().collect()
            }
            (Self::Segment(a, b), Self::Circle(centre, radius))
            | (Self::Circle(centre, radius), Self::Segment(a, b)) => {
                // |a + s(b − a) − centre| = radius
                let (along, from) = (minus(b, a), minus(a, centre));
                let square = dot(along, along);
                let middle = -dot(from, along) / square;
                let half = (middle * middle - (dot(from, from) - radius * radius) / square).sqrt();
                let places = [middle - half, middle + half].into_iter();
                places.filter(|place| on_segment(*place)).map(|place| moved(a, place, along)).collect()
            }
            (Self::Circle(a, r), Self::Circle(b, s)) => {
                // From a towards b as far as the common chord, then along it.
                let (towards, apart) = (minus(b, a), distance(a, b));
                let foot = (apart * apart + r * r - s * s) / (2.0 * apart);
                let half = (r * r - foot * foot).sqrt();
                let chord = [-towards[1], towards[0]];
                let ends = [-half, half].into_iter().filter(|half| half.is_finite());
                ends.map(|half| moved(moved(a, foot / apart, towards), half / apart, chord)).collect()
            }
        }
    }
}

/// False of NaN, as parallel segments and curves apart give.
fn on_segment(place: f64) -> bool {
    (-NEAR..=1.0 + NEAR).contains(&place)
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

fn moved(a: [f64; 2], length: f64, along: [f64; 2]) -> [f64; 2] {
    [a[0] + length * along[0], a[1] + length * along[1]]
}

fn dot(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    /// Positions and angles in degrees, in the order of the positions.
    fn corners(shape: Shape) -> Vec<([f64; 2], f64)> {
        let mut found: Vec<_> = Domain::from(shape)
            .corners()
            .into_iter()
            .map(|corner| {
                let rounded = |x: f64| (x * 1e9).round() * 1e-9 + 0.0;
                (corner.at.map(rounded), rounded(corner.angle.to_degrees()))
            })
            .collect();
        found.sort_by(|a, b| a.0[0].total_cmp(&b.0[0]).then(a.0[1].total_cmp(&b.0[1])));
        found
    }

    fn square(low: f64, high: f64) -> Shape {
        Shape::rectangle([low, high], [low, high])
    }

    #[test]
    fn an_l_has_one_inner_corner() {
        let expected = [
            ([-1.0, -1.0], 90.0),
            ([-1.0, 1.0], 90.0),
            ([0.0, -1.0], 90.0),
            ([0.0, 0.0], 270.0),
            ([1.0, 0.0], 90.0),
            ([1.0, 1.0], 90.0),
        ];
        let taken_away = square(-1.0, 1.0).minus(Shape::rectangle([0.0, 1.0], [-1.0, 0.0]));
        assert_eq!(corners(taken_away), expected);
        // Its corner is one of neither rectangle.
        let put_together =
            Shape::rectangle([-1.0, 0.0], [-1.0, 1.0]).union(Shape::rectangle([-0.5, 1.0], [0.0, 1.0]));
        assert_eq!(corners(put_together), expected);
        let outline = [[-1.0, -1.0], [0.0, -1.0], [0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [-1.0, 1.0]];
        assert_eq!(corners(Shape::polygon(&outline)), expected);
        let reversed: Vec<_> = outline.into_iter().rev().collect();
        assert_eq!(corners(Shape::polygon(&reversed)), expected);
    }

    #[test]
    fn a_notch_has_its_angle() {
        // 300° at the tip; the vertex on the straight side is no corner.
        let half = 0.5 / 3.0f64.sqrt();
        let notched = Shape::polygon(&[
            [-1.0, 0.0],
            [-0.7, 0.0],
            [-half, 0.0],
            [0.0, 0.5],
            [half, 0.0],
            [1.0, 0.0],
            [1.0, 1.0],
            [-1.0, 1.0],
        ]);
        let found = corners(notched);
        assert_eq!(found.len(), 7);
        let inner: Vec<_> = found.into_iter().filter(|(_, angle)| *angle > 180.0).collect();
        let [(at, angle)] = inner[..] else { panic!("{inner:?}") };
        assert!(at == [0.0, 0.5] && (angle - 300.0).abs() < 1e-6, "{at:?} {angle}");
    }

    #[test]
    fn smooth_holes_have_none() {
        let hole = |x, y| Shape::disk([x, y], 0.1);
        let plate = square(-0.5, 0.5).minus(hole(0.3, 0.3)).minus(hole(-0.3, -0.3));
        let found = corners(plate);
        assert!(found.len() == 4 && found.iter().all(|(_, angle)| *angle == 90.0), "{found:?}");
        assert!(corners(Shape::disk([0.0, 0.0], 1.0)).is_empty());
        assert!(corners(Shape::interval(0.0, 1.0)).is_empty());
    }

    #[test]
    fn circles_meet_at_angles() {
        // Two unit disks at the distance 1 cross at (1/2, ±√3/2), where their tangents make 120°.
        let pair = || (Shape::disk([0.0, 0.0], 1.0), Shape::disk([1.0, 0.0], 1.0));
        let height = (0.75f64.sqrt() * 1e9).round() * 1e-9;
        let (a, b) = pair();
        let close = |found: Vec<([f64; 2], f64)>, angle: f64| {
            assert_eq!(found.len(), 2, "{found:?}");
            for ((at, found), y) in found.into_iter().zip([-height, height]) {
                assert!(distance(at, [0.5, y]) < 1e-8 && (found - angle).abs() < 1e-6, "{at:?} {found}");
            }
        };
        close(corners(a.union(b)), 240.0);
        let (a, b) = pair();
        close(corners(a.intersection(b)), 120.0);
        // A quarter of a disk, and what is left without it.
        let quarter = Shape::disk([0.0, 0.0], 1.0).intersection(Shape::rectangle([0.0, 2.0], [0.0, 2.0]));
        assert_eq!(corners(quarter), [([0.0, 0.0], 90.0), ([0.0, 1.0], 90.0), ([1.0, 0.0], 90.0)]);
        let rest = Shape::disk([0.0, 0.0], 1.0).minus(Shape::rectangle([0.0, 2.0], [0.0, 2.0]));
        assert_eq!(corners(rest), [([0.0, 0.0], 270.0), ([0.0, 1.0], 90.0), ([1.0, 0.0], 90.0)]);
    }

    #[test]
    fn touching_squares_have_two_angles_where_they_touch() {
        let found = corners(square(0.0, 1.0).union(square(1.0, 2.0)));
        assert_eq!(found.len(), 8);
        assert!(found.iter().all(|(_, angle)| *angle == 90.0));
        // Side by side they are one rectangle.
        let joined = square(0.0, 1.0).union(Shape::rectangle([1.0, 2.0], [0.0, 1.0]));
        assert_eq!(corners(joined).len(), 4);
    }
}
