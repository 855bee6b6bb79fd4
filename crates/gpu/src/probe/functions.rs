//! The device's own sin, cos, exp, tanh and log: `shaders/probe/functions.wgsl`.

use std::f64::consts::PI;
use std::fmt;

use crate::{Args, Buffer, Gpu, GpuError, Launch, Plan};

/// `y` ← sin x, cos x, exp x, tanh x and log |x|, one after the other.
#[derive(Debug)]
pub struct Functions<'a> {
    /// The arguments.
    pub x: &'a Buffer<f32>,
    /// Five times as long as `x`.
    pub y: &'a Buffer<f32>,
}

const LANES: u32 = 64;

impl Functions<'_> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths do not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::probe::FUNCTIONS;
        let n = self.x.len();
        if self.y.len() != 5 * n || self.y.len() > u32::MAX as usize {
            return Err(GpuError::misuse(kernel.name, format!("{n} arguments, {} values", self.y.len())));
        }
        plan.launch(
            Launch::new(kernel, twin)
                .constant("LANES", LANES)
                .params(&(n as u32))
                .bind(self.x)
                .bind(self.y)
                .workgroups(n.div_ceil(LANES as usize) as u64)
                .cost(24 * n as u64, 5 * n as u64),
        )
    }
}

fn twin(args: &Args) {
    let n = args.params::<u32>() as usize;
    let (x, mut y) = (args.read::<f32>(1), args.write::<f32>(2));
    for (i, &x) in x.iter().enumerate() {
        y[i] = x.sin();
        y[n + i] = x.cos();
        y[2 * n + i] = x.exp();
        y[3 * n + i] = x.tanh();
        y[4 * n + i] = x.abs().ln();
    }
}

/// The largest error of a function on a range, against f64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunctionError {
    /// Its name in WGSL.
    pub name: &'static str,
    /// From where to where.
    pub range: [f64; 2],
    /// Whether the error is divided by the value.
    pub relative: bool,
    /// The error; infinite where the device gave NaN or an infinity.
    pub error: f64,
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.relative { "relative" } else { "absolute" };
        let [from, to] = self.range;
        write!(f, "{}: {kind} error {:.1e} on [{from:.3}, {to:.3}]", self.name, self.error)
    }
}

/// A function, its place in the kernel's results, a range, whether errors are relative, and its value in f64.
type Trial = (&'static str, usize, [f64; 2], bool, fn(f64) -> f64);

/// Within one turn and far outside it; relative errors where no value is near zero.
const TRIALS: [Trial; 8] = [
    ("sin", 0, [-PI, PI], false, f64::sin),
    ("sin", 0, [-1000.0, 1000.0], false, f64::sin),
    ("cos", 1, [-PI, PI], false, f64::cos),
    ("cos", 1, [-1000.0, 1000.0], false, f64::cos),
    ("exp", 2, [-80.0, 80.0], true, f64::exp),
    ("tanh", 3, [-12.0, 12.0], false, f64::tanh),
    ("log", 4, [0.5, 2.0], false, f64::ln),
    ("log", 4, [2.0, 1e6], true, f64::ln),
];

/// Samples per trial: a prime, so that steps of the range hit no round numbers.
const SAMPLES: usize = 1021;

pub(super) fn errors(gpu: &Gpu) -> Result<Vec<FunctionError>, GpuError> {
    let sample = |[from, to]: [f64; 2], i: usize| from + (to - from) * (i as f64 + 0.5) / SAMPLES as f64;
    let points: Vec<f32> =
        TRIALS.iter().flat_map(|trial| (0..SAMPLES).map(|i| sample(trial.2, i) as f32)).collect();
    let x = gpu.upload("arguments", &points)?;
    let y = gpu.buffer::<f32>("values", 5 * points.len())?;
    gpu.run_once(|plan| Functions { x: &x, y: &y }.record(plan))?;
    let values = gpu.read(&y)?;

    let errors = TRIALS.iter().enumerate().map(|(trial, &(name, row, range, relative, exact))| {
        let samples = trial * SAMPLES..(trial + 1) * SAMPLES;
        let errors = samples.map(|i| {
            let (exact, value) = (exact(f64::from(points[i])), f64::from(values[row * points.len() + i]));
            let error = (value - exact).abs() / if relative { exact.abs() } else { 1.0 };
            if error.is_nan() { f64::INFINITY } else { error }
        });
        FunctionError { name, range, relative, error: errors.fold(0.0, f64::max) }
    });
    Ok(errors.collect())
}
