//! A problem, checked.

use ansatz_expr::{Expr, Leaf, Program, Scope};

use crate::file::Source;
use crate::{
    Cloud, Condition, Domain, DomainError, Method, PointSet, ProblemBuilder, ProblemError, Published,
    Reference, Region, Sampler, Unknown, unknown,
};

/// A partial differential equation with all that belongs to it: where it holds, what must vanish inside, on the boundary
/// and at the start, and what is known of the solution.
///
/// Made by [`Problem::on`] in Rust or [`Problem::parse`] from text.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Problem {
    /// Short name, as of the file.
    pub name: String,
    /// One line on what it is.
    pub title: String,
    /// Where it is posed.
    pub domain: Domain,
    /// The names that its expressions use.
    pub scope: Scope,
    /// Values of the parameters, in the order of the scope; of unknown ones, which come last, the true values where they are
    /// given, else the starts.
    pub parameters: Vec<f64>,
    /// The parameters that are to be found.
    pub unknowns: Vec<Unknown>,
    /// What must vanish. A periodic boundary is one condition for each field and order.
    pub conditions: Vec<Condition>,
    /// The exact solution of each field, where it is known; of coordinates and parameters only.
    pub exact: Vec<Option<Expr>>,
    /// What each field is in terms of the function, under the same name, that a method spans; `None` where these are the same.
    pub transforms: Vec<Option<Expr>>,
    /// Of each condition, whether it holds by the transforms alone.
    pub built_in: Vec<bool>,
    /// The density of an energy that the solution makes least.
    pub energy: Option<Expr>,
    /// A solution in a file.
    pub reference: Option<Reference>,
    /// Errors that others report, for these values of the parameters.
    pub published: Vec<Published>,
    /// Number of lattice values along each coordinate on which errors are measured.
    pub evaluate: Vec<usize>,
    /// The collocation points inside, where the problem gives them.
    pub cloud: Option<Cloud>,
    /// Hints on how to solve it.
    pub method: Method,
    pub(crate) source: Option<Source>,
}

/// How far an exact solution is from one condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defect {
    /// Index of the condition.
    pub condition: usize,
    /// The largest |residual| on the points tried.
    pub largest: f64,
    /// The size of what cancels in it: the largest Σ |∂R/∂u_α u_α| + |R(0)|, or of the solution if that is larger.
    pub scale: f64,
}

impl Problem {
    /// Begins a problem on a domain.
    ///
    /// ```
    /// use ansatz_problem::{Problem, Shape};
    /// let problem = Problem::on(Shape::rectangle([-1.0, 1.0], [-1.0, 1.0]))
    ///     .field("u")
    ///     .exact("u", "sin(4*pi*y)*sin(pi*x)")
    ///     .equation("u_xx + u_yy + u = laplacian(u_exact) + u_exact")
    ///     .boundary("all", "u = u_exact")
    ///     .build()?;
    /// assert_eq!(problem.conditions.len(), 2);
    /// # Ok::<(), ansatz_problem::ProblemError>(())
    /// ```
    pub fn on(domain: impl Into<Domain>) -> ProblemBuilder {
        ProblemBuilder::new(domain.into())
    }

    /// `count` points of a region; see [`Domain::sample`].
    ///
    /// # Errors
    /// As [`Domain::sample`].
    pub fn sample(
        &self,
        region: &Region,
        count: usize,
        sampler: Sampler,
        seed: u64,
    ) -> Result<PointSet, DomainError> {
        self.domain.sample(region, count, sampler, seed)
    }

    /// The lattice of [`Problem::evaluate`], as far as it lies in the domain.
    ///
    /// # Errors
    /// As [`Domain::lattice`].
    pub fn evaluation_points(&self) -> Result<PointSet, DomainError> {
        self.domain.lattice(&self.evaluate)
    }

    /// An expression with the values of the parameters in their place.
    pub fn with_values(&self, expression: &Expr) -> Expr {
        expression.substitute(|leaf| match leaf {
            Leaf::Parameter(index) => self.parameters.get(index).map(|&value| Expr::number(value)),
            _ => None,
        })
    }

    /// Which of [`Problem::unknowns`] a leaf is.
    pub fn unknown(&self, leaf: &Leaf) -> Option<usize> {
        unknown::position(leaf, self.parameters.len(), self.unknowns.len())
    }

    /// The problem with its unknowns as parameters of these values.
    pub fn settled(&self, values: &[f64]) -> Self {
        let mut settled = Self { unknowns: Vec::new(), ..self.clone() };
        let first = self.parameters.len() - self.unknowns.len();
        settled.parameters[first..].iter_mut().zip(values).for_each(|(parameter, &value)| *parameter = value);
        settled
    }

    /// Whether an expression holds an unknown whose true value is not given.
    pub(crate) fn is_open(&self, expression: &Expr) -> bool {
        unknown::open(expression, self.parameters.len(), &self.unknowns).is_some()
    }

    /// A residual or a density with the fields replaced by their [transforms](ProblemBuilder::transform).
    pub fn transformed(&self, expression: &Expr) -> Expr {
        let transforms = self.transforms.iter().enumerate();
        transforms.fold(expression.clone(), |expression, (field, transform)| match transform {
            Some(transform) => expression.with_field(field, transform),
            None => expression,
        })
    }

    /// Whether every condition is linear in the fields.
    pub fn is_linear(&self) -> bool {
        self.conditions.iter().all(Condition::is_linear)
    }

    /// The highest order of derivative in any condition.
    pub fn order(&self) -> u32 {
        self.conditions.iter().map(Condition::order).max().unwrap_or(0)
    }

    /// Whether a method that has derivatives up to `highest` can solve it.
    ///
    /// # Errors
    /// Names the first condition of higher order.
    pub fn check_order(&self, highest: u32, method: &str) -> Result<(), ProblemError> {
        let Some(condition) = self.conditions.iter().find(|condition| condition.order() > highest) else {
            return Ok(());
        };
        let jets = condition.residual.jets();
        let jet = jets.iter().find(|jet| jet.order() > highest);
        let name = jet.map(|jet| self.scope.name(&Leaf::Jet(*jet))).unwrap_or_default();
        Err(self.error(ProblemError::new(
            &condition.key,
            format!("`{name}` is a derivative of order {}", condition.order()),
            format!("at most order {highest}, which {method} has"),
            "take another method, or write the equation as a system with the derivative as a field of its own",
        )))
    }

    /// The values of expressions without fields at points, `[expression][point]`. Fields and derivatives count as 0, and so
    /// do normals at points that have none.
    pub fn values(&self, expressions: &[Expr], points: &PointSet) -> Vec<Vec<f64>> {
        points.evaluate(&Program::new(expressions), |leaf| {
            let value = match leaf {
                Leaf::Parameter(index) => self.parameters.get(*index).copied().unwrap_or(f64::NAN),
                _ => 0.0,
            };
            vec![value; points.len()]
        })
    }

    /// An error with its place in the problem file, where there is one.
    pub fn error(&self, error: ProblemError) -> ProblemError {
        match &self.source {
            Some(source) => source.locate(error),
            None => error,
        }
    }
}
