//! `ansatz bench convolution`: the rate of convolutions, forward and backward.

use std::path::PathBuf;

use ansatz::gpu::{GpuError, Plan};
use ansatz::layers::convolution::{Convolution, ConvolutionGradient, Convolve, Epilogue, Images};
use ansatz::{Gpu, linalg, median};
use clap::Args;
use serde::Serialize;

use super::gemm::Shape;
use super::seconds;
use crate::device::DeviceArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Convolutions of all neighbours, in 10⁹ operations per second of f32.
#[derive(Debug, Args)]
pub struct ConvolutionBench {
    #[command(flatten)]
    device: DeviceArgs,

    /// Cells along each axis; may be given several times.
    #[arg(long = "shape", value_name = "NXxNYxNZ", default_values = ["32x32x32", "64x64x64", "256x256x1"])]
    shapes: Vec<Shape>,

    /// Channels in and out.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=64))]
    channels: u8,

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
    channels: u8,
    rounds: usize,
    /// 10⁹ multiplications and additions per second that the device reaches.
    limit: f64,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    extents: [usize; 3],
    /// `forward`, `adjoint` or `gradient`.
    work: &'static str,
    /// Median over the rounds.
    seconds: f64,
    gigaflops_per_second: f64,
    /// The part of the device's limit.
    of_limit: f64,
}

/// Rounds over all rows, so that a busy moment of the machine does not fall on one alone.
const ROUNDS: usize = 5;

impl ConvolutionBench {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let gpu = self.device.open()?;
        let mut works = Vec::new();
        for Shape(extents) in &self.shapes {
            works.extend(record(&gpu, *extents, self.channels.into())?);
        }
        let mut limit: f64 = 0.0;
        for _ in 0..ROUNDS {
            limit = limit.max(linalg::measure_gflops::<f32>(&gpu)?);
            for work in &mut works {
                let taken = seconds(&gpu, &mut work.plan)?;
                work.seconds.push(taken);
            }
        }
        let summary = gpu.summary();
        let report = Report {
            device: summary.name.clone(),
            backend: summary.backend.clone(),
            driver: summary.driver.clone(),
            executor: gpu.executor().to_owned(),
            channels: self.channels,
            rounds: ROUNDS,
            limit,
            rows: works.into_iter().map(|work| work.row(limit)).collect(),
        };
        super::show(self.json.as_deref(), &report, text)
    }
}

/// A plan under measurement.
struct Work {
    extents: [usize; 3],
    name: &'static str,
    plan: Plan,
    seconds: Vec<f64>,
}

impl Work {
    fn row(self, limit: f64) -> Row {
        let seconds = median(self.seconds);
        let gigaflops_per_second = self.plan.cost().flops as f64 / seconds * 1e-9;
        let of_limit = gigaflops_per_second / limit;
        Row { extents: self.extents, work: self.name, seconds, gigaflops_per_second, of_limit }
    }
}

fn record(gpu: &Gpu, extents: [usize; 3], channels: usize) -> Result<Vec<Work>, GpuError> {
    let images = Images { extents, count: 1 };
    let dimensions = if extents[2] > 1 { 3 } else { 2 };
    let layer = Convolution { inputs: channels, outputs: channels, neighbours: true, dimensions, first: 0 };
    let ones = |name, len| gpu.upload(name, &vec![1.0f32; len]);
    let (x, y) = (&ones("x", images.len(channels))?, &ones("y", images.len(channels))?);
    let parameters = &ones("parameters", layer.numbers())?;
    let gradient = &ones("gradient", layer.numbers())?;
    let partials = &gpu.buffer("partials", ConvolutionGradient::<f32>::partials(gpu, &layer, &images))?;
    let mut works = Vec::new();
    for name in ["forward", "adjoint", "gradient"] {
        let mut plan = Plan::new(gpu, name);
        if name == "gradient" {
            ConvolutionGradient { layer, images, x, z_bar: y, partials, gradient, accumulate: false }
                .record(&mut plan)?;
        } else {
            let adjoint = name == "adjoint";
            let epilogue = if adjoint { Epilogue::Identity } else { Epilogue::Relu };
            Convolve { layer, adjoint, images, parameters, x, y, epilogue }.record(&mut plan)?;
        }
        // The first run compiles and touches the pages.
        seconds(gpu, &mut plan)?;
        works.push(Work { extents, name, plan, seconds: Vec::new() });
    }
    Ok(works)
}

fn text(report: &Report) -> String {
    let row = |row: &Row| {
        let [nx, ny, nz] = row.extents;
        vec![
            format!("{nx} x {ny} x {nz}"),
            row.work.to_owned(),
            format!("{:.3}", 1e3 * row.seconds),
            format!("{:.2}", row.gigaflops_per_second),
            format!("{:.2}", row.of_limit),
        ]
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    format!(
        "{} ({}, {}), {} executor, f32, {} channels\nmedian of {} rounds; the device reaches {:.1} GFLOP/s in registers\n\n{}",
        report.device,
        report.backend,
        report.driver,
        report.executor,
        report.channels,
        report.rounds,
        report.limit,
        table(&["cells", "", "ms", "GFLOP/s", "of limit"], &rows)
    )
}
