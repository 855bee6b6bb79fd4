//! One fit: features drawn, points sampled, rows weighted, coefficients found.

use std::sync::Arc;

use ansatz_expr::Scalar;
use ansatz_features::Trainable;
use ansatz_gpu::Gpu;
use ansatz_linalg::LeastSquares;
use ansatz_optim::AdamOptions;
use ansatz_problem::Domain;

use super::constant::Constant;
use super::energy::Energy;
use super::equation::Equation;
use super::journal::Journal;
use super::loss::Loss;
use super::newton::{Fit, FitOptions, fit};
use super::refit::refit;
use super::resample::{Redraw, Source};
use super::ritz::minimise;
use super::settings::Settings;
use super::solution::{Piece, Solution};
use super::standard_error::{Certainty, certainties};
use super::start;
use super::step::StepOptions;
use super::task::{Collocation, Task};
use super::tier::Tier;
use super::train::train;
use super::train_first::train_first;
use super::trial::Trial;
use super::unknowns;
use super::{
    Balance, FitPrecision, Frame, Method, Objective, Optimizer, PdeError, PdeOptions, Resample, StepMethod,
    TrainingStep, Watch,
};

/// What all fits of a run have in common.
pub(super) struct Attempt<'a> {
    pub gpu: &'a Gpu,
    pub task: &'a Task<'a>,
    pub method: &'a dyn Method,
    pub options: &'a PdeOptions,
}

/// A fit with what it was made of.
pub(super) struct Attempted {
    pub trial: Trial,
    pub fit: Fit,
    pub collocations: Vec<Collocation>,
    /// Of the unknown parameters.
    pub certainties: Vec<Certainty>,
}

impl Attempted {
    /// The solution on a domain without time windows.
    pub fn solution(&self, task: &Task<'_>) -> Solution {
        let domain = &task.problem.domain;
        let piece = Piece { end: f64::INFINITY, trial: self.trial.clone(), c: self.fit.c.clone() };
        let time = domain.time().map(|_| domain.dimension() - 1);
        let transforms = task.transforms.clone();
        let unknowns = task.unknowns.clone();
        Solution { dimension: domain.dimension(), time, pieces: vec![piece], transforms, unknowns }
    }
}

