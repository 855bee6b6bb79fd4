//! `ansatz bench solvers`: what each method really costs, under one stopping rule.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ansatz::io::atomic::write_whole;
use ansatz::krylov::generate::random;
use ansatz::plot::{self, Bar, BarGroup, Bars};
use ansatz::{Error, Gpu, LinearSystem, Method, Preconditioner, Run, SolveOptions};
use clap::Args;
use serde::Serialize;

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::table::table;
use crate::weights::Weights;
use crate::{output, stop};

/// Methods against each other, each to the same residual as recomputed in f64.
#[derive(Debug, Args)]
pub struct Solvers {
    #[command(flatten)]
    device: DeviceArgs,

    /// A system: a Matrix Market file, or a text as for `ansatz solve --generate`; may be given several times.
    #[arg(long = "problem", value_name = "TEXT", default_values = PROBLEMS)]
    problems: Vec<String>,

    /// A method as for `ansatz solve`; may be given several times.
    #[arg(long = "method", value_name = "METHOD", default_values = ["auto"])]
    methods: Vec<Method>,

    /// A preconditioner as for `ansatz solve`; may be given several times. Those that do not suit a system are left out there.
    #[arg(long = "pc", value_name = "PC", default_values = PRECONDITIONERS)]
    preconditioners: Vec<Preconditioner>,

    /// Weights for a network or for stencils, which are added to the preconditioners; may be given several times, for the plane and for space.
    #[arg(long, value_name = "FILE")]
    weights: Vec<PathBuf>,

    /// Each solve ends when ‖b − Ax‖ ≤ RTOL ‖b‖, in f64.
    #[arg(long, default_value_t = 1e-8, allow_hyphen_values = true, value_parser = tolerance)]
    rtol: f64,

    /// A solve that takes longer is stopped, and counts as not converged.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = positive)]
    limit: f64,

    /// Random right-hand sides of each system, solved together as far as the method can.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rhs: u32,

    /// Seed of everything random: systems, and right-hand sides.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Writes the rows as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Writes the table as Markdown.
    #[arg(long, value_name = "FILE.md")]
    markdown: Option<PathBuf>,

    /// Draws the times, as .png or .svg.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

const PROBLEMS: [&str; 6] = [
    "poisson:255x255",
    "poisson:64x64x64",
    "obstacles:64x64x64:0.2",
    "contrast:48x48x48:1e6",
    "aniso:200x200:1e-3",
    "neumann:48x48x48",
];

const PRECONDITIONERS: [&str; 8] = [
    "none",
    "jacobi",
    "chebyshev:4",
    "additive",
    "multigrid",
    "multigrid:v:chebyshev:2",
    "multigrid:w:red-black:2",
    "amg",
];

fn positive(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (1e-3..=1e6).contains(seconds));
    seconds.ok_or_else(|| "expected a number from 0.001 to 1e6".to_owned())
}

fn tolerance(text: &str) -> Result<f64, String> {
    let rtol = text.parse().ok().filter(|rtol| (1e-15..1.0).contains(rtol));
    rtol.ok_or_else(|| "expected a number from 1e-15 on and below 1".to_owned())
}

#[derive(Debug, Serialize)]
struct Report {
    device: String,
    backend: String,
    driver: String,
    executor: String,
    rtol: f64,
    seed: u64,
    right_hand_sides: u32,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    problem: String,
    n: usize,
    method: String,
    preconditioner: String,
    iterations: u64,
    setup_seconds: f64,
    solve_seconds: f64,
    /// Of buffers on the device.
    memory_bytes: u64,
    true_relative_residual: f64,
    converged: bool,
    reason: String,
    /// Set-up and solve over those of the fastest classical method that converged on this system; null without one, or where this
    /// one did not converge.
    ratio_to_best_classical: Option<f64>,
    /// Seconds that its weights took to train; null for what is not learned.
    training_seconds: Option<f64>,
    /// Solves after which training is repaid, beside the fastest classical method; null where it never is.
    solves_to_repay: Option<f64>,
}

impl Row {
    fn seconds(&self) -> f64 {
        self.setup_seconds + self.solve_seconds
    }
}

/// The file that a problem names, if it names one.
fn file(text: &str) -> Option<&Path> {
    let path = Path::new(text);
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("mtx")).then_some(path)
}

