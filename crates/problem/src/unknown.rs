//! Parameters that are to be found.

use ansatz_expr::{Expr, Leaf};

/// A parameter of the equations that is to be found along with their solution, from measurements mostly.
///
/// ```
/// use ansatz_problem::{Problem, PointSet, Shape, Unknown};
/// let measured = PointSet::new(1, vec![0.25, 0.5]).with_values(vec![0.71, 1.0]);
/// let problem = Problem::on(Shape::interval(0.0, 1.0))
///     .field("u")
///     .unknown(Unknown::new("k", 1.0).between([0.0, f64::INFINITY]))
///     .equation("k*u_xx = -sin(pi*x)")
///     .boundary("all", "u = 0")
///     .data("u", measured)
///     .build()?;
/// assert_eq!(problem.unknowns.len(), 1);
/// # Ok::<(), ansatz_problem::ProblemError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// Its name.
    pub name: String,
    /// Where the search begins.
    pub start: f64,
    /// It lies between these, which may be infinite.
    pub bounds: [f64; 2],
    /// Its true value, where that is known: then exact solutions are in terms of it, and reports tell the error.
    pub exact: Option<f64>,
}

impl Unknown {
    /// Any number; the search begins at `start`.
    pub fn new(name: &str, start: f64) -> Self {
        Self { name: name.to_owned(), start, bounds: [f64::NEG_INFINITY, f64::INFINITY], exact: None }
    }

    /// With bounds, which it never reaches; infinite where there are none.
    pub fn between(mut self, bounds: [f64; 2]) -> Self {
        self.bounds = bounds;
        self
    }

    /// With its true value.
    pub fn exactly(mut self, value: f64) -> Self {
        self.exact = Some(value);
        self
    }

    /// What it counts as where a number is needed before it is found.
    pub(crate) fn value(&self) -> f64 {
        self.exact.unwrap_or(self.start)
    }
}

/// Which of `unknowns`, the last of so many `parameters` in all, a leaf is.
pub(crate) fn position(leaf: &Leaf, parameters: usize, unknowns: usize) -> Option<usize> {
    match leaf {
        Leaf::Parameter(index) => index.checked_sub(parameters - unknowns),
        _ => None,
    }
}

/// The first unknown in an expression whose true value is not given.
pub(crate) fn open<'a>(expression: &Expr, parameters: usize, unknowns: &'a [Unknown]) -> Option<&'a Unknown> {
    let leaves = expression.leaves().into_iter();
    let mut found = leaves.filter_map(|leaf| unknowns.get(position(&leaf, parameters, unknowns.len())?));
    found.find(|unknown| unknown.exact.is_none())
}
