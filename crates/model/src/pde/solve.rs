//! From a problem to verified solutions: one run for each seed, in each run one fit for each time window.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use ansatz_expr::{Jet, Scalar, short};
use ansatz_gpu::Gpu;
use ansatz_problem::{Domain, Problem, Unknown};

use super::accuracy::{Yardstick, relative_difference};
use super::attempt::{Attempt, Settings};
use super::baseline::Baseline;
use super::cloud;
use super::corners;
use super::journal::Journal;
use super::newton::Stop;
use super::report::limited_by;
use super::solution::Piece;
use super::task::Task;
use super::tier::Tier;
use super::truth::{Truth, verify};
use super::{
    Balance, BaselineReport, FitPrecision, Method, Objective, Optimizer, PdeError, PdeOptions, PdeProgress,
    PdeReason, PdeReport, PdeRun, SeedReport, Solution, TrainingStep, UnknownReport, Watch,
};
use crate::median;

/// Solves `problem` with every seed; `folder` is where its reference solution may lie.
pub(super) fn solve(
    problem: &Problem,
    folder: Option<&Path>,
    gpu: &Gpu,
    method: &dyn Method,
    options: &PdeOptions,
    tell: &mut dyn FnMut(&PdeProgress) -> ControlFlow<()>,
) -> Result<PdeRun, PdeError> {
    options.check()?;
    let cpu = Gpu::cpu();
    // f64 where the device has it, else on the CPU executor.
    let native = options.precision == FitPrecision::F32 || gpu.capabilities().f64;
    let gpu = if native { gpu } else { &cpu };
    let task = Task::new(problem, method, options)?;
    let windows =
        options.windows.or(problem.method.windows).filter(|_| problem.domain.time().is_some()).unwrap_or(1);
    let mut notes = Vec::new();
    if problem.domain.time().is_none() && options.windows.is_some_and(|windows| windows > 1) {
        let value = format!("{windows}, but the problem has no time", windows = options.windows.unwrap_or(1));
        return Err(PdeError::Setting { name: "windows", value, expected: "1 where there is no time" });
    }
    if windows > 1 && task.starts_exactly() {
        let value = format!("{windows}, but [transform] builds the initial condition in");
        return Err(PdeError::Setting {
            name: "windows",
            value,
            expected: "1, or an initial condition that is fitted",
        });
    }
    if windows > 1 && !problem.unknowns.is_empty() {
        return Err(PdeError::Setting {
            name: "windows",
            value: format!("{windows}, but [unknowns] hold at all times"),
            expected: "1 where there are unknown parameters",
        });
    }
    let yardstick = Yardstick::new(problem, folder, &mut notes)?;
    let mut watch = Watch::new(options.seeds, windows, tell);
    let attempt = Attempt { gpu, task: &task, method, options };
    let mut settings = settings(&task, method, options, windows)?;
    let parts = windows_of(&problem.domain, windows);
    if let Some(cloud) = cloud::given(&task, options) {
        notes.push(cloud::check(&task, cloud, &parts, &settings)?);
    }

    let inside = task.inside().iter().filter(|inside| **inside).count();
    let rows = settings.points[0] * inside + settings.points[1] * (task.equations.len() - inside);
    attempt.check_size(rows, settings.features * problem.scope.fields().len())?;

    let trains = attempt.trainable(&parts[0], None, &settings)?.is_some();
    if !trains {
        options.check_untrained()?;
    }

    let start = Instant::now();
    let chosen = method.scales().is_none();
    if chosen {
        watch.stage("choosing scales");
        attempt.choose(&parts[0], &mut settings, &mut watch)?;
    }
    let choice_seconds = start.elapsed().as_secs_f64();

    let mut journal = if trains {
        Some(Journal::open(problem, method, options, &settings, windows, &gpu.summary().to_string())?)
    } else {
        None
    };
    let mut runs = Vec::new();
    for run in 0..options.seeds {
        watch.now.run = run + 1;
        settings.seed = options.seed.saturating_add(run as u64);
        runs.push(one_run(&attempt, &settings, &parts, yardstick.as_ref(), journal.as_mut(), &mut watch)?);
        if !watch.goes_on() {
            break;
        }
    }
    notes.extend(journal.into_iter().flat_map(|journal| journal.notes));
    let about = About {
        task: &task,
        gpu,
        method,
        options,
        settings: &settings,
        windows,
        trains,
        chosen,
        choice_seconds,
    };
    notes.extend(corners::notes(&task, &runs[0].truth.residual_max_at));
    let baseline = if options.baseline && !watch.stopped {
        watch.stage("solving the baseline");
        let settled = problem.settled(&runs[0].solution.unknowns());
        compare(&settled, gpu, &runs[0].solution, yardstick.as_ref(), &mut watch, &mut notes)?
    } else {
        None
    };
    if watch.stopped {
        notes.push(format!(
            "stopped by the caller while {}; what would have come after is left out",
            watch.stopped_in
        ));
    }
    let report = PdeReport { baseline, notes, ..about.report(&runs, yardstick.as_ref()) };
    Ok(PdeRun { solutions: runs.into_iter().map(|run| run.solution).collect(), report })
}