/// Times of fewer seconds are the least of several solves.
const QUICK: f64 = 1.0;
const QUICK_ROUNDS: usize = 3;

impl Solvers {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        if let Some(path) = &self.markdown {
            output::check("--markdown", path, &["md"])?;
        }
        if let Some(path) = &self.plot {
            output::check("--plot", path, &["png", "svg"])?;
        }
        let problems = self.problems.iter().map(|text| ("--problem", file(text)));
        let weights = self.weights.iter().map(|path| ("--weights", Some(path.as_path())));
        let inputs: Vec<_> = problems.chain(weights).collect();
        let outputs = [
            ("--json", self.json.as_deref()),
            ("--markdown", self.markdown.as_deref()),
            ("--plot", self.plot.as_deref()),
        ];
        output::check_distinct(&inputs, &outputs)?;
        // Read before anything is measured, so that a mistake in the last does not cost the time of the others.
        let systems = self.problems.iter().map(|text| self.system(text)).collect::<Result<Vec<_>, _>>()?;
        let weights = Weights::read(&self.weights)?;
        let mut preconditioners = self.preconditioners.clone();
        for learned in weights.preconditioners() {
            if !preconditioners.contains(&learned) {
                preconditioners.push(learned);
            }
        }
        let gpu = self.device.open()?;
        let mut rows = Vec::new();
        for system in &systems {
            let mut of_system = Vec::new();
            let all = |&method| preconditioners.iter().map(move |&preconditioner| (method, preconditioner));
            for (method, preconditioner) in self.methods.iter().flat_map(all) {
                if stop::asked() {
                    break;
                }
                of_system.extend(self.measure(&gpu, system, &weights, method, preconditioner)?);
            }
            compare(&mut of_system);
            rows.extend(of_system);
        }
        let summary = gpu.summary();
        let report = Report {
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            rtol: self.rtol,
            seed: self.seed,
            right_hand_sides: self.rhs,
            rows,
        };
        if let Some(path) = &self.markdown {
            let text = markdown(&report);
            write_whole(path, |out| out.write_all(text.as_bytes()))?;
        }
        if let Some(path) = &self.plot {
            plot::bars(path, &picture(&report))?;
        }
        super::show(self.json.as_deref(), &report, text)?;
        let none = report.rows.iter().all(|row| !row.converged);
        Ok(if none { Exit::NotConverged } else { Exit::Success })
    }

    /// A system with random right-hand sides, for which it has solutions. Ones alone would be too smooth.
    fn system(&self, text: &str) -> Result<LinearSystem, Error> {
        let system = match file(text) {
            Some(path) => LinearSystem::read(path)?,
            None => LinearSystem::generate(text, self.seed)?,
        };
        let a = system.operator();
        let n = a.dimension();
        let column = |column: usize| {
            let number =
                |i: usize| if a.is_active(i) { random(self.seed, (column * n + i) as u64) } else { 0.0 };
            let mut rhs: Vec<f64> = (0..n).map(number).collect();
            a.null_components().project(&mut rhs);
            rhs
        };
        let columns = (0..self.rhs as usize).map(column).collect();
        system.with_rhs(columns)
    }

    /// A row, unless the preconditioner does not suit the system.
    fn measure(
        &self,
        gpu: &Gpu,
        system: &LinearSystem,
        weights: &Weights,
        method: Method,
        preconditioner: Preconditioner,
    ) -> Result<Option<Row>, Error> {
        output::note(&format!("{}, {method}, {preconditioner}", system.name()));
        let mut options = SolveOptions { rtol: self.rtol, method, preconditioner, ..SolveOptions::default() };
        let trained = weights.give(system, &mut options);
        // What compiles pipelines is not timed.
        let first = SolveOptions { max_iterations: Some(1), ..options.clone() };
        match system.solve(gpu, &first) {
            Err(error) if !error.is_device() => {
                output::note(&format!("left out: {error}"));
                return Ok(None);
            }
            first => first?,
        };
        let mut best: Option<Run> = None;
        for _ in 0..QUICK_ROUNDS {
            let (begin, limit) = (Instant::now(), Duration::from_secs_f64(self.limit));
            let run = system.solve_with(gpu, &options, |_| {
                let enough = begin.elapsed() > limit || stop::asked();
                if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            let seconds = |run: &Run| run.report.setup_seconds + run.report.solve_seconds;
            let slow = seconds(&run) > QUICK;
            if best.as_ref().is_none_or(|best| seconds(&run) < seconds(best)) {
                best = Some(run);
            }
            if slow {
                break;
            }
        }
        Ok(best.map(|Run { solution, report }| Row {
            problem: report.problem,
            n: report.n,
            method: solution.method.to_string(),
            preconditioner: report.preconditioner,
            iterations: report.iterations,
            setup_seconds: report.setup_seconds,
            solve_seconds: report.solve_seconds,
            memory_bytes: report.memory_bytes,
            true_relative_residual: report.true_relative_residual,
            converged: report.converged,
            reason: report.reason,
            ratio_to_best_classical: None,
            training_seconds: trained.map(|origin| origin.seconds),
            solves_to_repay: None,
        }))
    }
}

/// Sets the ratios of the rows of one system.
fn compare(rows: &mut [Row]) {
    let classical = rows.iter().filter(|row| row.converged && row.training_seconds.is_none());
    let best = classical.map(Row::seconds).fold(f64::INFINITY, f64::min);
    for row in rows.iter_mut().filter(|row| row.converged && best.is_finite()) {
        row.ratio_to_best_classical = Some(row.seconds() / best);
        let gain = best - row.seconds();
        row.solves_to_repay = row.training_seconds.filter(|_| gain > 0.0).map(|seconds| seconds / gain);
    }
}

const TITLES: [&str; 11] = [
    "problem",
    "unknowns",
    "method",
    "preconditioner",
    "iterations",
    "set-up, s",
    "solve, s",
    "memory, MB",
    "residual",
    "to the best",
    "training, s (repaid after)",
];

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.problem.clone(),
        row.n.to_string(),
        row.method.clone(),
        row.preconditioner.clone(),
        row.iterations.to_string(),
        format!("{:.3}", row.setup_seconds),
        format!("{:.3}", row.solve_seconds),
        format!("{:.1}", row.memory_bytes as f64 * 1e-6),
        format!("{:.1e}", row.true_relative_residual),
        row.ratio_to_best_classical.map_or_else(|| row.reason.clone(), |ratio| format!("{ratio:.2}")),
        row.training_seconds.map_or_else(String::new, |seconds| {
            let repaid =
                row.solves_to_repay.map_or("never".to_owned(), |solves| format!("{solves:.0} solves"));
            format!("{seconds:.0} ({repaid})")
        }),
    ]
}

