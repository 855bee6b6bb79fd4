//! From runs to the report.

use ansatz_gpu::Gpu;
use ansatz_problem::Unknown;

use super::accuracy::Yardstick;
use super::report::{PublishedReport, limited_by};
use super::seed_run::SeedRun;
use super::settings::Settings;
use super::task::Task;
use super::{FitPrecision, Method, Objective, PdeOptions, PdeReason, PdeReport, UnknownReport};
use crate::median;

/// All that the report needs beside the runs.
pub(super) struct About<'a> {
    pub task: &'a Task<'a>,
    pub gpu: &'a Gpu,
    pub method: &'a dyn Method,
    pub options: &'a PdeOptions,
    pub settings: &'a Settings,
    pub windows: usize,
    pub trains: bool,
    pub chosen: bool,
    pub choice_seconds: f64,
}

impl About<'_> {
    /// Those of each condition, by its name.
    fn losses(&self, run: &SeedRun) -> Vec<(String, Vec<f64>)> {
        if self.options.objective == Objective::Energy {
            let least = run.history.iter().copied().fold(f64::INFINITY, f64::min);
            let above = run.history.iter().map(|energy| energy - least).collect();
            return vec![("energy above its least".to_owned(), above)];
        }
        let of = |number: usize| run.losses.iter().map(|losses| losses[number]).collect();
        let names = self.task.equations.iter().map(|equation| equation.name.clone()).enumerate();
        names.map(|(number, name)| (name, of(number))).collect()
    }

    /// The unknown parameters.
    fn found(&self, runs: &[SeedRun]) -> Vec<UnknownReport> {
        let values: Vec<Vec<f64>> = runs.iter().map(|run| run.solution.unknowns()).collect();
        let of = |(k, unknown): (usize, &Unknown)| UnknownReport {
            name: unknown.name.clone(),
            value: values[0][k],
            values: values.iter().map(|values| values[k]).collect(),
            start: unknown.start,
            exact: unknown.exact,
            standard_error: runs[0].standard_errors.get(k).copied().filter(|error| !error.is_nan()),
        };
        self.task.unknowns.iter().enumerate().map(of).collect()
    }

    /// Of runs of which there is at least one.
    pub fn report(&self, runs: &[SeedRun], yardstick: Option<&Yardstick>) -> PdeReport {
        let first = &runs[0];
        // Seeds that were not run have been stopped.
        let complete = runs.len() == self.options.seeds;
        let failed = runs.iter().find(|run| !run.reason.converged());
        let told = failed.unwrap_or(first);
        let reason = if failed.is_some() || complete { &told.reason } else { &PdeReason::Stopped };
        let of = |value: fn(&SeedRun) -> f64| median(runs.iter().map(value).collect());
        let errors: Vec<f64> = runs.iter().filter_map(|run| run.error).collect();
        let ended = self.trains && ["MaxSteps", "Stopped"].contains(&told.stop_reason.as_str());
        let (problem, summary) = (self.task.problem, self.gpu.summary());
        PdeReport {
            problem: problem.name.clone(),
            title: problem.title.clone(),
            method: self.method.name().to_owned(),
            family: self.method.family(),
            precision: match self.options.precision {
                FitPrecision::F32 => "f32",
                FitPrecision::F64 => "f64",
            }
            .to_owned(),
            executor: self.gpu.executor().to_owned(),
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            tier: first.tier.clone(),
            seeds: runs.iter().map(|run| run.seed).collect(),
            unknowns: first.parameters,
            points: first.rows,
            windows: self.windows,
            scales: self.settings.scales.clone(),
            scales_chosen: self.chosen,
            weights: first.weights.clone(),
            balance: first.balance.clone(),
            relative_l2_error: (!errors.is_empty()).then(|| median(errors.clone())),
            relative_l2_errors: errors,
            reference: yardstick.map(|yardstick| yardstick.name.clone()),
            residual_rms: of(|run| run.truth.residual_rms),
            residual_max: of(|run| run.truth.residual_max),
            residual_max_at: first.truth.residual_max_at.clone(),
            relative_residual: of(|run| run.truth.relative),
            rtol: self.options.rtol,
            converged: reason.converged(),
            reason: reason.name().to_owned(),
            hint: reason.hint(),
            steps: match failed {
                Some(failed) => failed.steps,
                None => runs.iter().map(|run| run.steps).max().unwrap_or(0),
            },
            setup_seconds: self.choice_seconds,
            solve_seconds: of(|run| run.solve_seconds),
            verify_seconds: of(|run| run.verify_seconds),
            conditions: first.truth.conditions.clone(),
            rank: first.rank,
            condition_estimate: first.condition,
            rounding_floor: of(|run| run.floor),
            limited_by: limited_by(of(|run| run.truth.relative), of(|run| run.floor), ended).to_owned(),
            history: first.history.clone(),
            loss_steps: first.known_after.clone(),
            unknown_parameters: self.found(runs),
            parameters: first.parameters,
            optimizer: match self.options.objective {
                Objective::Residual => self.method.optimizer(self.task.is_linear()),
                Objective::Energy => "natural gradient of the energy",
            }
            .to_owned(),
            losses: if self.trains { self.losses(first) } else { Vec::new() },
            loss_history: match self.options.objective {
                Objective::Residual => first.history.iter().map(|norm| norm * norm).collect(),
                Objective::Energy => first.history.clone(),
            },
            stop_reason: told.stop_reason.clone(),
            runs: runs.iter().map(SeedRun::report).collect(),
            seconds_per_step: of(|run| run.solve_seconds / run.steps.max(1) as f64),
            baseline: None,
            published: problem.published.iter().map(PublishedReport::from).collect(),
            notes: Vec::new(),
        }
    }
}
