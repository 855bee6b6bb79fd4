//! A problem as the solver takes it: its equations, each with the region where it holds.

use ansatz_expr::Expr;
use ansatz_problem::{Condition, PointSet, Problem, Region};

use super::equation::Equation;
use super::singular::SingularFunction;
use super::singular_choice;
use super::transform::Transforms;
use super::unknowns::Unknowns;
use super::{Frame, Method, PdeError, PdeOptions, corners};

/// The equations of a problem, ready for a method.
pub(super) struct Task<'a> {
    pub problem: &'a Problem,
    /// What its parameters are that are to be found.
    pub unknowns: Unknowns,
    /// Those of its conditions that are left to the fit.
    pub conditions: Vec<&'a Condition>,
    pub equations: Vec<Equation>,
    /// The same before the fields were replaced by their transforms.
    pub stated: Vec<Equation>,
    /// Of each, whether it holds by the transforms alone.
    pub built_in: Vec<bool>,
    pub transforms: Transforms,
    /// Where each equation holds.
    pub regions: Vec<Region>,
    /// Factor of each equation's weight, from the problem.
    pub factors: Vec<f64>,
    pub frame: Frame,
    /// For each field, functions that its solution behaves like at corners.
    pub singular: Vec<Vec<SingularFunction>>,
    /// The points inside, where they are given.
    pub cloud: Option<Region>,
}

/// The points of one equation.
#[derive(Debug, Clone)]
pub(super) struct Collocation {
    pub points: PointSet,
    /// The numbers of these points among those that they were chosen from; none where they are as they were drawn.
    pub chosen: Vec<usize>,
    /// ω in the fit.
    pub weight: f64,
}

impl Collocation {
    /// Points as they were drawn, of weight 1.
    pub fn new(points: PointSet) -> Self {
        Self { points, chosen: Vec::new(), weight: 1.0 }
    }

    /// ω/√(points): the factor of its rows, whose squares then sum up to ω² times the mean.
    pub fn row_weight(&self) -> f64 {
        self.weight / (self.points.len().max(1) as f64).sqrt()
    }
}

impl<'a> Task<'a> {
    pub fn new(problem: &'a Problem, method: &dyn Method, options: &PdeOptions) -> Result<Self, PdeError> {
        let bounds = problem.domain.bounds();
        let periodic_axes: Vec<usize> = problem
            .conditions
            .iter()
            .filter_map(|condition| match condition.region {
                Region::Periodic { axis } => Some(axis),
                _ => None,
            })
            .collect();
        let exact = method.is_periodic();
        let frame = Frame {
            low: bounds.iter().map(|bound| bound[0]).collect(),
            high: bounds.iter().map(|bound| bound[1]).collect(),
            periodic: (0..bounds.len()).map(|axis| exact && periodic_axes.contains(&axis)).collect(),
        };
        // A number of points asked for overrides the problem's own.
        let cloud = problem.cloud.as_ref().filter(|_| options.points.is_none());
        let unknowns = Unknowns::of(problem);
        let mut task = Self {
            problem,
            conditions: Vec::new(),
            equations: Vec::new(),
            stated: Vec::new(),
            built_in: Vec::new(),
            transforms: Transforms::of(problem),
            regions: Vec::new(),
            factors: Vec::new(),
            frame,
            singular: vec![Vec::new(); unknowns.fields()],
            unknowns,
            cloud: cloud.map(|cloud| Region::Points(cloud.points.clone())),
        };
        for (condition, &built_in) in problem.conditions.iter().zip(&problem.built_in) {
            match condition.region {
                // The features see to it.
                Region::Periodic { .. } if exact => {}
                _ => {
                    let equation = |residual: &Expr| Equation::new(problem, condition, residual);
                    let (stated, transformed) =
                        (equation(&condition.residual), problem.transformed(&condition.residual));
                    let is_same = transformed == condition.residual;
                    task.equations.push(if is_same { stated.clone() } else { equation(&transformed) });
                    task.built_in.push(built_in);
                    task.conditions.push(condition);
                    task.stated.push(stated);
                    task.regions.push(condition.region.clone());
                    task.factors.push(condition.weight.unwrap_or(1.0));
                }
            }
        }
        // What an equation is at a corner is not known before its parameters are.
        let known = problem.unknowns.is_empty() && problem.domain.time().is_none();
        if options.corners && known && corners::matter(&task) {
            task.singular = singular_choice::functions(&task);
        }
        Ok(task)
    }

    /// Whether derivatives are unbounded at a point, a corner with functions of its own: no equation with some can be asked for.
    pub fn is_singular(&self, x: &[f64]) -> bool {
        let mut places = self.singular.iter().flatten().filter_map(SingularFunction::exponent);
        places.any(|(at, _)| at == x)
    }

    /// Whether an initial condition holds whatever is spanned.
    pub fn starts_exactly(&self) -> bool {
        self.regions
            .iter()
            .zip(&self.built_in)
            .any(|(region, built_in)| *region == Region::Initial && *built_in)
    }

    /// The conditions other than equations inside that are left to be fulfilled.
    pub fn elsewhere(&self) -> Vec<usize> {
        let left = |&number: &usize| !self.built_in[number] && self.regions[number] != Region::Interior;
        (0..self.equations.len()).filter(left).collect()
    }

    /// The equations as they are stated, with these values of the unknown parameters.
    pub fn settled(&self, values: &[f64]) -> Vec<Equation> {
        let problem = self.problem.settled(values);
        let equation = |condition: &&Condition| Equation::new(&problem, condition, &condition.residual);
        self.conditions.iter().map(equation).collect()
    }

    /// Of each equation, whether it is about measurements.
    pub fn measured(&self) -> Vec<bool> {
        self.conditions.iter().map(|condition| condition.noise.is_some()).collect()
    }

    pub fn is_linear(&self) -> bool {
        self.equations.iter().all(|equation| equation.linear)
    }

    /// Whether the points of a condition are given, not drawn.
    pub fn is_given(&self, number: usize) -> bool {
        match self.regions[number] {
            Region::Interior => self.cloud.is_some(),
            Region::Points(_) => true,
            _ => false,
        }
    }

    /// The equations that hold inside, as flags.
    pub fn inside(&self) -> Vec<bool> {
        self.regions.iter().map(|region| *region == Region::Interior).collect()
    }
}