/// One seed.
struct SeedRun {
    seed: u64,
    solution: Solution,
    truth: Truth,
    reason: PdeReason,
    error: Option<f64>,
    floor: f64,
    steps: usize,
    stop_reason: String,
    history: Vec<f64>,
    losses: Vec<Vec<f64>>,
    known_after: Vec<usize>,
    rank: usize,
    condition: f64,
    rows: usize,
    parameters: usize,
    weights: Vec<(String, f64)>,
    balance: Vec<(String, f64)>,
    tier: String,
    /// Of the unknown parameters.
    standard_errors: Vec<f64>,
    solve_seconds: f64,
    verify_seconds: f64,
}

impl SeedRun {
    fn report(&self) -> SeedReport {
        SeedReport {
            seed: self.seed,
            relative_l2_error: self.error,
            relative_residual: self.truth.relative,
            reason: self.reason.name().to_owned(),
            stop_reason: self.stop_reason.clone(),
            steps: self.steps,
            seconds: self.solve_seconds,
        }
    }
}

fn one_run(
    attempt: &Attempt<'_>,
    settings: &Settings,
    windows: &[Domain],
    yardstick: Option<&Yardstick>,
    mut journal: Option<&mut Journal>,
    watch: &mut Watch<'_>,
) -> Result<SeedRun, PdeError> {
    let task = attempt.task;
    let domain = &task.problem.domain;
    let start = Instant::now();
    watch.stage("fitting");
    let time = domain.time().map(|_| domain.dimension() - 1);
    let mut solution = Solution {
        dimension: domain.dimension(),
        time,
        pieces: Vec::new(),
        transforms: task.transforms.clone(),
        unknowns: task.unknowns.clone(),
    };
    let (mut last, mut steps, mut stop, mut cause) = (None, 0, Stop::Settled, None);
    let (mut history, mut losses, mut earlier_seconds) = (Vec::new(), Vec::new(), 0.0);
    let mut known_after = Vec::new();
    for (number, window) in windows.iter().enumerate() {
        watch.now.window = number + 1;
        let before = (number > 0).then_some(&solution);
        let attempted = attempt.run(window, before, settings, journal.as_deref_mut(), watch)?;
        let end = window.time().map_or(f64::INFINITY, |interval| interval[1]);
        solution.pieces.push(Piece { end, trial: attempted.trial.clone(), c: attempted.fit.c.clone() });
        known_after.extend(attempted.fit.known_after.iter().map(|known| steps + known));
        steps += attempted.fit.steps();
        history.extend(&attempted.fit.history);
        losses.extend(attempted.fit.losses.iter().cloned());
        earlier_seconds += attempted.fit.earlier_seconds;
        (stop, cause) = (attempted.fit.stop, attempted.fit.cause.clone());
        last = Some(attempted);
        // Training that has used up its steps is as good a start of the next window as it has become.
        let goes_on = journal.is_some() && stop == Stop::MaxSteps;
        if PdeReason::of(stop, None).is_some() && !goes_on {
            break;
        }
    }
    let solve_seconds = earlier_seconds + start.elapsed().as_secs_f64();

    let start = Instant::now();
    watch.stage("verifying");
    let truth = verify(task, &solution, settings.seed)?;
    let error = yardstick.map(|yardstick| yardstick.error_of(&solution));
    let epsilon = match attempt.options.precision {
        FitPrecision::F32 => f64::from(f32::EPSILON),
        FitPrecision::F64 => f64::EPSILON,
    };
    let floor = 0.5 * epsilon * truth.amplification;
    let reason = reason(attempt, &truth, (stop, cause.as_deref()), floor);
    let (fit, collocations, standard_errors) =
        last.map_or_else(Default::default, |last| (Some(last.fit), last.collocations, last.standard_errors));
    let names = task.equations.iter().map(|equation| equation.name.clone());
    Ok(SeedRun {
        seed: settings.seed,
        solution,
        truth,
        reason,
        error,
        floor,
        steps,
        stop_reason: cause.map_or_else(|| format!("{stop:?}"), |cause| format!("{stop:?}: {cause}")),
        history,
        losses,
        known_after,
        rank: fit.as_ref().map_or(0, |fit| fit.rank),
        condition: fit.as_ref().map_or(f64::NAN, |fit| fit.condition),
        rows: fit.as_ref().map_or(0, |fit| fit.rows),
        parameters: fit.as_ref().map_or(0, |fit| fit.parameters),
        balance: match &fit {
            Some(fit) if attempt.options.balance != Balance::Fixed => {
                names.clone().zip(fit.balance.iter().copied()).collect()
            }
            _ => Vec::new(),
        },
        weights: names.zip(collocations.iter().map(|block| block.weight)).collect(),
        tier: fit.map(|fit| fit.tier).unwrap_or_default(),
        standard_errors,
        solve_seconds,
        verify_seconds: start.elapsed().as_secs_f64(),
    })
}

