//! `ansatz bench least-squares`: the device against faer on the host, in the same run.

use std::path::PathBuf;

use ansatz::gpu::Real;
use ansatz::krylov::generate::random;
use ansatz::linalg::{self, Matrix, Place};
use ansatz::{Gpu, median};
use clap::Args;
use serde::Serialize;

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Tall least squares on the device and by faer on the host, in the same run.
#[derive(Debug, Args)]
pub struct LeastSquares {
    #[command(flatten)]
    device: DeviceArgs,

    /// Rows.
    #[arg(long, value_name = "N", default_value_t = 7600, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows: u32,

    /// Columns.
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    columns: u32,

    /// Rounds over both places.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,

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
    rounds: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    precision: &'static str,
    /// As in reports of PDEs.
    tier: String,
    /// Median over the rounds; of the whole solve, on the host with the way of the matrix to it.
    seconds: f64,
    /// 2n²(m − n/3), what Householder reflections take, in these seconds.
    gigaflops_per_second: f64,
    /// The seconds of faer in the same round and precision over these: median over the rounds.
    times_as_fast_as_host: f64,
    /// ‖x − x*‖₂/‖x*‖₂, where the right-hand side is A x* with the rounding of its entries.
    relative_error: f64,
}

impl LeastSquares {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        if self.columns > self.rows {
            return Err(Failure::usage("there are more columns than rows; give at least as many rows"));
        }
        let gpu = self.device.open()?;
        let mut rows = self.measure::<f32>(&gpu)?;
        if gpu.capabilities().f64 {
            rows.extend(self.measure::<f64>(&gpu)?);
        } else {
            output::note("f64 is left out: the device has none");
        }
        let summary = gpu.summary();
        let report = Report {
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            matrix_rows: self.rows as usize,
            matrix_columns: self.columns as usize,
            rounds: self.rounds as usize,
            rows,
        };
        super::show(self.json.as_deref(), &report, text)
    }

    /// A row for the device and one for the host.
    fn measure<T: Real>(&self, gpu: &Gpu) -> Result<Vec<Row>, Failure> {
        let (m, n) = (self.rows as usize, self.columns as usize);
        let entries: Vec<T> = (0..(m * n) as u64).map(|i| T::from_f64(random(0, i))).collect();
        let exact: Vec<f64> = (0..n as u64).map(|j| random(1, j)).collect();
        let mut product = vec![0.0; m];
        for (column, x) in entries.chunks(m).zip(&exact) {
            product.iter_mut().zip(column).for_each(|(sum, a)| *sum += a.widen() * x);
        }
        let product: Vec<T> = product.into_iter().map(T::from_f64).collect();
        let a = Matrix::upload(gpu, "A", m, n, &entries)?;
        let b = Matrix::upload(gpu, "b", m, 1, &product)?;

        let places = [Place::Mixed, Place::Host];
        let solve = |place| linalg::LeastSquares { tikhonov: Some(0.0), place }.solve(gpu, &a, &b);
        let mut solutions = Vec::new();
        let mut taken = [Vec::new(), Vec::new()];
        // The first round compiles and touches the pages.
        for round in 0..=self.rounds {
            output::note(&format!("{}, round {round} of {}", precision::<T>(), self.rounds));
            solutions.clear();
            for (place, taken) in places.into_iter().zip(&mut taken) {
                let solution = solve(place)?;
                if round > 0 {
                    taken.push(solution.seconds);
                }
                solutions.push(solution);
            }
        }
        let flops = 2.0 * (n * n) as f64 * (m as f64 - n as f64 / 3.0);
        let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
        let rows = solutions.into_iter().zip(&taken).map(|(solution, seconds)| {
            let x = solution.x.first().map_or(&[][..], Vec::as_slice);
            let difference = norm(&mut exact.iter().zip(x).map(|(exact, x)| x - exact));
            let ratios = taken[1].iter().zip(seconds).map(|(host, here)| host / here).collect();
            let seconds = median(seconds.clone());
            Row {
                precision: precision::<T>(),
                tier: solution.tier,
                seconds,
                gigaflops_per_second: flops / seconds * 1e-9,
                times_as_fast_as_host: median(ratios),
                relative_error: if x.is_empty() {
                    f64::NAN
                } else {
                    difference / norm(&mut exact.iter().copied())
                },
            }
        });
        Ok(rows.collect())
    }
}

fn precision<T: Real>() -> &'static str {
    if T::IS_F64 { "f64" } else { "f32" }
}

fn text(report: &Report) -> String {
    let row = |row: &Row| {
        vec![
            row.tier.clone(),
            format!("{:.3}", row.seconds),
            format!("{:.2}", row.gigaflops_per_second),
            format!("{:.2}", row.times_as_fast_as_host),
            format!("{:.1e}", row.relative_error),
        ]
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    format!(
        "{} ({}, {}), {} executor\n{} x {}; median of {} rounds\n\n{}",
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.matrix_rows,
        report.matrix_columns,
        report.rounds,
        table(&["", "seconds", "GFLOP/s", "of faer's speed", "error"], &rows)
    )
}
