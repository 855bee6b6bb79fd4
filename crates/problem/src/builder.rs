//! Problems in Rust, as they stand in a book. Errors wait for [`ProblemBuilder::build`].

use crate::file::Source;
use crate::{Cloud, Domain, Method, PointSet, Problem, ProblemError, Published, Unknown};

/// A problem in the making; see [`Problem::on`].
#[derive(Debug, Clone)]
pub struct ProblemBuilder {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) domain: Domain,
    pub(crate) fields: Vec<String>,
    pub(crate) parameters: Vec<(String, f64)>,
    pub(crate) unknowns: Vec<Unknown>,
    pub(crate) definitions: Vec<(String, String)>,
    pub(crate) exact: Vec<(String, String)>,
    pub(crate) transforms: Vec<(String, String)>,
    pub(crate) energy: Option<String>,
    pub(crate) conditions: Vec<Draft>,
    pub(crate) reference: Option<ReferenceDraft>,
    pub(crate) published: Vec<Published>,
    pub(crate) evaluate: Option<Vec<usize>>,
    pub(crate) cloud: Option<Cloud>,
    pub(crate) method: Method,
    pub(crate) allow_missing: Vec<String>,
    pub(crate) source: Option<Source>,
}

/// A condition as text.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub place: DraftRegion,
    /// `boundary[2]`.
    pub key: String,
    pub residual: String,
    pub name: Option<String>,
    pub weight: Option<f64>,
    pub when: Option<String>,
    /// Of measurements, the noise in them as a part of their root mean square.
    pub noise: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum DraftRegion {
    Interior,
    Boundary(Vec<String>),
    /// A coordinate; the residual is not used.
    Periodic(String),
    Initial,
    Points(Cloud),
    Samples(Samples),
}

/// Measurements that are to be made up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Samples {
    pub values: String,
    pub count: usize,
    pub seed: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct ReferenceDraft {
    pub file: String,
    pub field: Option<String>,
    pub axes: Option<Vec<String>>,
}

impl ProblemBuilder {
    pub(crate) fn new(domain: Domain) -> Self {
        Self {
            name: "problem".into(),
            title: String::new(),
            domain,
            fields: Vec::new(),
            parameters: Vec::new(),
            unknowns: Vec::new(),
            definitions: Vec::new(),
            exact: Vec::new(),
            transforms: Vec::new(),
            energy: None,
            conditions: Vec::new(),
            reference: None,
            published: Vec::new(),
            evaluate: None,
            cloud: None,
            method: Method::default(),
            allow_missing: Vec::new(),
            source: None,
        }
    }

