//! Where a problem is posed: a shape in space, times an interval of time.

mod corner;
mod error;
mod hole;
mod piece;
mod polygon;
mod primitive;
mod region;
mod sample;
mod shape;
mod sphere;
#[cfg(test)]
mod tests;

use ansatz_expr::MAX_COORDINATES;

pub use corner::Corner;
pub use error::DomainError;
pub(crate) use error::list;
pub use hole::Hole;
pub use region::Region;
pub use sample::MAX_POINTS;
pub use shape::Shape;

/// The most primitives in a shape: every piece of boundary is tried against all of them.
const MAX_PRIMITIVES: usize = 64;

/// A shape with names for its coordinates, and time.
///
/// Unless [`named`](Domain::named), the coordinates are called x; x, y; x, y, z; or x1, x2, … from four on. Time is the last
/// coordinate.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    shape: Shape,
    coordinates: Vec<String>,
    time: Option<[f64; 2]>,
}

/// A named piece of the boundary.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundaryPiece {
    /// Its full name.
    pub name: String,
    /// Every name that includes it, its own last.
    pub names: Vec<String>,
    /// Its length, area, … in space; exact unless shapes are composed.
    pub measure: f64,
}

impl From<Shape> for Domain {
    fn from(shape: Shape) -> Self {
        let names: Vec<String> = match shape.dimension() {
            d @ ..=3 => ["x", "y", "z"][..d].iter().map(|&name| name.into()).collect(),
            d => (1..=d).map(|i| format!("x{i}")).collect(),
        };
        Self { shape, coordinates: names, time: None }
    }
}

impl Domain {
    /// Names the coordinates of space.
    pub fn named<S: Into<String>>(shape: Shape, names: impl IntoIterator<Item = S>) -> Self {
        Self { shape, coordinates: names.into_iter().map(Into::into).collect(), time: None }
    }

    /// Adds a time interval; `name` becomes the last coordinate.
    pub fn over(mut self, name: &str, interval: [f64; 2]) -> Self {
        if self.time.is_some() {
            self.coordinates.pop();
        }
        self.coordinates.push(name.to_owned());
        self.time = Some(interval);
        self
    }

    /// The shape in space.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Names of the coordinates, time last.
    pub fn coordinates(&self) -> &[String] {
        &self.coordinates
    }

    /// The time interval.
    pub fn time(&self) -> Option<[f64; 2]> {
        self.time
    }

    /// Number of coordinates, time included.
    pub fn dimension(&self) -> usize {
        self.coordinates.len()
    }

    /// The range of each coordinate, time included.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        self.shape.bounds().into_iter().chain(self.time).collect()
    }

    /// Whether x lies inside, at any time of the interval; `closed`: or on the boundary.
    pub fn contains(&self, x: &[f64], closed: bool) -> bool {
        let d = self.shape.dimension();
        let in_time = |[start, end]: [f64; 2]| {
            let t = x.get(d).copied().unwrap_or(f64::NAN);
            if closed { start <= t && t <= end } else { start < t && t < end }
        };
        self.time.is_none_or(in_time) && self.shape.contains(&x[..d.min(x.len())], closed)
    }

    /// The pieces of the boundary in space.
    pub fn boundary(&self) -> Vec<BoundaryPiece> {
        let mut found: Vec<BoundaryPiece> = Vec::new();
        for piece in self.shape.pieces(&self.coordinates) {
            let name = piece.names.last().cloned().unwrap_or_default();
            match found.iter_mut().find(|other| other.name == name) {
                Some(other) => other.measure += piece.measure,
                None => found.push(BoundaryPiece { name, names: piece.names, measure: piece.measure }),
            }
        }
        found
    }

    /// Whether the domain can be used at all.
    ///
    /// # Errors
    /// What is wrong with its numbers or names, or that nothing is left of it.
    pub fn check(&self) -> Result<(), DomainError> {
        let dimension = self.shape.dimension();
        self.shape.check(dimension)?;
        let count = self.shape.primitives().len();
        if count > MAX_PRIMITIVES {
            return Err(DomainError::Parts { count, limit: MAX_PRIMITIVES });
        }
        let names = self.coordinates.len() - usize::from(self.time.is_some());
        if names != dimension {
            return Err(DomainError::Names { names, dimension });
        }
        if self.dimension() > MAX_COORDINATES {
            return Err(DomainError::Dimension(self.dimension()));
        }
        if let Some([start, end]) = self.time
            && !(start < end && start.is_finite() && end.is_finite())
        {
            return Err(DomainError::Time { start, end });
        }
        let measure = self.shape.measure();
        if !measure.is_finite() {
            return Err(DomainError::Shape { problem: "the domain has no finite volume".into() });
        }
        if measure > 0.0 { Ok(()) } else { Err(DomainError::Empty) }
    }
}
