//! Errors that others have published.

/// The error that a publication reports for a problem, to stand beside one's own.
///
/// ```
/// use ansatz_problem::{Problem, Published, Shape};
/// let problem = Problem::on(Shape::interval(0.0, 1.0))
///     .field("u")
///     .exact("u", "sin(pi*x)")
///     .equation("u_xx = -pi^2*sin(pi*x)")
///     .boundary("all", "u = 0")
///     .published(Published::new("A. Author, 2020", 1e-4).how("the best of five seeds"))
///     .build()?;
/// assert_eq!(problem.published[0].error, 1e-4);
/// # Ok::<(), ansatz_problem::ProblemError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Whose it is.
    pub by: String,
    /// Their relative L2 error.
    pub error: f64,
    /// What it is of: the best of how many seeds, at the end or on the way. May be empty.
    pub how: String,
}

impl Published {
    /// Whose error it is, and the relative L2 error.
    pub fn new(by: &str, error: f64) -> Self {
        Self { by: by.to_owned(), error, how: String::new() }
    }

    /// With what it is of.
    pub fn how(mut self, how: &str) -> Self {
        self.how = how.to_owned();
        self
    }
}
