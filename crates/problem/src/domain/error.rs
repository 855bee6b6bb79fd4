//! What can be wrong with a domain or with what is asked of it.

use std::fmt;

use ansatz_expr::short;

/// A domain that cannot be used, or points that cannot be had from it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DomainError {
    /// A primitive has no volume or is no shape at all.
    Shape {
        /// What is wrong.
        problem: String,
    },
    /// Nothing is left of the composed shape.
    Empty,
    /// Shapes of different dimensions are composed.
    Mixed {
        /// Dimension of the first shape.
        first: usize,
        /// Dimension of the other.
        other: usize,
    },
    /// More primitives or corners than the search for boundaries should meet.
    Parts {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The names of the coordinates, or numbers for each of them, do not fit.
    Names {
        /// Number of names.
        names: usize,
        /// Dimension of the shape.
        dimension: usize,
    },
    /// More coordinates than expressions can have.
    Dimension(usize),
    /// The time interval is empty.
    Time {
        /// Its start.
        start: f64,
        /// Its end.
        end: f64,
    },
    /// No piece of the boundary has this name.
    NoPiece {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
        /// The nearest name, if one is near.
        near: Option<String>,
    },
    /// An initial condition without time.
    NoTime,
    /// A periodic condition on a domain that is no box.
    NotPeriodic {
        /// The coordinate.
        axis: String,
    },
    /// More points than memory should be spent on.
    TooMany {
        /// Points asked for.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A given point has a coordinate or a value that is no number.
    NotFinite {
        /// Which point, from 1.
        point: usize,
        /// The number.
        number: f64,
    },
    /// A given point lies outside.
    Outside {
        /// Which, from 1.
        point: usize,
        /// Its coordinates.
        coordinates: Vec<f64>,
    },
    /// Rejection finds no points: the shape is far thinner than its bounding box.
    Thin,
}

impl DomainError {
    /// What is wrong, what was expected, and what to do.
    pub(crate) fn parts(&self) -> [String; 3] {
        let parts = |problem: String, expected: &str, remedy: &str| [problem, expected.into(), remedy.into()];
        match self {
            Self::Shape { problem } => {
                parts(problem.clone(), "a shape of positive volume", "correct its numbers")
            }
            Self::Empty => parts(
                "the domain has zero volume".into(),
                "a domain of positive volume",
                "let intersected shapes overlap, and make holes smaller than what they are cut from",
            ),
            Self::Mixed { first, other } => parts(
                format!("shapes of {first} and of {other} coordinates are composed"),
                "as many coordinates in all",
                "give each shape every coordinate",
            ),
            Self::Parts { count, limit } => parts(
                format!("{count} shapes or corners"),
                &format!("at most {limit}"),
                "use a simpler domain",
            ),
            Self::Names { names, dimension } => parts(
                format!("{names} coordinates are named or numbered"),
                &format!("{dimension}, as the domain has"),
                "give each coordinate once; names of those of a shape stand within [domain]: coordinates = [\"r\", \"z\"]",
            ),
            Self::Dimension(count) => {
                parts(format!("{count} coordinates with time"), "at most 8", "leave some out")
            }
            Self::Time { start, end } => parts(
                format!("the time interval {} has no length", list(&[*start, *end], "[]")),
                "a start before the end",
                "correct the interval",
            ),
            Self::NoPiece { name, known, near } => {
                let remedy = near.as_ref().map(|near| format!("did you mean `{near}`?"));
                parts(
                    format!("the boundary has no piece `{name}`"),
                    &format!("one of all, {}", known.join(", ")),
                    &remedy.unwrap_or_else(|| "use one of these names".into()),
                )
            }
            Self::NoTime => {
                parts("there is no initial time".into(), "a time interval", "give the domain a time interval")
            }
            Self::NotPeriodic { axis } => parts(
                format!("the two sides in `{axis}` are not of equal shape"),
                "a box, whose opposite sides have equal shapes",
                "use a box without holes as the domain, or other conditions",
            ),
            Self::TooMany { count, limit } => {
                parts(format!("{count} points"), &format!("at most {limit}"), "ask for fewer")
            }
            Self::NotFinite { point, number } => parts(
                format!("point {point} holds {}", short(*number)),
                "finite numbers",
                "remove its row, or write its numbers",
            ),
            Self::Outside { point, coordinates } => parts(
                format!("point {point}, {}, lies outside the domain", list(coordinates, "()")),
                "points inside or on the boundary",
                "remove its row, or enlarge the domain",
            ),
            Self::Thin => parts(
                "the domain fills too little of its bounding box to draw points from it".into(),
                "at least a few points in 100,000 of the box",
                "use smaller shapes",
            ),
        }
    }
}

/// Numbers in brackets, none of them long.
pub(crate) fn list(numbers: &[f64], brackets: &str) -> String {
    let (open, close) = brackets.split_at(1);
    let numbers: Vec<String> = numbers.iter().map(|&number| short(number)).collect();
    format!("{open}{}{close}", numbers.join(", "))
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [problem, expected, remedy] = self.parts();
        write!(f, "{problem}; expected {expected} — {remedy}")
    }
}

impl std::error::Error for DomainError {}
