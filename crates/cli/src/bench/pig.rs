//! `ansatz bench pig`: the time of a step of Adam of physics-informed Gaussians at the sizes of the paper.

use std::path::PathBuf;

use ansatz::gpu::Plan;
use ansatz::linalg;
use ansatz::pde::{AdamOptions, FitPrecision, Optimizer, Pde, PdeOptions, Pig, TrainingStep};
use ansatz::{Gpu, median};
use clap::Args;
use serde::Serialize;

use super::seconds;
use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// A step of Adam of physics-informed Gaussians, against the arithmetic that it cannot do without.
#[derive(Debug, Args)]
pub struct PigBench {
    #[command(flatten)]
    device: DeviceArgs,

    /// Takes this part of the points of each problem [default: 1, on a software adapter less for the large ones].
    #[arg(long, value_name = "PART", value_parser = part)]
    part: Option<f64>,

    /// Writes the figures as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn part(text: &str) -> Result<f64, String> {
    let part = text.parse().ok().filter(|part| (1e-4..=1.0).contains(part));
    part.ok_or_else(|| "expected a number from 1e-4 to 1".to_owned())
}

/// A problem of the paper: its Gaussians of each of four embeddings, and points inside and of each other condition.
struct Configuration {
    problem: &'static str,
    gaussians: usize,
    points: [usize; 2],
}

/// Kang et al. (ICLR 2025). Of Klein–Gordon, the 5,376 points of the paper; of the others, as many inside.
const CONFIGURATIONS: [Configuration; 5] = [
    Configuration { problem: "helmholtz", gaussians: 800, points: [4096, 1024] },
    Configuration { problem: "klein_gordon", gaussians: 100, points: [4096, 427] },
    Configuration { problem: "flow_mixing", gaussians: 4000, points: [4096, 1024] },
    Configuration { problem: "nonlinear_diffusion", gaussians: 4000, points: [4096, 1024] },
    Configuration { problem: "allen_cahn", gaussians: 4000, points: [4096, 1024] },
];

/// Points times Gaussians beyond which a software adapter takes a part.
const SOFTWARE_PAIRS: usize = 10_000_000;

#[derive(Debug, Serialize)]
struct Report {
    device: String,
    backend: String,
    driver: String,
    executor: String,
    rounds: usize,
    #[serde(flatten)]
    limits: Limits,
    rows: Vec<Row>,
}

/// What the device reaches, in registers: the best of several times between the problems, since other work on the machine takes its
/// share.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Limits {
    /// 10⁹ multiplications and additions per second.
    gigaflops_per_second: f64,
    /// 10⁹ exponentials of Gaussians per second.
    gigaexponentials_per_second: f64,
}

impl Limits {
    /// The better of these and those of now.
    fn look(&mut self, gpu: &Gpu) -> Result<(), Failure> {
        let reach = |limit: &mut f64, now: f64| *limit = limit.max(now);
        reach(&mut self.gigaflops_per_second, linalg::measure_gflops::<f32>(gpu)?);
        reach(&mut self.gigaexponentials_per_second, linalg::measure_exponentials::<f32>(gpu)?);
        Ok(())
    }

    /// Seconds of so many 10⁹ operations and exponentials.
    fn floor(&self, gigaflops: f64, gigaexponentials: f64) -> f64 {
        gigaflops / self.gigaflops_per_second + gigaexponentials / self.gigaexponentials_per_second
    }
}

#[derive(Debug, Serialize)]
struct Row {
    problem: &'static str,
    /// Of each of four embeddings.
    gaussians: usize,
    parameters: usize,
    /// Of all conditions together.
    points: usize,
    /// The part that was taken of the points.
    part: f64,
    /// Of a step; median over the rounds.
    seconds: f64,
    /// 10⁹ operations of a step.
    gigaflops: f64,
    /// 10⁹ exponentials of it beside these.
    gigaexponentials: f64,
    /// What the device takes at least for these.
    floor_seconds: f64,
    /// The floor over the time taken.
    of_limit: f64,
    /// Seconds of each kernel, where profiling is possible.
    kernels: Vec<(String, f64)>,
}

