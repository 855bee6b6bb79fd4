//! `ansatz bench krylov`: how near the memory's limit the solvers run.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use ansatz::gpu::{GpuError, Plan, Profile};
use ansatz::krylov::DevicePreconditioner;
use ansatz::krylov::cg::inverse::Inverse;
use ansatz::krylov::cg::{Loop, LoopOptions, Start};
use ansatz::krylov::device::{DeviceCsr, DeviceOperator, DeviceSell, DeviceStencil, Shape};
use ansatz::krylov::generate::random;
use ansatz::krylov::operator::{Boundary, Grid, PaddedCsr, Sell, SellLayout, Stencil};
use ansatz::{Error, Gpu, KernelReport, kernels, linalg, median};
use clap::Args;
use serde::Serialize;

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::{profile, table};

/// Products and conjugate gradients per iteration, as a share of what the triad's bandwidth allows.
#[derive(Debug, Args)]
pub struct Krylov {
    #[command(flatten)]
    device: DeviceArgs,

    /// Binary logarithm of the number of unknowns: a 7-point Poisson problem.
    #[arg(long, value_name = "LOG2", default_value_t = 20, value_parser = clap::value_parser!(u32).range(6..=27))]
    n: u32,

    /// Writes the figures as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Times every kernel as well, after the rest.
    #[arg(long)]
    profile: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    device: String,
    backend: String,
    driver: String,
    executor: String,
    precision: &'static str,
    grid: [usize; 3],
    n: usize,
    /// Median over the rounds, in arrays too large for any cache.
    triad_gigabytes_per_second: f64,
    rounds: usize,
    rows: Vec<Row>,
    profile: Vec<KernelReport>,
}

#[derive(Debug, Serialize)]
struct Row {
    operator: &'static str,
    /// `product` or `cg`.
    work: &'static str,
    /// Median over the rounds.
    seconds_per_iteration: f64,
    /// What must be moved if every array is touched once.
    bytes_per_iteration: u64,
    gigabytes_per_second: f64,
    /// The time in which the triad of the same round moves these bytes, over the time taken: median over the rounds.
    fraction_of_floor: f64,
}

/// Rounds over all rows, so that a busy moment of the machine does not fall on one row alone.
const ROUNDS: usize = 5;
/// A measurement takes about as long as this, and the best of a few counts, as for the triad.
const SECONDS: f64 = 0.1;
const BEST_OF: usize = 3;
/// Iterations between two looks of the host.
const LOOK_EVERY: u32 = 32;
/// Both end in the first round after a look, so that equally many surplus rounds are under way.
const FEW_ITERATIONS: u32 = LOOK_EVERY + 1;
const MANY_ITERATIONS: u32 = 3 * LOOK_EVERY + 1;

impl Krylov {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let gpu = self.device.open()?;
        let report = measure(&gpu, extents(self.n), self.profile)?;
        super::show(self.json.as_deref(), &report, text)
    }
}

/// A box of 2^`log2` cells, as near a cube as can be, longest along x.
fn extents(log2: u32) -> [usize; 3] {
    let x = log2.div_ceil(3);
    let y = (log2 - x).div_ceil(2);
    [1 << x, 1 << y, 1 << (log2 - x - y)]
}

fn measure(gpu: &Gpu, extents: [usize; 3], profiled: bool) -> Result<Report, Error> {
    let [nx, ny, nz] = extents;
    let stencil = Stencil::new(Grid::new(nx, ny, nz)?, [1.0; 3], [Boundary::Dirichlet; 6])?;
    let mut subjects = {
        let matrix = stencil.to_csr()?;
        vec![
            Subject::new(gpu, "csr", Box::new(DeviceCsr::new(gpu, &PaddedCsr::new(&matrix)?)?))?,
            Subject::new(
                gpu,
                "sell",
                Box::new(DeviceSell::new(gpu, &Sell::new(&matrix, SellLayout::default())?)?),
            )?,
            Subject::new(gpu, "stencil", Box::new(DeviceStencil::new(gpu, &stencil, 1.0)?))?,
        ]
    };
    let mut triads = Vec::new();
    for round in 0..ROUNDS {
        output::note(&format!("round {} of {ROUNDS}", round + 1));
        triads.push(linalg::measure::<f32>(gpu)?.triad_gb_s);
        for subject in &mut subjects {
            subject.measure(gpu)?;
        }
    }
    let triad = median(triads.clone());
    let mut profile = Profile::default();
    if profiled {
        gpu.set_profiling(true);
        for subject in &mut subjects {
            subject.iterate(gpu)?;
            profile.merge(&subject.solver.profile());
        }
        gpu.set_profiling(false);
    }
    let summary = gpu.summary();
    Ok(Report {
        device: summary.name.clone(),
        backend: summary.backend.clone(),
        driver: summary.driver.clone(),
        executor: gpu.executor().to_owned(),
        precision: "f32",
        grid: extents,
        n: stencil.grid().cells(),
        triad_gigabytes_per_second: triad,
        rounds: ROUNDS,
        rows: subjects.iter().flat_map(|subject| subject.rows(&triads)).collect(),
        profile: kernels(&profile, Some(triad)),
    })
}

/// An operator under measurement.
struct Subject {
    name: &'static str,
    product: Plan,
    solver: Loop<f32>,
    residual: Vec<f32>,
    product_seconds: Vec<f64>,
    cg_seconds: Vec<f64>,
}