/// The status: from the f64 residual at fresh points, unless the fit itself broke off.
fn reason(
    attempt: &Attempt<'_>,
    truth: &Truth,
    (stop, cause): (Stop, Option<&str>),
    floor: f64,
) -> PdeReason {
    let options = attempt.options;
    match PdeReason::of(stop, cause) {
        // What the residual confirms needs no more steps.
        Some(PdeReason::MaxSteps) | None if truth.relative <= options.rtol => PdeReason::Residual,
        Some(reason) => reason,
        None if !truth.relative.is_finite() => PdeReason::NonFinite {
            cause: truth.cause.clone().unwrap_or("a residual at a fresh point".to_owned()),
        },
        None if stop == Stop::Stagnated && !attempt.task.is_linear() => PdeReason::Stagnated,
        // Rounding counts where it explains what is left.
        None if floor > options.rtol && floor > 0.1 * truth.relative => {
            PdeReason::AttainableAccuracy { floor }
        }
        None => PdeReason::Underresolved { condition: truth.conditions[truth.worst].name.clone() },
    }
}

/// The step of Adam with which features are trained.
pub(super) fn training_step<T: Tier + Scalar>(
    problem: &Problem,
    gpu: &Gpu,
    method: &dyn Method,
    options: &PdeOptions,
) -> Result<TrainingStep<T>, PdeError> {
    options.check()?;
    let Optimizer::Adam(adam) = method.training() else {
        let value = method.training().name().to_owned();
        return Err(PdeError::Setting { name: "optimizer", value, expected: "Adam" });
    };
    let task = Task::new(problem, method, options)?;
    let settings = settings(&task, method, options, 1)?;
    Attempt { gpu, task: &task, method, options }.training_step(&problem.domain, &settings, adam)
}

