//! `ansatz bench bandlimited`: what weights from a bounded set can approximate (Li et al., ICML 2023, arXiv 2008.08427).

use std::f64::consts::PI;
use std::path::PathBuf;

use ansatz::features::{Features, MultiIndex};
use ansatz::linalg::least_squares::truncated;
use ansatz::linalg::{LeastSquares, Matrix};
use ansatz::random_features::{Activation, Biases, Draw, RandomFeatures, Weights};
use ansatz::{Error, Gpu};
use clap::Args;
use serde::Serialize;

use super::median;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Sigmoid units with weights and biases uniform on [-L, L], fitted to sin(kπx) on [0, 1] by least squares in f64.
#[derive(Debug, Args)]
pub struct Bandlimited {
    /// Units.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=4000))]
    units: u32,

    /// Training points, evenly spaced; half as many test points lie between them.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(4..=100_000))]
    points: u32,

    /// Draws, of which the median counts. The published medians are of five, and such a one varies by a factor of three.
    #[arg(long, value_name = "K", default_value_t = 41, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,

    /// The first draw's seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    /// Singular values up to this share of the largest are dropped [default: 4.4e-16 times the number of points, which comes nearest to the published figures].
    #[arg(long, value_name = "SHARE")]
    tolerance: Option<f64>,

    /// Writes the figures as JSON; - is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The published table: target sin(kπx), and the RMSE for each of [`LIMITS`].
const PUBLISHED: [(u32, [f64; 8]); 3] = [
    (2, [4e-3, 6e-6, 6e-11, 1e-11, 7e-10, 1e-6, 9e-4, 2e-2]),
    (10, [0.67, 0.59, 5e-4, 2.5e-7, 1e-6, 4.5e-4, 2.5e-2, 0.11]),
    (40, [0.70, 0.70, 0.69, 0.68, 1.6e-2, 0.11, 0.28, 0.49]),
];
const LIMITS: [f64; 8] = [0.1, 1.0, 5.0, 10.0, 50.0, 100.0, 200.0, 500.0];

#[derive(Debug, Serialize)]
struct Report {
    units: u32,
    training_points: u32,
    test_points: u32,
    seeds: Vec<u64>,
    tolerance: f64,
    tikhonov: f64,
    /// The smallest and the largest ratio over the cells whose published error is above 1e-10.
    truncated_ratios: [f64; 2],
    orthogonal_ratios: [f64; 2],
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    target: String,
    limit: f64,
    published: f64,
    /// By singular values, as published.
    truncated: Fit,
    /// By our least squares.
    orthogonal: Fit,
}

#[derive(Debug, Serialize)]
struct Fit {
    /// Root mean square of the error at the test points: median over the seeds.
    rmse: f64,
    /// `rmse` over the published one.
    ratio: f64,
    rmses: Vec<f64>,
}

impl Bandlimited {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        let tolerance = self.tolerance.unwrap_or(2.0 * f64::EPSILON * f64::from(self.points.max(self.units)));
        if !(0.0..1.0).contains(&tolerance) {
            return Err(Failure::usage(format!("--tolerance {tolerance}: it must be from 0 to 1")));
        }
        let report = self.measure(tolerance)?;
        if let Some(path) = &self.json {
            output::json(path, &report)?;
        }
        if !output::is_stdout(self.json.as_deref()) {
            output::print(&text(&report))?;
        }
        Ok(Exit::Success)
    }

    fn measure(&self, tolerance: f64) -> Result<Report, Error> {
        let seeds: Vec<u64> = (0..self.seeds).map(|draw| self.seed.wrapping_add(draw)).collect();
        let mut cells = Vec::new();
        for (i, &limit) in LIMITS.iter().enumerate() {
            output::note(&format!("L = {limit}"));
            // Per seed: the errors of every target.
            let fits = seeds.iter().map(|&seed| self.fit(limit, seed, tolerance));
            let fits = fits.collect::<Result<Vec<_>, Error>>()?;
            for (target, (k, published)) in PUBLISHED.iter().enumerate() {
                let fit = |method: usize| {
                    let rmses: Vec<f64> = fits.iter().map(|fit| fit[method][target]).collect();
                    let rmse = median(rmses.clone());
                    Fit { rmse, ratio: rmse / published[i], rmses }
                };
                cells.push(Cell {
                    target: format!("sin {k}πx"),
                    limit,
                    published: published[i],
                    truncated: fit(0),
                    orthogonal: fit(1),
                });
            }
        }
        // Target after target, as published.
        cells.sort_by_key(|cell| PUBLISHED.iter().position(|(k, _)| cell.target == format!("sin {k}πx")));
        let ratios = |of: fn(&Cell) -> &Fit| {
            let above = cells.iter().filter(|cell| cell.published > 1e-10).map(|cell| of(cell).ratio);
            above.fold([f64::INFINITY, 0.0], |[least, most], ratio| [least.min(ratio), most.max(ratio)])
        };
        Ok(Report {
            units: self.units,
            training_points: self.points,
            test_points: self.points / 2,
            tolerance,
            tikhonov: LeastSquares::tikhonov_for::<f64>(),
            truncated_ratios: ratios(|cell| &cell.truncated),
            orthogonal_ratios: ratios(|cell| &cell.orthogonal),
            seeds,
            cells,
        })
    }