impl Subject {
    fn new(gpu: &Gpu, name: &'static str, operator: Box<dyn DeviceOperator<f32>>) -> Result<Self, GpuError> {
        let length = operator.ordering().device_len();
        let numbers: Vec<f64> = (0..operator.ordering().natural_len() as u64).map(|i| random(0, i)).collect();
        let residual = operator.ordering().scatter::<f32>(&numbers);
        let words = 64 + operator.groups();
        let control = gpu.buffer("control", words as usize)?;
        let (x, y) = (gpu.upload("x", &residual)?, gpu.buffer("y", length)?);
        let mut product = Plan::new(gpu, "product");
        operator.record(&mut product, &control, Shape { columns: 1, control_stride: words }, &x, &y)?;
        let options = LoopOptions { flexible: false, look_every: LOOK_EVERY, history: MANY_ITERATIONS };
        let preconditioner = DevicePreconditioner::Fused(Inverse::Identity);
        let solver = Loop::new(gpu, &*operator, &preconditioner, 1, options)?;
        Ok(Self { name, product, solver, residual, product_seconds: Vec::new(), cg_seconds: Vec::new() })
    }

    fn measure(&mut self, gpu: &Gpu) -> Result<(), GpuError> {
        let once = self.multiply(gpu, 1)?.min(self.multiply(gpu, 1)?);
        let products = (SECONDS / once).clamp(1.0, 1000.0) as u32;
        let seconds = best(|| self.multiply(gpu, products))?;
        self.product_seconds.push(seconds);
        let seconds = self.iterate(gpu)?;
        self.cg_seconds.push(seconds);
        Ok(())
    }

    /// Seconds per product.
    fn multiply(&mut self, gpu: &Gpu, count: u32) -> Result<f64, GpuError> {
        gpu.wait()?;
        let start = Instant::now();
        self.product.repeat_blindly(count)?;
        gpu.wait()?;
        Ok(start.elapsed().as_secs_f64() / f64::from(count))
    }

    /// Seconds per iteration of conjugate gradients: what a long run takes beyond a short one, so that neither the start
    /// nor the rounds that were under way at the end count.
    fn iterate(&mut self, gpu: &Gpu) -> Result<f64, GpuError> {
        let (short, few) = self.timed(gpu, FEW_ITERATIONS)?;
        let (long, many) = self.timed(gpu, MANY_ITERATIONS)?;
        // A small system has nothing left to iterate on after a few.
        let beyond = many > few && long > short;
        Ok(if beyond { (long - short) / (many - few) } else { long / many.max(1.0) })
    }

    /// Seconds of a run, and its iterations.
    fn timed(&mut self, gpu: &Gpu, limit: u32) -> Result<(f64, f64), GpuError> {
        self.solver.start(&self.residual, &[Start { goal: 0.0, limit, idle: false }])?;
        gpu.wait()?;
        let start = Instant::now();
        let states = self.solver.run(|_| ControlFlow::Continue(()))?;
        let done = states.first().map_or(0, |state| state.iterations);
        Ok((start.elapsed().as_secs_f64(), f64::from(done)))
    }

    /// A row for each kind of work; `triads` are the triad's GB/s in each round.
    fn rows(&self, triads: &[f64]) -> [Row; 2] {
        let row = |work, seconds: &[f64], bytes: u64| {
            let rate = |seconds: f64| bytes as f64 / seconds * 1e-9;
            let fractions = seconds.iter().zip(triads).map(|(&seconds, triad)| rate(seconds) / triad);
            let median_seconds = median(seconds.to_vec());
            Row {
                operator: self.name,
                work,
                seconds_per_iteration: median_seconds,
                bytes_per_iteration: bytes,
                gigabytes_per_second: rate(median_seconds),
                fraction_of_floor: median(fractions.collect()),
            }
        };
        [
            row("product", &self.product_seconds, self.product.cost().bytes),
            row("cg", &self.cg_seconds, self.solver.cost().bytes),
        ]
    }
}

/// The least of a few measurements: others can only slow a device down.
fn best(mut measure: impl FnMut() -> Result<f64, GpuError>) -> Result<f64, GpuError> {
    (0..BEST_OF).try_fold(f64::INFINITY, |least, _| Ok(measure()?.min(least)))
}

fn text(report: &Report) -> String {
    let [nx, ny, nz] = report.grid;
    let rows: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| {
            vec![
                row.operator.to_owned(),
                row.work.to_owned(),
                format!("{:.1}", 1e6 * row.seconds_per_iteration),
                format!("{:.2}", row.bytes_per_iteration as f64 * 1e-6),
                format!("{:.2}", row.gigabytes_per_second),
                format!("{:.2}", row.fraction_of_floor),
            ]
        })
        .collect();
    let mut text = format!(
        "{} ({}, {}), {} executor, {}\n7-point Poisson, {nx} x {ny} x {nz} = {} unknowns; triad {:.2} GB/s; median of {} rounds\n\n{}",
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.precision,
        report.n,
        report.triad_gigabytes_per_second,
        report.rounds,
        table(&["operator", "work", "µs/iteration", "MB (floor)", "GB/s", "of triad"], &rows)
    );
    if !report.profile.is_empty() {
        text += &format!("\n{}", profile(&report.profile));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn boxes_have_the_size_asked_for() {
        assert_eq!(super::extents(20), [128, 128, 64]);
        for log2 in 6..=27 {
            assert_eq!(super::extents(log2).iter().product::<usize>(), 1 << log2);
        }
    }
}