fn about(report: &Report) -> String {
    format!(
        "{} ({}, {}), {} executor; each to a tolerance of {:e} on the residual, recomputed in f64 (of least squares, on Aᵀr); {} by seed {}",
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.rtol,
        match report.right_hand_sides {
            1 => "a right-hand side".to_owned(),
            count => format!("{count} right-hand sides"),
        },
        report.seed
    )
}

fn text(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report.rows.iter().map(cells).collect();
    format!("{}\n\n{}", about(report), table(&TITLES, &rows))
}

fn markdown(report: &Report) -> String {
    let mut text =
        format!("{}.\n\n| {} |\n|{}\n", about(report), TITLES.join(" | "), " --- |".repeat(TITLES.len()));
    for row in &report.rows {
        // Nothing can go wrong with a string.
        let _ = writeln!(text, "| {} |", cells(row).join(" | "));
    }
    text
}

fn picture(report: &Report) -> Bars {
    let mut groups: Vec<BarGroup> = Vec::new();
    for row in &report.rows {
        let title = format!("{}, {} unknowns", row.problem, row.n);
        if groups.last().is_none_or(|group| group.title != title) {
            groups.push(BarGroup { title, bars: Vec::new() });
        }
        let note = match row.converged {
            true => format!("{} iterations", row.iterations),
            false => format!("{}: {:.0e}", row.reason, row.true_relative_residual),
        };
        let bar = Bar {
            label: format!("{}, {}", row.method, row.preconditioner),
            parts: [row.setup_seconds, row.solve_seconds],
            note,
        };
        if let Some(group) = groups.last_mut() {
            group.bars.push(bar);
        }
    }
    Bars {
        title: format!("Time to a verified residual of {:e}", report.rtol),
        groups,
        x_label: "seconds".to_owned(),
        parts: ["set-up".to_owned(), "set-up and solve".to_owned()],
    }
}
