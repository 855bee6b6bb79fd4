//! Shapes in space: primitives, and what unions, intersections and differences make of them.

use super::DomainError;
use super::primitive::Primitive;
use crate::Sampler;
use ansatz_random::Philox;

/// A region of space, with a boundary in named pieces.
///
/// The pieces of a box are called `x_min`, `x_max`, `y_min`, … after its coordinates; that of a disk `circle`, of a ball
/// `sphere`; the edges of a polygon `edge_1`, `edge_2`, … in the order of its corners. A shape [`called`](Shape::called)
/// `wing` has the pieces `wing.x_min`, …, and `wing` names all of them together. A shape taken away is called `hole`
/// unless it has a name. Pieces of one name count as one piece.
///
/// ```
/// use ansatz_problem::Shape;
/// let plate = Shape::rectangle([-1.0, 1.0], [-1.0, 1.0]).minus(Shape::disk([0.0, 0.0], 0.5));
/// assert!(plate.contains(&[0.9, 0.0], false) && !plate.contains(&[0.1, 0.0], true));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    pub(super) kind: Kind,
    pub(super) name: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Primitive(Primitive),
    Union(Vec<Shape>),
    Intersection(Vec<Shape>),
    /// The first without the others.
    Difference(Box<Shape>, Vec<Shape>),
}

impl Shape {
    fn new(kind: Kind) -> Self {
        Self { kind, name: None }
    }

    /// low < x < high.
    pub fn interval(low: f64, high: f64) -> Self {
        Self::cuboid(&[[low, high]])
    }

    /// A rectangle from the ranges of x and y.
    pub fn rectangle(x: [f64; 2], y: [f64; 2]) -> Self {
        Self::cuboid(&[x, y])
    }

    /// A box of any dimension from the range of each coordinate.
    pub fn cuboid(ranges: &[[f64; 2]]) -> Self {
        Self::new(Kind::Primitive(Primitive::Cuboid(ranges.to_vec())))
    }

    /// The points of the plane within `radius` of `centre`.
    pub fn disk(centre: [f64; 2], radius: f64) -> Self {
        Self::ball(&centre, radius)
    }

    /// The points within `radius` of `centre`, in two or more dimensions.
    pub fn ball(centre: &[f64], radius: f64) -> Self {
        Self::new(Kind::Primitive(Primitive::Ball { centre: centre.to_vec(), radius }))
    }

    /// A polygon from its corners in order, either way round.
    pub fn polygon(corners: &[[f64; 2]]) -> Self {
        Self::new(Kind::Primitive(Primitive::Polygon(corners.to_vec())))
    }

    /// The points of either.
    pub fn union(self, other: Self) -> Self {
        match self {
            Self { kind: Kind::Union(mut shapes), name: None } => {
                shapes.push(other);
                Self::new(Kind::Union(shapes))
            }
            _ => Self::new(Kind::Union(vec![self, other])),
        }
    }

    /// The points of both.
    pub fn intersection(self, other: Self) -> Self {
        match self {
            Self { kind: Kind::Intersection(mut shapes), name: None } => {
                shapes.push(other);
                Self::new(Kind::Intersection(shapes))
            }
            _ => Self::new(Kind::Intersection(vec![self, other])),
        }
    }

    /// The points that are not in `other`.
    pub fn minus(self, other: Self) -> Self {
        match self {
            Self { kind: Kind::Difference(whole, mut holes), name: None } => {
                holes.push(other);
                Self::new(Kind::Difference(whole, holes))
            }
            _ => Self::new(Kind::Difference(Box::new(self), vec![other])),
        }
    }

