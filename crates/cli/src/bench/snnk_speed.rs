//! Kernel layers on a device beside the dense layers that they stand for.

use ansatz::gpu::{Cost, GpuError, Plan, Real};
use ansatz::krylov::generate::random;
use ansatz::linalg::{self, Elementwise, Function, Gemm, Grid, Matrix};
use ansatz::random_features::snnk::{Kernel, Snnk};
use ansatz::{Error, Gpu, median};
use serde::Serialize;

use super::gemm::Shape;
use super::seconds;
use crate::output;
use crate::table::table;

/// A layer in one form.
#[derive(Debug, Serialize)]
pub struct Row {
    inputs: usize,
    outputs: usize,
    features: usize,
    /// `dense` (a product and the cosine of it), `Φ` (the features alone), or `Φ, product`.
    work: &'static str,
    precision: &'static str,
    /// For the batch: median over the rounds.
    seconds: f64,
    /// What must be moved if every array is touched once.
    bytes: u64,
    flops: u64,
    gigabytes_per_second: f64,
    gigaflops_per_second: f64,
    /// What the moves take at the triad's rate, or the operations at that of a product of 512³, whichever is longer, over the
    /// time taken: median over the rounds.
    share_of_limit: f64,
    /// The seconds of the dense layer in the same round over these: median over the rounds.
    times_as_fast_as_dense: f64,
}

/// Rounds over all forms, so that a busy moment of the machine does not fall on one alone.
const ROUNDS: usize = 5;

/// Three rows per layer, for a batch of `points`.
pub fn measure<T: Real>(gpu: &Gpu, points: usize, layers: &[Shape]) -> Result<Vec<Row>, Error> {
    let side = || Matrix::<T>::zeros(gpu, "product", 512, 512);
    let (a, b, c) = (side()?, side()?, side()?);
    let mut product = Plan::new(gpu, "product");
    Gemm::new(a.all(), b.all(), c.all()).record(&mut product)?;
    seconds(gpu, &mut product)?;

    let mut rows = Vec::new();
    for &Shape([inputs, outputs, features]) in layers {
        let mut forms = forms::<T>(gpu, points, inputs, outputs, features)?;
        // The first run compiles and touches the pages.
        forms.iter_mut().try_for_each(|(_, plan, _)| seconds(gpu, plan).map(|_| ()))?;
        let (mut bytes_rates, mut flops_rates) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            output::note(&format!("{inputs} inputs, round {} of {ROUNDS}", round + 1));
            bytes_rates.push(linalg::measure::<T>(gpu)?.triad_gb_s * 1e9);
            flops_rates.push(product.cost().flops as f64 / seconds(gpu, &mut product)?);
            for (_, plan, taken) in &mut forms {
                taken.push(seconds(gpu, plan)?);
            }
        }
        let dense = forms[0].2.clone();
        for (work, plan, taken) in forms {
            let Cost { bytes, flops, .. } = plan.cost();
            let shares = (0..ROUNDS).map(|round| {
                let least = (bytes as f64 / bytes_rates[round]).max(flops as f64 / flops_rates[round]);
                least / taken[round]
            });
            let share_of_limit = median(shares.collect());
            let ratios = dense.iter().zip(&taken).map(|(dense, taken)| dense / taken);
            let times_as_fast_as_dense = median(ratios.collect());
            let seconds = median(taken);
            rows.push(Row {
                inputs,
                outputs,
                features,
                work,
                precision: if T::IS_F64 { "f64" } else { "f32" },
                seconds,
                bytes,
                flops,
                gigabytes_per_second: bytes as f64 / seconds * 1e-9,
                gigaflops_per_second: flops as f64 / seconds * 1e-9,
                share_of_limit,
                times_as_fast_as_dense,
            });
        }
    }
    Ok(rows)
}

type Form = (&'static str, Plan, Vec<f64>);

/// cos(XWᵀ), Φ(X), and Φ(X)Ψᵀ.
fn forms<T: Real>(
    gpu: &Gpu,
    points: usize,
    inputs: usize,
    outputs: usize,
    features: usize,
) -> Result<[Form; 3], Error> {
    // Of length about one.
    let size = (3.0 / inputs as f64).sqrt();
    let numbers = |rows: usize, columns: usize, seed: u64| -> Result<Matrix<T>, GpuError> {
        let entries: Vec<T> =
            (0..(rows * columns) as u64).map(|i| T::from_f64(size * random(seed, i))).collect();
        Matrix::upload(gpu, "numbers", rows, columns, &entries)
    };
    let (x, w, psi) =
        (numbers(points, inputs, 0)?, numbers(inputs, outputs, 1)?, numbers(features, outputs, 2)?);
    let zeros = |columns| Matrix::zeros(gpu, "values", points, columns);
    let (z, y, phi) = (zeros(outputs)?, zeros(outputs)?, zeros(features)?);
    let map = Snnk { count: features, ..Snnk::new(Kernel::cosine()) }.features(inputs)?.upload::<T>(gpu)?;

    let mut dense = Plan::new(gpu, "dense");
    Gemm::new(x.all(), w.all(), z.all()).record(&mut dense)?;
    for ((x, _), (y, _)) in z.slabs().zip(y.slabs()) {
        let grid = Grid::stream(gpu, x.len());
        Elementwise { function: Function::Cos, x, y, grid }.record(&mut dense)?;
    }
    let mut alone = Plan::new(gpu, "Φ");
    map.record(&mut alone, &x, &phi)?;
    let mut layer = Plan::new(gpu, "layer");
    map.record(&mut layer, &x, &phi)?;
    Gemm::new(phi.all(), psi.all(), y.all()).record(&mut layer)?;
    Ok([("dense", dense, Vec::new()), ("Φ", alone, Vec::new()), ("Φ, product", layer, Vec::new())])
}

/// A line per row.
pub fn text(rows: &[Row]) -> String {
    let line = |row: &Row| {
        vec![
            format!("{} to {}, m = {}", row.inputs, row.outputs, row.features),
            row.precision.to_owned(),
            row.work.to_owned(),
            format!("{:.3}", 1e3 * row.seconds),
            format!("{:.2}", row.bytes as f64 * 1e-6),
            format!("{:.2}", row.gigabytes_per_second),
            format!("{:.2}", row.gigaflops_per_second),
            format!("{:.2}", row.share_of_limit),
            format!("{:.2}", row.times_as_fast_as_dense),
        ]
    };
    let lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let titles = ["layer", "", "", "ms", "MB (floor)", "GB/s", "GFLOP/s", "of the limit", "of dense's speed"];
    table(&titles, &lines)
}
