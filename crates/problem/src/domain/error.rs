//! What can be wrong with a domain or with what is asked of it.

/// A domain that cannot be used, or points that cannot be drawn from it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// A primitive has no volume or is no shape at all.
    #[error("{problem}; expected a shape of positive volume: correct its numbers")]
    Shape {
        /// What is wrong.
        problem: String,
    },
    /// Nothing is left of the composed shape.
    #[error("the domain has zero volume; expected shapes that overlap, and holes smaller than what they are cut from")]
    Empty,
    /// Shapes of different dimensions are composed.
    #[error("shapes of {first} and of {other} coordinates are composed; expected as many coordinates in all")]
    Mixed {
        /// Dimension of the first shape.
        first: usize,
        /// Dimension of the other.
        other: usize,
    },
    /// The names of the coordinates do not fit.
    #[error("{names} coordinates are named; the shape has {dimension}: name each once")]
    Names {
        /// Number of names.
        names: usize,
        /// Dimension of the shape.
        dimension: usize,
    },
    /// More coordinates than expressions can have.
    #[error("{0} coordinates with time; at most 8 are possible: leave some out")]
    Dimension(usize),
    /// The time interval is empty.
    #[error("the time interval [{start}, {end}] has no length; expected a start before the end")]
    Time {
        /// Its start.
        start: f64,
        /// Its end.
        end: f64,
    },
    /// No piece of the boundary has this name.
    #[error("the boundary has no piece `{name}`; it has all, {known}{hint}")]
    NoPiece {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
        /// The nearest name, if one is near.
        hint: String,
    },
    /// An initial condition without time.
    #[error("there is no initial time; give the domain a time interval")]
    NoTime,
    /// A periodic condition on a domain that is no box.
    #[error("only a box has opposite sides of equal shape: `{axis}` cannot be periodic here")]
    NotPeriodic {
        /// The coordinate.
        axis: String,
    },
    /// More points than memory should be spent on.
    #[error("{count} points; at most {limit} are possible: ask for fewer")]
    TooMany {
        /// Points asked for.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// Rejection finds no points: the shape is far thinner than its bounding box.
    #[error("the domain fills too little of its bounding box to draw points from it; use smaller shapes")]
    Thin,
}