    /// Gives the pieces of its boundary a common name.
    pub fn called(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Number of coordinates.
    pub fn dimension(&self) -> usize {
        match &self.kind {
            Kind::Primitive(primitive) => primitive.dimension(),
            Kind::Union(shapes) | Kind::Intersection(shapes) => shapes.first().map_or(0, Self::dimension),
            Kind::Difference(whole, _) => whole.dimension(),
        }
    }

    /// A box around it, as tight as the primitives tell.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        let merge = |shapes: &[Self], wider: bool| {
            let all = shapes.iter().map(Self::bounds);
            all.reduce(|a, b| {
                let joined = a.iter().zip(&b).map(|(a, b)| {
                    if wider { [a[0].min(b[0]), a[1].max(b[1])] } else { [a[0].max(b[0]), a[1].min(b[1])] }
                });
                joined.collect()
            })
        };
        match &self.kind {
            Kind::Primitive(primitive) => primitive.bounds(),
            Kind::Union(shapes) => merge(shapes, true).unwrap_or_default(),
            Kind::Intersection(shapes) => merge(shapes, false).unwrap_or_default(),
            Kind::Difference(whole, _) => whole.bounds(),
        }
    }

    /// Whether x lies inside; `closed`: or on the boundary.
    pub fn contains(&self, x: &[f64], closed: bool) -> bool {
        if !self.holds(x, closed) || !closed || self.as_primitive().is_some() || self.holds(x, false) {
            return self.holds(x, closed);
        }
        // Where sides of a shape and of what is taken from it lie on each other, nothing is left but a film. The point
        // belongs to the shape if the inside begins in some direction from it.
        let step =
            1e-9 * x.iter().chain(self.bounds().as_flattened()).fold(0.0f64, |size, x| size.max(x.abs()));
        (0..1u32 << x.len().min(16)).any(|corner| {
            let moved = |(i, x): (usize, &f64)| if corner >> i & 1 == 1 { x + step } else { x - step };
            let moved: Vec<f64> = x.iter().enumerate().map(moved).collect();
            self.holds(&moved, false)
        })
    }

    /// [`Shape::contains`] by set operations alone.
    fn holds(&self, x: &[f64], closed: bool) -> bool {
        match &self.kind {
            Kind::Primitive(primitive) => primitive.contains(x, closed),
            Kind::Union(shapes) => shapes.iter().any(|shape| shape.holds(x, closed)),
            Kind::Intersection(shapes) => shapes.iter().all(|shape| shape.holds(x, closed)),
            Kind::Difference(whole, holes) => {
                whole.holds(x, closed) && !holes.iter().any(|hole| hole.holds(x, !closed))
            }
        }
    }

    /// Its length, area, volume, …: exact for primitives, else estimated on 2¹⁴ points of its bounding box.
    pub fn measure(&self) -> f64 {
        match &self.kind {
            Kind::Primitive(primitive) => primitive.measure(),
            _ => {
                let bounds = self.bounds();
                let volume: f64 = bounds.iter().map(|[low, high]| (high - low).max(0.0)).product();
                if volume > 0.0 { volume * self.fraction(&bounds) } else { 0.0 }
            }
        }
    }

    /// The part of its bounding box that it fills.
    fn fraction(&self, bounds: &[[f64; 2]]) -> f64 {
        const POINTS: usize = 1 << 14;
        let d = bounds.len();
        let units = Sampler::Sobol.points(d, 0, POINTS, Philox::new(0, 0));
        let inside = units.chunks(d.max(1)).filter(|unit| self.contains(&in_box(bounds, unit), false));
        inside.count() as f64 / POINTS as f64
    }

    /// The only primitive, if it is one.
    pub(super) fn as_primitive(&self) -> Option<&Primitive> {
        match &self.kind {
            Kind::Primitive(primitive) => Some(primitive),
            _ => None,
        }
    }

    /// What is wrong with it, if anything.
    pub(super) fn check(&self, dimension: usize) -> Result<(), DomainError> {
        if self.dimension() != dimension {
            return Err(DomainError::Mixed { first: dimension, other: self.dimension() });
        }
        match &self.kind {
            Kind::Primitive(primitive) => match primitive.problem() {
                Some(problem) => Err(DomainError::Shape { problem }),
                None => Ok(()),
            },
            Kind::Union(shapes) | Kind::Intersection(shapes) => {
                shapes.iter().try_for_each(|shape| shape.check(dimension))
            }
            Kind::Difference(whole, holes) => {
                whole.check(dimension)?;
                holes.iter().try_for_each(|hole| hole.check(dimension))
            }
        }
    }
}

/// A point of the unit cube, carried to a box.
pub(super) fn in_box(bounds: &[[f64; 2]], unit: &[f64]) -> Vec<f64> {
    bounds.iter().zip(unit).map(|([low, high], unit)| low + (high - low) * unit).collect()
}
