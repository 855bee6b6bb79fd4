//! `ansatz verify`.

use std::path::PathBuf;

use ansatz::gpu::Capabilities;
use ansatz::verify::{self, Check};
use ansatz::{Gpu, OpenOptions};
use clap::Args;
use serde::Serialize;

use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Runs every kernel against its twin in plain Rust, with all that the device offers and with every fallback.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    device: DeviceArgs,

    /// Writes every check as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Every case, and not one line per kernel.
    #[arg(long)]
    cases: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    device: String,
    backend: String,
    driver: String,
    executor: String,
    passed: bool,
    checks: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    /// `as offered` or `fallbacks`.
    mode: &'static str,
    passed: bool,
    #[serde(flatten)]
    check: Check,
}

impl Verify {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let gpu = self.device.open()?;
        let mut checks = rows("as offered", &gpu)?;
        if !gpu.is_cpu() {
            // The least that WebGPU promises; f64 stays, because it has no fallback of its own.
            let least = Capabilities { f64: gpu.capabilities().f64, ..Capabilities::LOWEST };
            let options = OpenOptions { at_most: Some(least), ..OpenOptions::default() };
            checks.extend(rows("fallbacks", &self.device.open_with(&options)?)?);
        }
        let summary = gpu.summary();
        let report = Report {
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            passed: checks.iter().all(|row| row.passed),
            checks,
        };
        if let Some(path) = &self.json {
            output::json(path, &report)?;
        }
        if !output::is_stdout(self.json.as_deref()) {
            output::print(&format!(
                "{summary}\n{}{}",
                table_of(&report.checks, self.cases),
                verdict(&report)
            ))?;
        }
        Ok(if report.passed { Exit::Success } else { Exit::NotConverged })
    }
}

fn rows(mode: &'static str, gpu: &Gpu) -> Result<Vec<Row>, Failure> {
    let checks = verify::all(gpu)?;
    Ok(checks.into_iter().map(|check| Row { mode, passed: check.passed(), check }).collect())
}

/// How close a check is to its tolerance; a tolerance of zero allows nothing.
fn closeness(row: &Row) -> f64 {
    match (row.passed, row.check.error == 0.0) {
        (false, _) => f64::INFINITY,
        (true, true) => 0.0,
        (true, false) => row.check.error / row.check.tolerance,
    }
}

/// One line per case, or the worst of each kernel.
fn table_of(rows: &[Row], every: bool) -> String {
    let line = |row: &Row, cases: usize| {
        vec![
            row.check.kernel.to_owned(),
            row.mode.to_owned(),
            cases.to_string(),
            row.check.case.clone(),
            format!("{:.1e}", row.check.error),
            format!("{:.1e}", row.check.tolerance),
            match (&row.check.problem, row.passed) {
                (Some(problem), _) => format!("FAILED: {problem}"),
                (None, false) => "FAILED".to_owned(),
                (None, true) => "passed".to_owned(),
            },
        ]
    };
    let of_kernel = |a: &Row, b: &Row| (a.mode, a.check.kernel) == (b.mode, b.check.kernel);
    let lines: Vec<Vec<String>> = if every {
        rows.iter().map(|row| line(row, 1)).collect()
    } else {
        rows.chunk_by(of_kernel)
            .filter_map(|rows| {
                let worst = rows.iter().max_by(|a, b| closeness(a).total_cmp(&closeness(b)))?;
                Some(line(worst, rows.len()))
            })
            .collect()
    };
    table(
        &["kernel", "device", "cases", if every { "case" } else { "worst case" }, "error", "tolerance", ""],
        &lines,
    )
}

fn verdict(report: &Report) -> String {
    let failed = report.checks.iter().filter(|row| !row.passed).count();
    let count = report.checks.len();
    let what = match report.executor.as_str() {
        "cpu" => "the CPU executor runs the twins themselves, so this shows only that they repeat themselves",
        _ => "error: largest difference from the twin over largest value",
    };
    if failed == 0 {
        format!("{count} checks passed ({what})\n")
    } else {
        format!("{failed} of {count} checks FAILED ({what})\n")
    }
}