    /// A short name, for reports and files.
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// One line on what the problem is.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.to_owned();
        self
    }

    /// Adds an unknown.
    pub fn field(mut self, name: &str) -> Self {
        self.fields.push(name.to_owned());
        self
    }

    /// Adds a parameter.
    pub fn parameter(mut self, name: &str, value: f64) -> Self {
        self.parameters.push((name.to_owned(), value));
        self
    }

    /// Adds a parameter that is to be found with the solution.
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknowns.push(unknown);
        self
    }

    /// Names an expression. Definitions may use each other, in any order, and the exact solution of `u` as `u_exact`.
    pub fn define(mut self, name: &str, expression: &str) -> Self {
        self.definitions.push((name.to_owned(), expression.to_owned()));
        self
    }

    /// An equation that holds inside, at all times.
    pub fn equation(self, residual: &str) -> Self {
        self.condition("equation", DraftRegion::Interior, residual)
    }

    /// A condition on a named piece of the boundary; `all` is every piece.
    pub fn boundary(self, piece: &str, residual: &str) -> Self {
        self.condition("boundary", DraftRegion::Boundary(vec![piece.to_owned()]), residual)
    }

    /// Joins the two sides of a box in a coordinate: values and derivatives below the order of the equation agree.
    pub fn periodic(self, coordinate: &str) -> Self {
        self.condition("boundary", DraftRegion::Periodic(coordinate.to_owned()), "")
    }

    /// A condition at the initial time.
    pub fn initial(self, residual: &str) -> Self {
        self.condition("initial", DraftRegion::Initial, residual)
    }

    /// A condition on given points: measurements, say. Where the points have [values](PointSet::values), the residual shall
    /// be these.
    pub fn at(self, points: PointSet, residual: &str) -> Self {
        self.condition("points", DraftRegion::Points(points.into()), residual)
    }

    /// Measurements at points: their [values](PointSet::values) are those of `of`, a field or an expression of fields, up to noise. No
    /// known solution need agree with them.
    pub fn data(self, of: &str, points: PointSet) -> Self {
        self.condition("data", DraftRegion::Points(points.into()), of).noise(0.0)
    }

    /// Measurements made up: the values of an expression without fields, such as `u_exact`, at `count` points drawn inside by
    /// `seed`, from which [noise](Self::noise) is drawn, too.
    pub fn samples(self, of: &str, values: &str, count: usize, seed: u64) -> Self {
        let samples = Samples { values: values.to_owned(), count, seed };
        self.condition("data", DraftRegion::Samples(samples), of).noise(0.0)
    }

    /// The noise in the measurements added last: its standard deviation as a part of the root mean square of their values. It is
    /// added to those that are made up; misfits that it explains do not count against a solution.
    pub fn noise(mut self, part: f64) -> Self {
        if let Some(draft) = self.conditions.last_mut() {
            draft.noise = Some(part);
        }
        self
    }

    /// Weight of the rows of the condition added last.
    pub fn weight(mut self, weight: f64) -> Self {
        if let Some(draft) = self.conditions.last_mut() {
            draft.weight = Some(weight);
        }
        self
    }

    /// The exact solution of a field.
    pub fn exact(mut self, field: &str, solution: &str) -> Self {
        self.exact.push((field.to_owned(), solution.to_owned()));
        self
    }

    /// Builds conditions into the trial functions: the field is `expression`, in which its own name stands for what a method
    /// spans. With `"x*(1 - x)*u"` u vanishes at 0 and 1, whatever the method finds.
    ///
    /// ```
    /// use ansatz_problem::{Problem, Shape};
    /// let problem = Problem::on(Shape::interval(0.0, 1.0))
    ///     .field("u")
    ///     .transform("u", "x*(1 - x)*u")
    ///     .equation("u_xx = -1")
    ///     .boundary("all", "u = 0")
    ///     .build()?;
    /// assert_eq!(problem.built_in, [false, true]);
    /// # Ok::<(), ansatz_problem::ProblemError>(())
    /// ```
    pub fn transform(mut self, field: &str, expression: &str) -> Self {
        self.transforms.push((field.to_owned(), expression.to_owned()));
        self
    }

    /// The density L of an energy ∫ L dx that the solution makes least, of the fields and their derivatives: an alternative to
    /// the residuals inside for methods that can minimise (Deep Ritz; E & Yu, 2018). The equations stay, to verify by.
    pub fn energy(mut self, density: &str) -> Self {
        self.energy = Some(density.to_owned());
        self
    }

    /// An error that others report, which stands beside the one that is found.
    pub fn published(mut self, published: Published) -> Self {
        self.published.push(published);
        self
    }

    /// Number of lattice values along each coordinate on which errors are measured.
    pub fn evaluate(mut self, counts: &[usize]) -> Self {
        self.evaluate = Some(counts.to_vec());
        self
    }

    /// The collocation points inside, which else are drawn; verification is at other points all the same.
    pub fn collocation(mut self, points: PointSet) -> Self {
        self.cloud = Some(points.into());
        self
    }

    /// Hints on how to solve it.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// States that a condition is left out on purpose: the name of a piece of the boundary, or `initial`.
    pub fn allow_missing(mut self, place: &str) -> Self {
        self.allow_missing.push(place.to_owned());
        self
    }

    /// Parameters, unknown ones among them.
    pub(crate) fn parameter_count(&self) -> usize {
        self.parameters.len() + self.unknowns.len()
    }

    fn condition(mut self, kind: &str, place: DraftRegion, residual: &str) -> Self {
        let before = self.conditions.iter().filter(|draft| draft.key.starts_with(kind)).count();
        let key = format!("{kind}[{}]", before + 1);
        let residual = residual.to_owned();
        self.conditions.push(Draft {
            place,
            key,
            residual,
            name: None,
            weight: None,
            when: None,
            noise: None,
        });
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key, what was expected and what to do.
    pub fn build(self) -> Result<Problem, ProblemError> {
        crate::build::build(self)
    }
}
