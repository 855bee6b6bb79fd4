//! `ansatz bench bandlimited`: what weights from a bounded set can approximate (Li et al., ICML 2023, arXiv 2008.08427).

use std::f64::consts::PI;
use std::path::PathBuf;

use ansatz::features::{Features, MultiIndex};
use ansatz::linalg::least_squares::truncated;
use ansatz::linalg::{LeastSquares, Matrix};
use ansatz::random_features::{Activation, Biases, Draw, RandomFeatures, Weights};
use ansatz::{Error, Gpu, median};
use clap::Args;
use serde::Serialize;

use super::published_draws::{self, DRAWS};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::table;

/// Sigmoid units with weights and biases uniform on [-L, L], fitted to sin(kπx) on [0, 1] by least squares in f64: with the
/// draws behind the published table, and with others.
#[derive(Debug, Args)]
pub struct Bandlimited {
    /// Units.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=4000))]
    units: u32,

    /// Training points, evenly spaced; half as many test points lie between them.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(4..=100_000))]
    points: u32,

    /// Draws besides the five published ones; they show how far a median of five is left to chance.
    #[arg(long, value_name = "K", default_value_t = 41, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,

    /// The seed of the first of these.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    /// Singular values up to this share of the largest are dropped; the default is the published one.
    #[arg(long, value_name = "SHARE", default_value_t = 1e-12)]
    tolerance: f64,

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
    /// How many published draws there are.
    draws: usize,
    /// Of the other draws.
    seeds: Vec<u64>,
    tolerance: f64,
    tikhonov: f64,
    /// The smallest and the largest ratio over the cells whose published error is above 1e-10.
    truncated_ratios: [f64; 2],
    other_ratios: [f64; 2],
    orthogonal_ratios: [f64; 2],
    /// Whether `truncated_ratios` are from 1/3 to 3.
    within_factor_3: bool,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    target: String,
    limit: f64,
    published: f64,
    /// By singular values, as published, for the published draws.
    truncated: Fit,
    /// By singular values, for the other draws.
    others: Fit,
    /// By our least squares, for the published draws.
    orthogonal: Fit,
}

#[derive(Debug, Serialize)]
struct Fit {
    /// Root mean square of the error at the test points: median over the draws.
    rmse: f64,
    /// `rmse` over the published one.
    ratio: f64,
    rmses: Vec<f64>,
}

impl Bandlimited {
    /// Runs the subcommand.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::check_json(self.json.as_deref())?;
        if !(0.0..1.0).contains(&self.tolerance) {
            return Err(Failure::usage(format!("--tolerance {}: it must be from 0 to 1", self.tolerance)));
        }
        let report = self.measure()?;
        super::show(self.json.as_deref(), &report, text)
    }

    fn measure(&self) -> Result<Report, Error> {
        let seeds: Vec<u64> = (0..self.seeds).map(|draw| self.seed.wrapping_add(draw)).collect();
        let mut cells = Vec::new();
        for (i, &limit) in LIMITS.iter().enumerate() {
            output::note(&format!("L = {limit}"));
            let published: Vec<Units> = DRAWS
                .into_iter()
                .map(|draw| self.at_points(&published_draws::features(draw, self.units as usize, limit)?))
                .collect::<Result<_, Error>>()?;
            let others: Vec<Units> = seeds
                .iter()
                .map(|&seed| self.at_points(&self.draw(limit, seed).features()?))
                .collect::<Result<_, Error>>()?;
            // Per draw: the errors of every target.
            let truncated: Vec<_> = published.iter().map(|units| units.truncated(self.tolerance)).collect();
            let of_others: Vec<_> = others.iter().map(|units| units.truncated(self.tolerance)).collect();
            let orthogonal = published.iter().map(Units::orthogonal).collect::<Result<Vec<_>, Error>>()?;
            for (target, (k, published)) in PUBLISHED.iter().enumerate() {
                let fit = |errors: &[Errors]| {
                    let rmses: Vec<f64> = errors.iter().map(|errors| errors[target]).collect();
                    let rmse = median(rmses.clone());
                    Fit { rmse, ratio: rmse / published[i], rmses }
                };
                cells.push(Cell {
                    target: format!("sin {k}πx"),
                    limit,
                    published: published[i],
                    truncated: fit(&truncated),
                    others: fit(&of_others),
                    orthogonal: fit(&orthogonal),
                });
            }
        }
        // Target after target, as published.
        cells.sort_by_key(|cell| PUBLISHED.iter().position(|(k, _)| cell.target == format!("sin {k}πx")));
        let ratios = |of: fn(&Cell) -> &Fit| {
            let above = cells.iter().filter(|cell| cell.published > 1e-10).map(|cell| of(cell).ratio);
            above.fold([f64::INFINITY, 0.0], |[least, most], ratio| [ratio.min(least), ratio.max(most)])
        };
        let truncated_ratios = ratios(|cell| &cell.truncated);
        Ok(Report {
            units: self.units,
            training_points: self.points,
            test_points: self.points / 2,
            draws: DRAWS.len(),
            tolerance: self.tolerance,
            tikhonov: LeastSquares::tikhonov_for::<f64>(),
            truncated_ratios,
            other_ratios: ratios(|cell| &cell.others),
            orthogonal_ratios: ratios(|cell| &cell.orthogonal),
            within_factor_3: truncated_ratios.iter().all(|ratio| (1.0 / 3.0..=3.0).contains(ratio)),
            seeds,
            cells,
        })
    }

    fn draw(&self, limit: f64, seed: u64) -> Draw {
        Draw {
            activation: Activation::Sigmoid,
            count: self.units as usize,
            seed,
            weights: Weights::Uniform(vec![limit]),
            biases: Biases::Uniform(limit),
            periods: Vec::new(),
        }
    }

    fn at_points(&self, features: &RandomFeatures) -> Result<Units, Error> {
        let (train, test) = (self.points as usize, self.points as usize / 2);
        let at: Vec<f64> = (0..train).map(|i| i as f64 / (train - 1) as f64).collect();
        let between: Vec<f64> = (0..test).map(|i| (i as f64 + 0.5) / test as f64).collect();
        let targets = |at: &[f64]| {
            let values = |k: u32| at.iter().map(|x| (f64::from(k) * PI * x).sin()).collect();
            PUBLISHED.iter().map(|&(k, _)| values(k)).collect()
        };
        Ok(Units {
            train: columns(features, &at),
            targets: targets(&at),
            test: columns(features, &between),
            expected: targets(&between),
        })
    }
}

