//! How a least-squares solve ended.

use std::fmt;

/// Why there is a solution, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeastSquaresReason {
    /// x is the minimiser.
    Solved,
    /// Without Tikhonov's term, the minimiser is not unique: some columns depend on those before them.
    RankDeficient {
        /// Columns that do not.
        rank: usize,
        /// The first that does, counted from 0.
        column: usize,
    },
    /// Fewer rows than columns, and no Tikhonov's term.
    TooFewRows {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// An entry of the matrix is infinite or NaN.
    NonFiniteMatrix {
        /// Its row, counted from 0.
        row: usize,
        /// Its column, counted from 0.
        column: usize,
    },
    /// An entry of a right-hand side is infinite or NaN.
    NonFiniteRhs {
        /// Its row, counted from 0.
        row: usize,
        /// Which right-hand side, counted from 0.
        column: usize,
    },
    /// The entries are finite, but the device took one for something else: it is too near the largest number.
    Overflow,
}

impl LeastSquaresReason {
    /// The name, as in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved => "Solved",
            Self::RankDeficient { .. } => "RankDeficient",
            Self::TooFewRows { .. } => "TooFewRows",
            Self::NonFiniteMatrix { .. } => "NonFiniteMatrix",
            Self::NonFiniteRhs { .. } => "NonFiniteRhs",
            Self::Overflow => "Overflow",
        }
    }

    /// One sentence on what to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Solved => "Nothing to do.",
            Self::RankDeficient { .. } => {
                "Leave out columns that repeat others, or allow a Tikhonov term greater than zero."
            }
            Self::TooFewRows { .. } => {
                "Take more points, or fewer features, or allow a Tikhonov term greater than zero."
            }
            Self::NonFiniteMatrix { .. } => {
                "Look at this row's point and at its coefficients: one of them is not finite, or a feature overflows there."
            }
            Self::NonFiniteRhs { .. } => "Look at the data of this row: it is not finite.",
            Self::Overflow => "Scale the equations down, or solve in f64.",
        }
    }
}

impl fmt::Display for LeastSquaresReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Solved | Self::Overflow => Ok(()),
            Self::RankDeficient { rank, column } => {
                write!(f, " (rank {rank}; column {column} depends on those before it)")
            }
            Self::TooFewRows { rows, columns } => write!(f, " ({rows} rows for {columns} columns)"),
            Self::NonFiniteMatrix { row, column } => write!(f, " (row {row}, column {column})"),
            Self::NonFiniteRhs { row, column } => write!(f, " (row {row} of right-hand side {column})"),
        }
    }
}

/// The result of [`crate::LeastSquares::solve`].
#[derive(Debug, Clone, PartialEq)]
pub struct LeastSquaresSolution {
    /// x for each right-hand side; empty where the reason is not [`LeastSquaresReason::Solved`].
    pub x: Vec<Vec<f64>>,
    /// ‖A x − b‖₂ for each right-hand side, recomputed in f64 on the host from A as it was given.
    pub residual_norms: Vec<f64>,
    /// Columns that do not depend on those before them, as far as the precision (and λ) can tell.
    pub rank: usize,
    /// max |R_jj| / min |R_jj|: at most the condition of the scaled columns with the rows λI, and seldom much less.
    pub condition: f64,
    /// λ.
    pub tikhonov: f64,
    /// How it ended.
    pub reason: LeastSquaresReason,
    /// Precision and place, such as `f64 on the host`.
    pub tier: String,
    /// Seconds in all.
    pub seconds: f64,
}

impl LeastSquaresSolution {
    /// Whether there is an x.
    pub fn solved(&self) -> bool {
        self.reason == LeastSquaresReason::Solved
    }
}
