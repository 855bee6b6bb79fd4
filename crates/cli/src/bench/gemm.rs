//! `ansatz bench gemm`: the rate of matrix products in each tiling.

use std::path::PathBuf;
use std::str::FromStr;

use ansatz::gpu::{Plan, Real};
use ansatz::linalg::{self, Matrix, Tiling};
use ansatz::{Error, Gpu, median};
use clap::Args;
use serde::Serialize;

use super::seconds;
use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Matrix products in each tiling, in 10⁹ operations per second.
#[derive(Debug, Args)]
pub struct Gemm {
    #[command(flatten)]
    device: DeviceArgs,

    /// Rows, columns and length of the sums; may be given several times.
    #[arg(long = "shape", value_name = "MxNxK", default_values = ["512x512x512", "1024x1024x1024"])]
    shapes: Vec<Shape>,

    /// Both factors transposed or not (nn, nt, tn, tt); may be given several times.
    #[arg(long = "transposed", value_name = "AB", default_values = ["nn"])]
    transpositions: Vec<Transposition>,

    /// Computes in f64.
    #[arg(long)]
    f64: bool,

    /// Writes the figures as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Shape(pub(super) [usize; 3]);

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let edges: Option<Vec<usize>> = text.split('x').map(|edge| edge.parse().ok()).collect();
        match edges.as_deref() {
            Some(&[m, n, k]) if m.min(n).min(k) > 0 => Ok(Self([m, n, k])),
            _ => Err("expected three numbers above zero, such as 512x512x512".to_owned()),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Transposition([bool; 2]);

impl FromStr for Transposition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nn" => Ok(Self([false, false])),
            "nt" => Ok(Self([false, true])),
            "tn" => Ok(Self([true, false])),
            "tt" => Ok(Self([true, true])),
            _ => Err("expected nn, nt, tn or tt".to_owned()),
        }
    }
}

#[derive(Debug, Serialize)]
struct Report {
    device: String,
    backend: String,
    driver: String,
    executor: String,
    precision: &'static str,
    rounds: usize,
    /// 10⁹ multiplications and additions per second that the device reaches.
    limit: f64,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    m: usize,
    n: usize,
    k: usize,
    transposed: String,
    /// As in `ansatz devices --tuning`; `twin` on the CPU executor.
    tiling: String,
    /// What a product gets that asks for no tiling.
    chosen: bool,
    /// Median over the rounds.
    seconds: f64,
    gigaflops_per_second: f64,
    /// The part of the device's limit.
    of_limit: f64,
}

/// Rounds over all tilings of a shape, so that a busy moment of the machine does not fall on one alone.
const ROUNDS: usize = 7;

impl Gemm {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let gpu = self.device.open()?;
        let limit = match self.f64 {
            true => linalg::measure_gflops::<f64>(&gpu)?,
            false => linalg::measure_gflops::<f32>(&gpu)?,
        };
        let mut rows = Vec::new();
        for &shape in &self.shapes {
            for &transposition in &self.transpositions {
                rows.extend(match self.f64 {
                    true => measure::<f64>(&gpu, shape, transposition, limit)?,
                    false => measure::<f32>(&gpu, shape, transposition, limit)?,
                });
            }
        }
        let summary = gpu.summary();
        let report = Report {
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            precision: if self.f64 { "f64" } else { "f32" },
            rounds: ROUNDS,
            limit,
            rows,
        };
        super::show(self.json.as_deref(), &report, text)
    }
}

fn measure<T: Real>(
    gpu: &Gpu,
    Shape([m, n, k]): Shape,
    Transposition([transpose_a, transpose_b]): Transposition,
    limit: f64,
) -> Result<Vec<Row>, Error> {
    let matrix = |name, rows, columns, transpose| {
        let (rows, columns) = if transpose { (columns, rows) } else { (rows, columns) };
        Matrix::<T>::zeros(gpu, name, rows, columns)
    };
    let (a, b, c) =
        (matrix("A", m, k, transpose_a)?, matrix("B", k, n, transpose_b)?, matrix("C", m, n, false)?);
    let product = linalg::Gemm { transpose_a, transpose_b, ..linalg::Gemm::new(a.all(), b.all(), c.all()) };
    let chosen = product.tiling(gpu)?;
    let tilings = if gpu.is_cpu() { vec![chosen] } else { Tiling::all(gpu) };
    let mut plans = Vec::new();
    for tiling in tilings {
        let mut plan = Plan::new(gpu, "gemm");
        linalg::Gemm { tiling: Some(tiling), ..product.clone() }.record(&mut plan)?;
        // The first run compiles and touches the pages.
        seconds(gpu, &mut plan)?;
        plans.push((tiling, plan, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, plan, taken) in &mut plans {
            taken.push(seconds(gpu, plan)?);
        }
    }
    let letter = |transposed| if transposed { 't' } else { 'n' };
    let row = |(tiling, plan, taken): (Tiling, Plan, Vec<f64>)| {
        let seconds = median(taken);
        let gigaflops_per_second = plan.cost().flops as f64 / seconds * 1e-9;
        Row {
            m,
            n,
            k,
            transposed: [transpose_a, transpose_b].map(letter).iter().collect(),
            tiling: if gpu.is_cpu() { "twin".to_owned() } else { tiling.to_string() },
            chosen: tiling == chosen,
            seconds,
            gigaflops_per_second,
            of_limit: gigaflops_per_second / limit,
        }
    };
    Ok(plans.into_iter().map(row).collect())
}

fn text(report: &Report) -> String {
    let row = |row: &Row| {
        vec![
            format!("{} x {} x {}", row.m, row.n, row.k),
            row.transposed.clone(),
            row.tiling.clone(),
            format!("{:.3}", 1e3 * row.seconds),
            format!("{:.2}", row.gigaflops_per_second),
            format!("{:.2}", row.of_limit),
            if row.chosen { "chosen".to_owned() } else { String::new() },
        ]
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    format!(
        "{} ({}, {}), {} executor, {}\nmedian of {} rounds; the device reaches {:.1} GFLOP/s in registers\n\n{}",
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.precision,
        report.rounds,
        report.limit,
        table(&["m x n x k", "", "tiling", "ms", "GFLOP/s", "of limit", ""], &rows)
    )
}
