//! Boxes, balls and polygons, and the pieces of their boundaries.

use ansatz_expr::short;

use super::error::list;
use super::polygon::{crossing, edge_of, edges, segment_distance, signed_area, winds_around};
use super::sphere::{ball_volume, sphere};

/// The most corners of a polygon: each edge is tried against all others.
const MAX_CORNERS: usize = 2048;

/// A shape that is not composed of others.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Primitive {
    /// Lowest and highest value of each coordinate.
    Cuboid(Vec<[f64; 2]>),
    Ball {
        centre: Vec<f64>,
        radius: f64,
    },
    /// Corners in order, either way round; the last is joined to the first.
    Polygon(Vec<[f64; 2]>),
}

/// A piece of the boundary of a primitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Of a cuboid: where a coordinate is lowest, or highest.
    Side { axis: usize, high: bool },
    /// All of the boundary of a ball.
    Sphere,
    /// Of a polygon: from this corner to the next.
    Edge(usize),
}

impl Primitive {
    pub fn dimension(&self) -> usize {
        match self {
            Self::Cuboid(ranges) => ranges.len(),
            Self::Ball { centre, .. } => centre.len(),
            Self::Polygon(_) => 2,
        }
    }

    /// The smallest box around it.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        match self {
            Self::Cuboid(ranges) => ranges.clone(),
            Self::Ball { centre, radius } => centre.iter().map(|c| [c - radius, c + radius]).collect(),
            Self::Polygon(corners) => {
                let range = |axis: usize| {
                    let values = corners.iter().map(|corner| corner[axis]);
                    values.fold([f64::INFINITY, f64::NEG_INFINITY], |r, x| [r[0].min(x), r[1].max(x)])
                };
                vec![range(0), range(1)]
            }
        }
    }

    /// Length, area, volume, ….
    pub fn measure(&self) -> f64 {
        match self {
            Self::Cuboid(ranges) => ranges.iter().map(|[low, high]| high - low).product(),
            Self::Ball { centre, radius } => {
                ball_volume(centre.len()) * radius.powi(i32::try_from(centre.len()).unwrap_or(i32::MAX))
            }
            Self::Polygon(corners) => signed_area(corners).abs(),
        }
    }

    /// Whether x lies inside; `closed`: or on the boundary.
    pub fn contains(&self, x: &[f64], closed: bool) -> bool {
        match self {
            Self::Cuboid(ranges) => ranges
                .iter()
                .zip(x)
                .all(|([low, high], x)| if closed { low <= x && x <= high } else { low < x && x < high }),
            Self::Ball { centre, radius } => {
                let squares: f64 = centre.iter().zip(x).map(|(c, x)| (x - c) * (x - c)).sum();
                if closed { squares.sqrt() <= *radius } else { squares.sqrt() < *radius }
            }
            Self::Polygon(corners) => {
                let on_edge = || edges(corners).any(|(a, b)| segment_distance(a, b, x) == 0.0);
                if winds_around(corners, x) { closed || !on_edge() } else { closed && on_edge() }
            }
        }
    }

    /// Distance from x to the boundary.
    pub fn distance(&self, x: &[f64]) -> f64 {
        match self {
            Self::Cuboid(ranges) => {
                let sides = || ranges.iter().zip(x).map(|([low, high], x)| (low - x).max(x - high));
                let deepest = sides().fold(f64::NEG_INFINITY, f64::max);
                let outside = sides().map(|s| s.max(0.0).powi(2)).sum::<f64>().sqrt();
                if deepest < 0.0 { -deepest } else { outside }
            }
            Self::Ball { centre, radius } => {
                let squares: f64 = centre.iter().zip(x).map(|(c, x)| (x - c) * (x - c)).sum();
                (squares.sqrt() - radius).abs()
            }
            Self::Polygon(corners) => {
                edges(corners).map(|(a, b)| segment_distance(a, b, x)).fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// The pieces of its boundary.
    pub fn faces(&self) -> Vec<Face> {
        match self {
            Self::Cuboid(ranges) => (0..ranges.len())
                .flat_map(|axis| [false, true].map(|high| Face::Side { axis, high }))
                .collect(),
            Self::Ball { .. } => vec![Face::Sphere],
            Self::Polygon(corners) => (0..corners.len()).map(Face::Edge).collect(),
        }
    }

    /// `x_min`, `x_max`, …; `circle` or `sphere`; `edge_1`, ….
    pub fn face_name(&self, face: Face, coordinates: &[String]) -> String {
        match face {
            Face::Side { axis, high } => {
                format!("{}_{}", coordinates[axis], if high { "max" } else { "min" })
            }
            Face::Sphere if self.dimension() == 2 => "circle".into(),
            Face::Sphere => "sphere".into(),
            Face::Edge(edge) => format!("edge_{}", edge + 1),
        }
    }

    /// Length, area, … of a face; 1 for an end of an interval.
    pub fn face_measure(&self, face: Face) -> f64 {
        match (self, face) {
            (Self::Cuboid(ranges), Face::Side { axis, .. }) => {
                let others = ranges.iter().enumerate().filter(|(i, _)| *i != axis);
                others.map(|(_, [low, high])| high - low).product()
            }
            (Self::Ball { centre, radius }, _) => {
                let k = centre.len();
                k as f64 * ball_volume(k) * radius.powi(i32::try_from(k).unwrap_or(i32::MAX) - 1)
            }
            (Self::Polygon(corners), Face::Edge(edge)) => {
                let (a, b) = edge_of(corners, edge);
                (b[0] - a[0]).hypot(b[1] - a[1])
            }
            _ => 0.0,
        }
    }

    /// The point of a face, and the outward unit normal there, that belongs to `unit` ∈ [0, 1)^{d−1}.
    pub fn face_point(&self, face: Face, unit: &[f64], x: &mut [f64], normal: &mut [f64]) {
        normal.fill(0.0);
        match (self, face) {
            (Self::Cuboid(ranges), Face::Side { axis, high }) => {
                let mut unit = unit.iter();
                for (i, ([low, upper], x)) in ranges.iter().zip(x).enumerate() {
                    *x = match (i == axis, high) {
                        (true, false) => *low,
                        (true, true) => *upper,
                        _ => low + (upper - low) * unit.next().copied().unwrap_or(0.0),
                    };
                }
                normal[axis] = if high { 1.0 } else { -1.0 };
            }
            (Self::Ball { centre, radius }, _) => {
                sphere(unit, normal);
                x.iter_mut().zip(centre).zip(normal).for_each(|((x, c), n)| *x = c + radius * *n);
            }
            (Self::Polygon(corners), Face::Edge(edge)) => {
                let (a, b) = edge_of(corners, edge);
                let along = [b[0] - a[0], b[1] - a[1]];
                // To the right of the way round, where that is counter-clockwise.
                let length = along[0].hypot(along[1]) * signed_area(corners).signum();
                x.copy_from_slice(&[a[0] + unit[0] * along[0], a[1] + unit[0] * along[1]]);
                normal.copy_from_slice(&[along[1] / length, -along[0] / length]);
            }
            _ => {}
        }
    }

    /// What is wrong with the numbers, if anything.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Cuboid(ranges) if ranges.is_empty() => Some("the box has no coordinates".into()),
            Self::Cuboid(ranges) => ranges.iter().find_map(|[low, high]| {
                let finite = low.is_finite() && high.is_finite();
                (!finite || low >= high)
                    .then(|| format!("the range {} has no length", list(&[*low, *high], "[]")))
            }),
            Self::Ball { centre, .. } if centre.len() < 2 => {
                Some("a ball of fewer than two coordinates is an interval: use a box".into())
            }
            Self::Ball { centre, radius } => {
                let finite = centre.iter().all(|c| c.is_finite()) && radius.is_finite();
                (!finite || *radius <= 0.0)
                    .then(|| format!("a ball of radius {} has no volume", short(*radius)))
            }
            Self::Polygon(corners) if corners.len() < 3 => {
                Some(format!("a polygon of {} corners has no area", corners.len()))
            }
            Self::Polygon(corners) if corners.len() > MAX_CORNERS => {
                Some(format!("a polygon of {} corners, where {MAX_CORNERS} are the most", corners.len()))
            }
            Self::Polygon(corners) => {
                if corners.iter().flatten().any(|x| !x.is_finite()) {
                    return Some("a corner of the polygon is not finite".into());
                }
                crossing(corners)
                    .map(|(a, b)| format!("edges {} and {} of the polygon meet", a + 1, b + 1))
                    .or_else(|| {
                        let area = signed_area(corners);
                        (area == 0.0)
                            .then(|| "the corners of the polygon lie on a line: it has no area".into())
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn polygon(corners: &[[f64; 2]]) -> Primitive {
        Primitive::Polygon(corners.to_vec())
    }

    #[test]
    fn measures_of_faces_and_volumes() {
        let cuboid = Primitive::Cuboid(vec![[0.0, 2.0], [-1.0, 2.0], [0.0, 0.5]]);
        let total: f64 = cuboid.faces().into_iter().map(|face| cuboid.face_measure(face)).sum();
        assert_eq!((cuboid.measure(), total), (3.0, 2.0 * (6.0 + 1.0 + 1.5)));
        let disk = Primitive::Ball { centre: vec![1.0, 1.0], radius: 2.0 };
        assert!((disk.measure() - 4.0 * PI).abs() < 1e-14);
        assert!((disk.face_measure(Face::Sphere) - 4.0 * PI).abs() < 1e-14);
        let triangle = polygon(&[[0.0, 0.0], [0.0, 3.0], [4.0, 0.0]]);
        let total: f64 = triangle.faces().into_iter().map(|face| triangle.face_measure(face)).sum();
        assert_eq!((triangle.measure(), total), (6.0, 12.0));
    }

    #[test]
    fn open_and_closed() {
        let shapes = [
            Primitive::Cuboid(vec![[0.0, 1.0]; 2]),
            polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]),
            Primitive::Ball { centre: vec![0.5, 0.5], radius: 0.5 },
        ];
        for shape in shapes {
            let at = |x: [f64; 2]| (shape.contains(&x, false), shape.contains(&x, true), shape.distance(&x));
            assert_eq!(at([0.0, 0.5]), (false, true, 0.0));
            assert_eq!(at([0.25, 0.5]), (true, true, 0.25));
            assert_eq!(at([1.5, 0.5]), (false, false, 0.5));
        }
    }

    /// The normal is of length 1, points outwards and, on polygons, stands on the edge.
    #[test]
    fn normals_point_outwards() {
        let shapes = [
            Primitive::Cuboid(vec![[0.0, 1.0], [2.0, 5.0], [-1.0, 1.0]]),
            Primitive::Ball { centre: vec![0.5, 0.5, 1.0, 2.0], radius: 0.5 },
            Primitive::Ball { centre: vec![0.5, 0.5], radius: 3.0 },
            polygon(&[[0.0, 0.0], [2.0, 0.0], [1.0, 1.0], [1.0, 3.0]]),
            polygon(&[[1.0, 3.0], [1.0, 1.0], [2.0, 0.0], [0.0, 0.0]]),
        ];
        for shape in shapes {
            let d = shape.dimension();
            let (mut x, mut normal) = (vec![0.0; d], vec![0.0; d]);
            for face in shape.faces() {
                for unit in [[0.3, 0.4, 0.7], [0.9, 0.1, 0.2]] {
                    shape.face_point(face, &unit[..d - 1], &mut x, &mut normal);
                    assert!((normal.iter().map(|n| n * n).sum::<f64>() - 1.0).abs() < 1e-14);
                    assert!(shape.distance(&x) < 1e-14, "{shape:?} {face:?}");
                    let step = |h: f64| x.iter().zip(&normal).map(|(x, n)| x + h * n).collect::<Vec<_>>();
                    assert!(shape.contains(&step(-1e-6), false) && !shape.contains(&step(1e-6), true));
                }
            }
        }
    }

    #[test]
    fn bad_numbers_are_named() {
        let wrong = |primitive: Primitive, word: &str| {
            let problem = primitive.problem().unwrap_or_default();
            assert!(problem.contains(word), "{primitive:?}: {problem:?}");
        };
        wrong(Primitive::Cuboid(vec![[0.0, 1.0], [1.0, 1.0]]), "no length");
        wrong(Primitive::Cuboid(vec![[0.0, f64::NAN]]), "no length");
        wrong(Primitive::Ball { centre: vec![0.0, 0.0], radius: 0.0 }, "radius 0");
        wrong(Primitive::Ball { centre: vec![0.0], radius: 1.0 }, "use a box");
        wrong(polygon(&[[0.0, 0.0], [1.0, 0.0]]), "2 corners");
        wrong(polygon(&[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), "on a line");
        wrong(polygon(&[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), "edges 1 and 3");
        wrong(polygon(&[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), "edges 1 and 2");
        assert_eq!(polygon(&[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).problem(), None);
    }
}