impl Attempt<'_> {
    /// Fits on `domain`, which is the problem's or a time window of it. Where there was a window before, its solution at
    /// the end takes the place of the initial condition. Where features are trained, `journal` saves the training.
    pub fn run(
        &self,
        domain: &Domain,
        before: Option<&Solution>,
        settings: &Settings,
        journal: Option<&mut Journal>,
        watch: &mut Watch<'_>,
    ) -> Result<Attempted, PdeError> {
        match self.options.precision {
            FitPrecision::F32 => self.run_in::<f32>(domain, before, settings, journal, watch),
            FitPrecision::F64 => self.run_in::<f64>(domain, before, settings, journal, watch),
        }
    }

    fn run_in<T: Tier + Scalar>(
        &self,
        domain: &Domain,
        before: Option<&Solution>,
        settings: &Settings,
        journal: Option<&mut Journal>,
        watch: &mut Watch<'_>,
    ) -> Result<Attempted, PdeError> {
        let trial = self.trial(domain, settings)?;
        let mut collocations = self.collocate(domain, before, settings)?;
        self.weigh(domain, settings, &mut collocations);
        let rows: usize = collocations.iter().map(|block| block.points.len()).sum();
        self.check_size(rows, trial.unknowns())?;
        let options = FitOptions {
            problem: self.task.problem,
            tikhonov: self.options.tikhonov,
            place: self.options.place,
            max_steps: settings.max_steps,
            step: StepOptions {
                method: self.options.step,
                jacobian_bytes: self.options.jacobian_bytes,
                place: self.options.place,
            },
            projection: self.options.variable_projection,
            balance: match self.options.balance {
                Balance::Fixed => None,
                Balance::GradientNorm(rule) => Some(rule),
            },
        };
        let (gpu, equations) = (self.gpu, &self.task.equations);
        let Some(fields) = self.trainable(domain, settings)? else {
            let fit = refit(&self.task.unknowns, trial.unknowns(), |c| {
                fit::<T>(gpu, &trial, equations, &collocations, c, options, watch)
            })?;
            return self.attempted::<T>(trial, fit, collocations);
        };
        if self.options.variable_projection
            && (self.options.objective, self.method.training())
                != (Objective::Residual, Optimizer::LevenbergMarquardt)
        {
            let value = format!("beside {}", self.method.training().name());
            let expected =
                "levenberg-marquardt as the optimiser, and residuals as the loss; leave it out with others";
            return Err(PdeError::Setting { name: "variable-projection", value, expected });
        }
        if self.options.objective == Objective::Energy {
            if self.method.training() != Optimizer::LevenbergMarquardt {
                let value = self.method.training().name().to_owned();
                let expected =
                    "levenberg-marquardt where the loss is an energy, which takes natural gradients";
                return Err(PdeError::Setting { name: "optimizer", value, expected });
            }
            let energy = self.energy(settings)?;
            let elsewhere = self.task.elsewhere();
            let equations: Vec<Equation> = elsewhere.iter().map(|&b| equations[b].clone()).collect();
            let blocks: Vec<Collocation> = elsewhere.iter().map(|&b| collocations[b].clone()).collect();
            let conditions = (equations.as_slice(), blocks.as_slice());
            let (trial, fit) = minimise::<T>(gpu, fields, &energy, conditions, options, journal, watch)?;
            return self.attempted::<T>(trial, fit, collocations);
        }
        let counted: Vec<bool> = self.task.built_in.iter().map(|built_in| !built_in).collect();
        let loss = Loss {
            gpu,
            problem: options.problem,
            equations,
            collocations: collocations.clone(),
            counted: &counted,
            balance: vec![1.0; equations.len()],
        };
        let draw = |batch, source: &Source<'_>| self.redraw(domain, before, settings, (batch, source));
        let redraw = self.options.resample.map(|Resample { every, .. }| Redraw { every, draw: &draw });
        let fields = match self.moved_on(domain, before)? {
            Some(moved) => start::chosen::<T>(&loss, [fields, moved], options, watch)?,
            None => fields,
        };
        let stages = self.method.training().stages(options.max_steps);
        if stages.is_some() && self.options.step != StepMethod::Auto {
            let value = format!("{:?} beside {}", self.options.step, self.method.training().name());
            let expected = "levenberg-marquardt as the optimiser; leave it out with others";
            return Err(PdeError::Setting { name: "step", value, expected });
        }
        let (trial, fit) = match stages {
            Some(stages) => train_first::<T>(loss, fields, (options, &stages), redraw, journal, watch)?,
            None => train::<T>(loss, fields, options, redraw, journal, watch)?,
        };
        self.attempted::<T>(trial, fit, collocations)
    }

    /// A fit that has ended.
    fn attempted<T: Tier>(
        &self,
        trial: Trial,
        fit: Fit,
        collocations: Vec<Collocation>,
    ) -> Result<Attempted, PdeError> {
        let (gpu, problem, equations) = (self.gpu, self.task.problem, &self.task.equations);
        let balance = match fit.balance.len() == equations.len() {
            true => fit.balance.clone(),
            false => vec![1.0; equations.len()],
        };
        let loss = Loss { gpu, problem, equations, collocations, counted: &[], balance };
        let solver = LeastSquares { tikhonov: self.options.tikhonov, place: self.options.place };
        let certainties = certainties::<T>(&loss, (&trial, &fit.c), self.task, solver)?;
        Ok(Attempted { trial, fit, collocations: loss.collocations, certainties })
    }

    /// The step with which Adam trains the features, from coefficients of zero on.
    pub fn training_step<T: Tier + Scalar>(
        &self,
        domain: &Domain,
        settings: &Settings,
        adam: AdamOptions,
    ) -> Result<TrainingStep<T>, PdeError> {
        let mut collocations = self.collocate(domain, None, settings)?;
        self.weigh(domain, settings, &mut collocations);
        let fields = self.trainable(domain, settings)?.unwrap_or_default();
        let begin = self.task.unknowns.begin(fields.iter().map(|features| features.len()).sum());
        let trial = Trial::of_trained(&fields);
        let with_coefficients = |(field, features)| (features, begin[trial.columns(field)].to_vec());
        let fields: Vec<_> = fields.into_iter().enumerate().map(with_coefficients).collect();
        TrainingStep::new(self.gpu, &fields, &self.task.equations, &collocations, adam)
    }

    /// The energy, of a problem that has one and no time.
    fn energy(&self, settings: &Settings) -> Result<Energy, PdeError> {
        let problem = self.task.problem;
        let energy = match problem.domain.time() {
            None => Energy::of(problem, settings.points[0], settings.seed)?,
            Some(_) => None,
        }
        .filter(|_| problem.unknowns.is_empty());
        energy.ok_or_else(|| PdeError::Setting {
            name: "loss",
            value: "energy".to_owned(),
            expected: "a problem with an [energy], without time and [unknowns]; or residual",
        })
    }

    /// The frame of a time window.
    fn frame(&self, domain: &Domain) -> Frame {
        let bounds = domain.bounds();
        let mut frame = self.task.frame.clone();
        frame.low = bounds.iter().map(|bound| bound[0]).collect();
        frame.high = bounds.iter().map(|bound| bound[1]).collect();
        frame
    }

    /// What the time window before ended with, moved on by a window: fronts and layers will be about where they were.
    fn moved_on(
        &self,
        domain: &Domain,
        before: Option<&Solution>,
    ) -> Result<Option<Vec<Arc<dyn Trainable>>>, PdeError> {
        let last = before.and_then(|before| before.pieces.last());
        let (Some(Piece { trial, .. }), Some([start, end])) = (last, domain.time()) else { return Ok(None) };
        let mut by = vec![0.0; domain.dimension() - 1];
        by.push(end - start);
        let moved = trial.trained().iter().map(|features| features.translated(&by));
        Ok(Some(moved.collect::<Result<_, _>>()?))
    }

    /// The features of every field as they are drawn, where the method trains them.
    pub fn trainable(
        &self,
        domain: &Domain,
        settings: &Settings,
    ) -> Result<Option<Vec<Arc<dyn Trainable>>>, PdeError> {
        let frame = self.frame(domain);
        let fields = 0..self.task.problem.scope.fields().len();
        let seed = |field| seed_of_field(settings.seed, field);
        let of_fields = fields.map(|field| self.method.trainable(&frame, &settings.scales, seed(field)));
        let Some(mut fields) = of_fields.collect::<Result<Option<Vec<_>>, _>>()? else { return Ok(None) };
        for unknown in self.task.unknowns.iter() {
            fields.push(Arc::new(Constant::new(frame.dimension(), unknowns::reach(unknown))?));
        }
        Ok(Some(fields))
    }

    pub fn trial(&self, domain: &Domain, settings: &Settings) -> Result<Trial, PdeError> {
        let frame = self.frame(domain);
        let draw = |field| {
            let seed = seed_of_field(settings.seed, field);
            self.method.draw(&frame, settings.features, &settings.scales, seed)
        };
        let fields = 0..self.task.problem.scope.fields().len();
        let mut fields = fields.map(draw).collect::<Result<Vec<_>, _>>()?;
        for unknown in self.task.unknowns.iter() {
            fields.push(Arc::new(Constant::new(frame.dimension(), unknowns::reach(unknown))?));
        }
        for equation in &self.task.equations {
            for jet in &equation.jets {
                let (order, most) = (jet.order() as usize, fields[jet.field].max_order());
                if order > most {
                    let (condition, method) = (equation.name.clone(), self.method.name());
                    return Err(PdeError::Order { condition, order, method, most });
                }
            }
        }
        Ok(Trial::with_singular(fields, self.task.singular.clone()))
    }

    /// Refuses matrices that no machine holds.
    pub fn check_size(&self, points: usize, unknowns: usize) -> Result<(), PdeError> {
        const MOST_GIGABYTES: f64 = 64.0;
        let bytes = if self.options.precision == FitPrecision::F32 { 4.0 } else { 8.0 };
        let gigabytes = points as f64 * unknowns as f64 * bytes * 1e-9;
        if gigabytes > MOST_GIGABYTES {
            Err(PdeError::TooLarge { points, unknowns, gigabytes })
        } else {
            Ok(())
        }
    }
}

/// Another seed for every field.
fn seed_of_field(seed: u64, field: usize) -> u64 {
    seed.wrapping_add((field as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
