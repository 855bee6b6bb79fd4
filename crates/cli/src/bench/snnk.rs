//! `ansatz bench snnk`: how far scalable neural network kernels are from the functions that they stand for, and how fast they
//! are on a device.

use std::path::PathBuf;

use ansatz::Error;
use ansatz::random_features::snnk::{Kernel, Snnk, SnnkError, kernel_rmse};
use clap::Args;
use serde::Serialize;

use super::gemm::Shape;
use super::snnk_speed;
use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Errors of the estimates Ψ(w, b)·Φ(x) of cos(w·x + b) and of the arc-cosine (ReLU) kernel; and the time of kernel layers on the
/// device beside that of dense ones.
#[derive(Debug, Args)]
pub struct SnnkBench {
    #[command(flatten)]
    device: DeviceArgs,

    /// Coordinates of points and weights.
    #[arg(long, value_name = "D", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    dimensions: u32,

    /// Features; the decay is measured from a sixteenth to four times as many.
    #[arg(long, value_name = "M", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    features: u32,

    /// Independent draws, each with eight pairs of point and weight.
    #[arg(long, value_name = "K", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    draws: u64,

    /// The first draw's seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    /// M of Λ_g, above -1/4 (cosine only).
    #[arg(long, value_name = "M", default_value_t = 0.0, allow_negative_numbers = true)]
    damping: f64,

    /// Points of the batch whose time is measured.
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    points: u32,

    /// Inputs, outputs and features of a layer whose time is measured; may be given several times.
    #[arg(long = "layer", value_name = "DxNxM", default_values = ["8x1024x1024", "1024x1024x256"])]
    layers: Vec<Shape>,

    /// Writes the figures as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Report {
    dimensions: u32,
    features: u32,
    draws: u64,
    seed: u64,
    damping: f64,
    rows: Vec<Row>,
    device: String,
    backend: String,
    driver: String,
    executor: String,
    points: u32,
    layers: Vec<snnk_speed::Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    kernel: &'static str,
    /// |x| and |w|.
    length: f64,
    rmse: f64,
    antithetic_rmse: f64,
    orthogonal_rmse: f64,
    /// For d = 8, m = 1024 and independent draws with M = 0.
    expected: f64,
    ratio: f64,
    /// d log RMSE / d log m; −0.5 is what independent features give.
    slope: f64,
}

/// Kernel, |x| = |w|, and the RMSE for d = 8, m = 1024.
const EXPECTED: [(&str, f64, f64); 3] =
    [("cosine", 0.5, 0.018), ("cosine", 1.0, 0.059), ("relu", 1.0, 0.015)];

impl SnnkBench {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let gpu = self.device.open()?;
        let rows = EXPECTED.iter().map(|row| self.measure(*row)).collect::<Result<_, _>>();
        let rows = rows.map_err(Error::from)?;
        let mut layers = snnk_speed::measure::<f32>(&gpu, self.points as usize, &self.layers)?;
        if gpu.capabilities().f64 {
            layers.extend(snnk_speed::measure::<f64>(&gpu, self.points as usize, &self.layers)?);
        }
        let summary = gpu.summary();
        let report = Report {
            dimensions: self.dimensions,
            features: self.features,
            draws: self.draws,
            seed: self.seed,
            damping: self.damping,
            rows,
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            points: self.points,
            layers,
        };
        super::show(self.json.as_deref(), &report, text)
    }

    fn measure(&self, (name, length, expected): (&'static str, f64, f64)) -> Result<Row, SnnkError> {
        output::note(&format!("{name}, |x| = |w| = {length}"));
        let kernel = if name == "relu" { Kernel::ArcCosine } else { Kernel::cosine() };
        let plain = Snnk {
            count: self.features as usize,
            seed: self.seed,
            damping: self.damping,
            ..Snnk::new(kernel)
        };
        let rmse =
            |options: &Snnk| kernel_rmse(options, self.dimensions as usize, length, length, self.draws);
        let found = rmse(&plain)?;
        let (few, many) = (plain.count / 16, plain.count * 4);
        let [from, to] = [few, many].map(|count| rmse(&Snnk { count, ..plain.clone() }));
        Ok(Row {
            kernel: name,
            length,
            rmse: found,
            antithetic_rmse: rmse(&Snnk { antithetic: true, ..plain.clone() })?,
            orthogonal_rmse: rmse(&Snnk { orthogonal: true, ..plain.clone() })?,
            expected,
            ratio: found / expected,
            slope: (to? / from?).ln() / (many as f64 / few as f64).ln(),
        })
    }
}

fn text(report: &Report) -> String {
    let row = |row: &Row| {
        vec![
            row.kernel.to_owned(),
            row.length.to_string(),
            format!("{:.4}", row.rmse),
            format!("{:.3}", row.expected),
            format!("{:.2}", row.ratio),
            format!("{:.4}", row.antithetic_rmse),
            format!("{:.4}", row.orthogonal_rmse),
            format!("{:.3}", row.slope),
        ]
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    format!(
        "d = {}, m = {}, M = {}, {} draws from seed {}; RMSE\n\n{}\n\
         {} ({}, {}), {} executor; a batch of {} points\n\n{}",
        report.dimensions,
        report.features,
        report.damping,
        report.draws,
        report.seed,
        table(
            &["kernel", "|x| = |w|", "found", "expected", "ratio", "antithetic", "orthogonal", "slope in m"],
            &rows
        ),
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.points,
        snnk_speed::text(&report.layers)
    )
}