/// The units of a draw and the targets, at the points.
struct Units {
    /// Column after column.
    train: Vec<f64>,
    targets: Vec<Vec<f64>>,
    test: Vec<f64>,
    expected: Vec<Vec<f64>>,
}

/// The root mean squares of the errors at the test points, for each target.
type Errors = [f64; PUBLISHED.len()];

impl Units {
    fn truncated(&self, tolerance: f64) -> Errors {
        let rows = self.targets[0].len();
        let x = truncated(rows, self.train.len() / rows, &self.train, &self.targets, tolerance);
        self.errors(&x.unwrap_or_default())
    }

    fn orthogonal(&self) -> Result<Errors, Error> {
        let (gpu, rows) = (Gpu::cpu(), self.targets[0].len());
        let matrix = Matrix::upload(&gpu, "units", rows, self.train.len() / rows, &self.train)?;
        let rhs = Matrix::upload(&gpu, "targets", rows, self.targets.len(), &self.targets.concat())?;
        Ok(self.errors(&LeastSquares::default().solve(&gpu, &matrix, &rhs)?.x))
    }

    /// Of the coefficients for each target; NaN where there are none.
    fn errors(&self, solutions: &[Vec<f64>]) -> Errors {
        let mut found = [f64::NAN; PUBLISHED.len()];
        for ((found, c), expected) in found.iter_mut().zip(solutions).zip(&self.expected) {
            let mut errors: Vec<f64> = expected.iter().map(|value| -value).collect();
            for (column, c) in self.test.chunks(expected.len()).zip(c) {
                errors.iter_mut().zip(column).for_each(|(error, a)| *error += a * c);
            }
            *found = (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt();
        }
        found
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
        let spread = |pick: fn(f64, f64) -> f64| cell.truncated.rmses.iter().copied().fold(f64::NAN, pick);
        vec![
            cell.target.clone(),
            cell.limit.to_string(),
            format!("{:.1e}", cell.published),
            format!("{:.1e}", cell.truncated.rmse),
            format!("{:.2}", cell.truncated.ratio),
            format!("{:.1e} to {:.1e}", spread(f64::min), spread(f64::max)),
            format!("{:.1e}", cell.others.rmse),
            format!("{:.2}", cell.others.ratio),
            format!("{:.1e}", cell.orthogonal.rmse),
            format!("{:.1e}", cell.orthogonal.ratio),
        ]
    };
    let rows: Vec<Vec<String>> = report.cells.iter().map(row).collect();
    let titles =
        ["target", "L", "published", "svd", "ratio", "of all draws", "others", "ratio", "qr", "ratio"];
    format!(
        "{} sigmoid units, a and b uniform on [-L, L], {} training and {} test points, f64; RMSE\n\
         svd: singular values up to {:.1e} of the largest dropped, median of the {} published draws, and their spread\n\
         others: the same, median of {} other draws (seeds from {})\n\
         qr: Householder with λ = {:.0e}, median of the published draws\n\n{}\n\
         over the published figure, in cells above 1e-10: svd {:.2} to {:.2}, others {:.2} to {:.2}, qr {:.0e} to {:.2}\n\
         svd within a factor 3 in every cell above 1e-10: {}\n",
        report.units,
        report.training_points,
        report.test_points,
        report.tolerance,
        report.draws,
        report.seeds.len(),
        report.seeds[0],
        report.tikhonov,
        table(&titles, &rows),
        report.truncated_ratios[0],
        report.truncated_ratios[1],
        report.other_ratios[0],
        report.other_ratios[1],
        report.orthogonal_ratios[0],
        report.orthogonal_ratios[1],
        if report.within_factor_3 { "yes" } else { "no" },
    )
}
