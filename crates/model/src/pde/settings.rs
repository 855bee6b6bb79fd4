//! What a fit is made of: as options, problem and method have it.

use ansatz_expr::short;

use super::cloud;
use super::task::Task;
use super::{Method, PdeError, PdeOptions};

/// What one fit is made of.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Features of each field.
    pub features: usize,
    /// Points inside, and of each other condition.
    pub points: [usize; 2],
    /// Scale of the features along each coordinate.
    pub scales: Vec<f64>,
    /// Weight of the conditions other than equations, relative to these.
    pub boundary_weight: f64,
    /// Most steps of Gauss–Newton.
    pub max_steps: usize,
    pub seed: u64,
}

impl Settings {
    /// Of a fit in each of so many time windows.
    pub fn new(
        task: &Task<'_>,
        method: &dyn Method,
        options: &PdeOptions,
        windows: usize,
    ) -> Result<Self, PdeError> {
        let (features, dimension) = (method.features(), task.frame.dimension());
        let wrong = |name, value: String, expected| Err(PdeError::Setting { name, value, expected });
        if features == 0 || features > MOST_FEATURES {
            return wrong("features", format!("{features} in all"), "a number from 1 to 100,000");
        }
        let scales = match method.scales() {
            Some(&[scale]) => vec![scale; dimension],
            Some(scales) if scales.len() == dimension => scales.to_vec(),
            Some(scales) => {
                return wrong(
                    "bandwidth",
                    format!("{} numbers", scales.len()),
                    "one, or one for each coordinate, time included",
                );
            }
            None => vec![1.0; dimension],
        };
        if let Some(&bad) = scales.iter().find(|scale| !(1.0 / MOST_SCALE..=MOST_SCALE).contains(*scale)) {
            return wrong(
                "bandwidth",
                short(bad),
                "positive numbers, from 1e-6 to 1e6; leave it out to have it chosen",
            );
        }
        let fields = task.problem.scope.fields().len();
        let hints = &task.problem.method;
        let given = cloud::given(task, options).map(|cloud| cloud.points.len().div_ceil(windows));
        let wanted = options.points.or(given).or(hints.points);
        let inside = wanted.unwrap_or(method.points(dimension).saturating_mul(fields));
        let elsewhere = options.boundary_points.or(hints.boundary_points).unwrap_or(inside.div_ceil(4));
        Ok(Self {
            features,
            points: [inside, elsewhere],
            scales,
            boundary_weight: options.boundary_weight.or(hints.boundary_weight).unwrap_or(1.0),
            max_steps: options.max_steps.or(hints.steps).unwrap_or(method.max_steps()),
            seed: options.seed,
        })
    }
}

/// No box has features of more waves than this, or of less than one in so many boxes.
const MOST_SCALE: f64 = 1e6;
/// More features of a field than this are a mistake.
const MOST_FEATURES: usize = 100_000;
