//! `ansatz bench features`: how near the memory's limit collocation matrices are assembled.

use std::path::PathBuf;

use ansatz::features::{DeviceFeatures, Features as Family, MultiIndex, Rows};
use ansatz::gpu::{Cost, GpuError, Plan, Real};
use ansatz::krylov::generate::random;
use ansatz::linalg::{self, Matrix};
use ansatz::pde::{Frame, Gaussians, Method, RandomFeatures};
use ansatz::{Gpu, median};
use clap::Args;
use serde::Serialize;

use super::seconds;
use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Assembly of a collocation matrix with the terms u, u_xx and u_yy, in GB/s and as a share of the triad's bandwidth.
#[derive(Debug, Args)]
pub struct Features {
    #[command(flatten)]
    device: DeviceArgs,

    /// Collocation points.
    #[arg(long, value_name = "N", default_value_t = 7600, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows: u32,

    /// Features.
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    columns: u32,

    /// Writes the figures as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Report {
    device: String,
    backend: String,
    driver: String,
    executor: String,
    matrix_rows: usize,
    matrix_columns: usize,
    terms: [&'static str; 3],
    rounds: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    /// `random-features` or `gaussians`.
    method: &'static str,
    precision: &'static str,
    /// Median over the rounds.
    seconds: f64,
    /// What must be moved if the matrix, the points, the coefficients and the features are touched once.
    bytes: u64,
    gigabytes_per_second: f64,
    gigaflops_per_second: f64,
    /// Median over the rounds, in arrays too large for any cache.
    triad_gigabytes_per_second: f64,
    /// The time in which the triad of the same round moves these bytes, over the time taken: median over the rounds.
    fraction_of_triad: f64,
}

/// Rounds over both families, so that a busy moment of the machine does not fall on one alone.
const ROUNDS: usize = 5;
/// Of each round, the best of a few counts, as for the triad.
const BEST_OF: usize = 3;

impl Features {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let gpu = self.device.open()?;
        let (points, features) = (self.rows as usize, self.columns as usize);
        let mut rows = measure(&gpu, points, features, |family, gpu| family.upload_f32(gpu))?;
        if gpu.capabilities().f64 {
            rows.extend(measure(&gpu, points, features, |family, gpu| family.upload_f64(gpu))?);
        } else {
            output::note("f64 is left out: the device has none");
        }
        let summary = gpu.summary();
        let report = Report {
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            matrix_rows: points,
            matrix_columns: features,
            terms: ["u", "u_xx", "u_yy"],
            rounds: ROUNDS,
            rows,
        };
        super::show(self.json.as_deref(), &report, text)
    }
}

/// A family under measurement.
struct Subject {
    name: &'static str,
    plan: Plan,
    seconds: Vec<f64>,
}

fn measure<T: Real>(
    gpu: &Gpu,
    points: usize,
    features: usize,
    upload: impl Fn(&dyn Family, &Gpu) -> Result<Box<dyn DeviceFeatures<T>>, GpuError>,
) -> Result<Vec<Row>, Failure> {
    let frame = Frame { low: vec![-1.0; 2], high: vec![1.0; 2], periodic: vec![false; 2] };
    let methods: [&dyn Method; 2] = [&RandomFeatures::new(features), &Gaussians::new(features)];
    let terms = [[0, 0], [2, 0], [0, 2]].map(|[x, y]| MultiIndex([x, y, 0, 0, 0, 0, 0, 0]));
    let stride = points.next_multiple_of(4);
    let numbers =
        |count: usize, seed| -> Vec<T> { (0..count as u64).map(|i| T::from_f64(random(seed, i))).collect() };
    let places = gpu.upload("points", &numbers(2 * stride, 0))?;
    let coefficients = gpu.upload("coefficients", &numbers(terms.len() * stride, 1))?;
    let matrix = Matrix::zeros(gpu, "collocation matrix", points, features)?;
    let mut subjects = Vec::new();
    for method in methods {
        let family = method.draw(&frame, features, &[8.0; 2], 0)?;
        let mut plan = Plan::new(gpu, "rows");
        let rows = Rows {
            terms: &terms,
            points: &places,
            count: points,
            coefficients: &coefficients,
            first_coefficient: 0,
            matrix: &matrix,
            first_row: 0,
            first_column: 0,
            accumulate: false,
        };
        upload(&*family, gpu)?.record_rows(&mut plan, &rows)?;
        // The first run compiles and touches the pages.
        seconds(gpu, &mut plan)?;
        subjects.push(Subject { name: method.name(), plan, seconds: Vec::new() });
    }
    let mut triads = Vec::new();
    for round in 0..ROUNDS {
        output::note(&format!("{}, round {} of {ROUNDS}", precision::<T>(), round + 1));
        triads.push(linalg::measure::<T>(gpu)?.triad_gb_s);
        for subject in &mut subjects {
            let once = |_| seconds(gpu, &mut subject.plan);
            let taken = (0..BEST_OF).map(once).collect::<Result<Vec<f64>, GpuError>>()?;
            subject.seconds.push(taken.into_iter().fold(f64::INFINITY, f64::min));
        }
    }
    Ok(subjects.into_iter().map(|subject| row::<T>(subject, &triads)).collect())
}

fn row<T: Real>(subject: Subject, triads: &[f64]) -> Row {
    let Cost { bytes, flops, .. } = subject.plan.cost();
    let rate = |amount: u64, seconds: f64| amount as f64 / seconds * 1e-9;
    let fractions = subject.seconds.iter().zip(triads).map(|(&seconds, triad)| rate(bytes, seconds) / triad);
    let fraction_of_triad = median(fractions.collect());
    let seconds = median(subject.seconds);
    Row {
        method: subject.name,
        precision: precision::<T>(),
        seconds,
        bytes,
        gigabytes_per_second: rate(bytes, seconds),
        gigaflops_per_second: rate(flops, seconds),
        triad_gigabytes_per_second: median(triads.to_vec()),
        fraction_of_triad,
    }
}

fn precision<T: Real>() -> &'static str {
    if T::IS_F64 { "f64" } else { "f32" }
}

fn text(report: &Report) -> String {
    let row = |row: &Row| {
        vec![
            row.method.to_owned(),
            row.precision.to_owned(),
            format!("{:.3}", 1e3 * row.seconds),
            format!("{:.2}", row.bytes as f64 * 1e-6),
            format!("{:.2}", row.gigaflops_per_second),
            format!("{:.2}", row.gigabytes_per_second),
            format!("{:.2}", row.triad_gigabytes_per_second),
            format!("{:.2}", row.fraction_of_triad),
        ]
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    format!(
        "{} ({}, {}), {} executor\n{} points x {} features, {}; median of {} rounds\n\n{}",
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.matrix_rows,
        report.matrix_columns,
        report.terms.join(" + "),
        report.rounds,
        table(&["method", "", "ms", "MB (floor)", "GFLOP/s", "GB/s", "triad", "of triad"], &rows)
    )
}