fn settings(
    task: &Task<'_>,
    method: &dyn Method,
    options: &PdeOptions,
    windows: usize,
) -> Result<Settings, PdeError> {
    let (features, dimension) = (method.features(), task.frame.dimension());
    let wrong = |name, value: String, expected| Err(PdeError::Setting { name, value, expected });
    if features == 0 || features > MOST_FEATURES {
        return wrong("features", features.to_string(), "a number from 1 to 100,000");
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
    let inside = wanted.unwrap_or(method.points(dimension) * fields);
    let elsewhere = options.boundary_points.or(hints.boundary_points).unwrap_or(inside.div_ceil(4));
    Ok(Settings {
        features,
        points: [inside, elsewhere],
        scales,
        boundary_weight: options.boundary_weight.or(hints.boundary_weight).unwrap_or(1.0),
        max_steps: options.max_steps.or(hints.steps).unwrap_or(method.max_steps()),
        seed: options.seed,
    })
}

/// No box has features of more waves than this, or of less than one in so many boxes.
const MOST_SCALE: f64 = 1e6;
/// More features of a field than this are a mistake.
const MOST_FEATURES: usize = 100_000;

/// The domain in time windows of equal length; the domain itself where there is but one.
fn windows_of(domain: &Domain, windows: usize) -> Vec<Domain> {
    let (Some([start, end]), Some(name)) = (domain.time(), domain.coordinates().last()) else {
        return vec![domain.clone()];
    };
    let moment =
        |k: usize| if k == windows { end } else { start + (end - start) * k as f64 / windows as f64 };
    (0..windows).map(|k| domain.clone().over(name, [moment(k), moment(k + 1)])).collect()
}

/// The problem by a classical method, beside `solution`; why there is none is noted.
fn compare(
    problem: &Problem,
    gpu: &Gpu,
    solution: &Solution,
    yardstick: Option<&Yardstick>,
    watch: &mut Watch<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<BaselineReport>, PdeError> {
    let baseline = match Baseline::solve_while(problem, gpu, &mut || watch.goes_on()) {
        Ok(baseline) => baseline,
        Err(error) => {
            notes.push(format!("no classical baseline: {error}"));
            return Ok(None);
        }
    };
    let by_field = |coordinates: &[f64], jets: &[Jet]| -> Vec<Vec<f64>> {
        jets.iter().map(|jet| baseline.values(jet.field, coordinates)).collect()
    };
    let error =
        yardstick.map(|known| known.relative_l2_error(|jets, points| by_field(&points.coordinates, jets)));
    let difference = if yardstick.is_none() {
        let points = problem.evaluation_points()?;
        let fields: Vec<Jet> = (0..problem.scope.fields().len()).map(Jet::value).collect();
        let (ours, theirs) =
            (solution.jets(&points.coordinates, &fields), by_field(&points.coordinates, &fields));
        Some(relative_difference(&ours, &theirs))
    } else {
        None
    };
    Ok(Some(BaselineReport {
        method: baseline.method.to_string(),
        unknowns: baseline.unknowns,
        relative_l2_error: error,
        relative_difference: difference,
        own_difference: baseline.difference,
        order: baseline.order,
        seconds: baseline.seconds,
    }))
}

/// All that the report needs beside the runs.
struct About<'a> {
    task: &'a Task<'a>,
    gpu: &'a Gpu,
    method: &'a dyn Method,
    options: &'a PdeOptions,
    settings: &'a Settings,
    windows: usize,
    trains: bool,
    chosen: bool,
    choice_seconds: f64,
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
            standard_error: runs[0].standard_errors.get(k).copied(),
        };
        self.task.unknowns.iter().enumerate().map(of).collect()
    }

    fn report(&self, runs: &[SeedRun], yardstick: Option<&Yardstick>) -> PdeReport {
        let first = &runs[0];
        // Seeds that were not run have been stopped.
        let complete = runs.len() == self.options.seeds;
        let failed = runs.iter().map(|run| &run.reason).find(|reason| !reason.converged());
        let reason = failed.unwrap_or(if complete { &first.reason } else { &PdeReason::Stopped });
        let of = |value: fn(&SeedRun) -> f64| median(runs.iter().map(value).collect());
        let errors: Vec<f64> = runs.iter().filter_map(|run| run.error).collect();
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
            steps: runs.iter().map(|run| run.steps).max().unwrap_or(0),
            setup_seconds: self.choice_seconds,
            solve_seconds: of(|run| run.solve_seconds),
            verify_seconds: of(|run| run.verify_seconds),
            conditions: first.truth.conditions.clone(),
            rank: first.rank,
            condition_estimate: first.condition,
            rounding_floor: of(|run| run.floor),
            limited_by: limited_by(of(|run| run.truth.relative), of(|run| run.floor)).to_owned(),
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
            stop_reason: first.stop_reason.clone(),
            runs: runs.iter().map(SeedRun::report).collect(),
            seconds_per_step: of(|run| run.solve_seconds / run.steps.max(1) as f64),
            baseline: None,
            notes: Vec::new(),
        }
    }
}