    /// The test errors of every target: by singular values, and by our least squares.
    fn fit(&self, limit: f64, seed: u64, tolerance: f64) -> Result<[Vec<f64>; 2], Error> {
        let draw = Draw {
            activation: Activation::Sigmoid,
            count: self.units as usize,
            seed,
            weights: Weights::Uniform(vec![limit]),
            biases: Biases::Uniform(limit),
            periods: Vec::new(),
        };
        let features = draw.features()?;
        let (train, test) = (self.points as usize, self.points as usize / 2);
        let at: Vec<f64> = (0..train).map(|i| i as f64 / (train - 1) as f64).collect();
        let between: Vec<f64> = (0..test).map(|i| (i as f64 + 0.5) / test as f64).collect();
        let values =
            |at: &[f64], k: u32| -> Vec<f64> { at.iter().map(|x| (f64::from(k) * PI * x).sin()).collect() };
        let a = columns(&features, &at);
        let targets: Vec<Vec<f64>> = PUBLISHED.iter().map(|&(k, _)| values(&at, k)).collect();

        let gpu = Gpu::cpu();
        let matrix = Matrix::upload(&gpu, "units", train, features.len(), &a)?;
        let rhs = Matrix::upload(&gpu, "targets", train, targets.len(), &targets.concat())?;
        let solutions = [
            truncated(train, features.len(), &a, &targets, tolerance).unwrap_or_default(),
            LeastSquares::default().solve(&gpu, &matrix, &rhs)?.x,
        ];

        let tested = columns(&features, &between);
        let rmse = |(c, &(k, _)): (&Vec<f64>, &(u32, [f64; 8]))| {
            let mut errors: Vec<f64> = values(&between, k).iter().map(|value| -value).collect();
            for (column, c) in tested.chunks(test).zip(c) {
                errors.iter_mut().zip(column).for_each(|(error, a)| *error += a * c);
            }
            (errors.iter().map(|error| error * error).sum::<f64>() / test as f64).sqrt()
        };
        // Without a solution: NaN.
        Ok(solutions.map(|x| {
            let mut rmses: Vec<f64> = x.iter().zip(&PUBLISHED).map(rmse).collect();
            rmses.resize(PUBLISHED.len(), f64::NAN);
            rmses
        }))
    }
}

/// The features at some points, column after column.
fn columns(features: &RandomFeatures, points: &[f64]) -> Vec<f64> {
    let (rows, n) = (points.len(), features.len());
    let mut entries = vec![0.0; rows * n];
    let mut row = vec![0.0; n];
    for (i, &x) in points.iter().enumerate() {
        features.jets(&[x], &[MultiIndex::VALUE], &mut row);
        row.iter().enumerate().for_each(|(j, &value)| entries[j * rows + i] = value);
    }
    entries
}

fn text(report: &Report) -> String {
    let row = |cell: &Cell| {
        vec![
            cell.target.clone(),
            cell.limit.to_string(),
            format!("{:.1e}", cell.published),
            format!("{:.1e}", cell.truncated.rmse),
            format!("{:.2}", cell.truncated.ratio),
            format!("{:.1e}", cell.orthogonal.rmse),
            format!("{:.1e}", cell.orthogonal.ratio),
        ]
    };
    let rows: Vec<Vec<String>> = report.cells.iter().map(row).collect();
    format!(
        "{} sigmoid units, a and b uniform on [-L, L], {} training and {} test points, f64, RMSE, median of {} seeds from {}\n\
         svd: singular values up to {:.1e} of the largest dropped, as published; qr: Householder with λ = {:.0e}\n\n{}\n\
         over the published figure, in cells above 1e-10: svd {:.2} to {:.2}, qr {:.0e} to {:.2}\n",
        report.units,
        report.training_points,
        report.test_points,
        report.seeds.len(),
        report.seeds[0],
        report.tolerance,
        report.tikhonov,
        table(&["target", "L", "published", "svd", "ratio", "qr", "ratio"], &rows),
        report.truncated_ratios[0],
        report.truncated_ratios[1],
        report.orthogonal_ratios[0],
        report.orthogonal_ratios[1],
    )
}