/// Steps that are timed.
const ROUNDS: usize = 5;

impl PigBench {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let gpu = self.device.open()?;
        let mut limits = Limits::default();
        let mut rows = Vec::new();
        for configuration in &CONFIGURATIONS {
            output::note(configuration.problem);
            limits.look(&gpu)?;
            rows.push(self.measure(&gpu, configuration)?);
        }
        limits.look(&gpu)?;
        for row in &mut rows {
            row.floor_seconds = limits.floor(row.gigaflops, row.gigaexponentials);
            row.of_limit = row.floor_seconds / row.seconds;
        }
        let summary = gpu.summary();
        let report = Report {
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            rounds: ROUNDS,
            limits,
            rows,
        };
        super::show(self.json.as_deref(), &report, text)
    }

    fn measure(&self, gpu: &Gpu, configuration: &Configuration) -> Result<Row, Failure> {
        let Configuration { problem, gaussians, points } = *configuration;
        let pairs = 4 * gaussians * (points[0] + points[1]);
        let most = if gpu.is_software() { (SOFTWARE_PAIRS as f64 / pairs as f64).min(1.0) } else { 1.0 };
        let part = self.part.unwrap_or(most);
        let [inside, elsewhere] = points.map(|points| (part * points as f64).ceil() as usize);
        let optimizer = Optimizer::Adam(AdamOptions::default());
        let method = Pig { optimizer, ..Pig::new(gaussians) };
        let options = PdeOptions {
            precision: FitPrecision::F32,
            points: Some(inside),
            boundary_points: Some(elsewhere),
            ..PdeOptions::default()
        };
        let pde = Pde::example(problem, &[])?;
        let mut step: TrainingStep<f32> = pde.training_step(gpu, &method, &options)?;
        // The first run compiles and touches the pages.
        seconds(gpu, step.plan())?;
        let mut taken = Vec::new();
        for _ in 0..ROUNDS {
            taken.push(seconds(gpu, step.plan())?);
        }
        let kernels = profile(gpu, step.plan())?;
        let cost = step.plan().cost();
        Ok(Row {
            problem,
            gaussians,
            parameters: step.parameters(),
            points: step.points(),
            part,
            seconds: median(taken),
            gigaflops: cost.flops as f64 * 1e-9,
            gigaexponentials: cost.exponentials as f64 * 1e-9,
            floor_seconds: 0.0,
            of_limit: 0.0,
            kernels,
        })
    }
}

/// Where the time of a step goes.
fn profile(gpu: &Gpu, plan: &mut Plan) -> Result<Vec<(String, f64)>, Failure> {
    gpu.set_profiling(true);
    let ran = seconds(gpu, plan);
    gpu.set_profiling(false);
    ran?;
    let rows = ansatz::kernels(plan.profile(), None).into_iter();
    let mut kernels: Vec<_> = rows.map(|row| (row.kernel, row.seconds)).collect();
    kernels.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    Ok(kernels)
}

fn text(report: &Report) -> String {
    let row = |row: &Row| {
        let most = row.kernels.iter().take(3);
        let most: Vec<_> = most.map(|(name, seconds)| format!("{name} {:.1}", 1e3 * seconds)).collect();
        vec![
            row.problem.to_owned(),
            row.gaussians.to_string(),
            row.parameters.to_string(),
            if row.part < 1.0 {
                format!("{} ({:.2} of them)", row.points, row.part)
            } else {
                row.points.to_string()
            },
            format!("{:.2}", 1e3 * row.seconds),
            format!("{:.2}", 1e3 * row.floor_seconds),
            format!("{:.2}", row.of_limit),
            most.join(", "),
        ]
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    format!(
        "{} ({}, {}), {} executor, f32\nmedian of {} steps; the device reaches {:.1} GFLOP/s and {:.2}·10⁹ exponentials per second in registers\n\n{}",
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.rounds,
        report.limits.gigaflops_per_second,
        report.limits.gigaexponentials_per_second,
        table(
            &["problem", "N", "parameters", "points", "ms/step", "floor", "of limit", "ms of kernels"],
            &rows
        )
    )
}
