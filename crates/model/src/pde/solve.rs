//! From a problem to verified solutions: one run for each seed, in each run one fit for each time window.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use ansatz_expr::Scalar;
use ansatz_gpu::Gpu;
use ansatz_problem::{Domain, Problem};

use super::about::About;
use super::accuracy::Yardstick;
use super::attempt::Attempt;
use super::cloud;
use super::compare::compare;
use super::corners;
use super::journal::Journal;
use super::seed_run::one_run;
use super::settings::Settings;
use super::task::Task;
use super::tier::Tier;
use super::{
    FitPrecision, Method, Optimizer, PdeError, PdeOptions, PdeProgress, PdeReport, PdeRun, TrainingStep,
    Watch,
};

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
    if task.unknowns.len() > 0 && !task.measured().contains(&true) {
        notes.push(
            "nothing was measured: unless the conditions alone determine [unknowns], what was found is one of many values for which they hold"
                .to_owned(),
        );
    }
    let yardstick = Yardstick::new(problem, folder, &mut notes)?;
    let mut watch = Watch::new(options.seeds, windows, tell);
    let attempt = Attempt { gpu, task: &task, method, options };
    let mut settings = Settings::new(&task, method, options, windows)?;
    let parts = windows_of(&problem.domain, windows);
    if let Some(cloud) = cloud::given(&task, options) {
        notes.push(cloud::check(&task, cloud, &parts, &settings)?);
    }

    let inside = task.inside().iter().filter(|inside| **inside).count();
    let [each, elsewhere] = settings.points;
    let rows =
        each.saturating_mul(inside).saturating_add(elsewhere.saturating_mul(task.equations.len() - inside));
    attempt.check_size(rows, settings.features * problem.scope.fields().len())?;

    let trains = attempt.trainable(&parts[0], &settings)?.is_some();
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
    notes.extend(task.unknowns.at_bounds(&runs[0].solution.unknowns()));
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
    let settings = Settings::new(&task, method, options, 1)?;
    Attempt { gpu, task: &task, method, options }.training_step(&problem.domain, &settings, adam)
}

/// The domain in time windows of equal length; the domain itself where there is but one.
fn windows_of(domain: &Domain, windows: usize) -> Vec<Domain> {
    let (Some([start, end]), Some(name)) = (domain.time(), domain.coordinates().last()) else {
        return vec![domain.clone()];
    };
    let moment =
        |k: usize| if k == windows { end } else { start + (end - start) * k as f64 / windows as f64 };
    (0..windows).map(|k| domain.clone().over(name, [moment(k), moment(k + 1)])).collect()
}
