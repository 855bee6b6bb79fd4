//! Least squares on every device, in every place: against exact solutions and against f64 on the host.

#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;

use ansatz_gpu::{Gpu, Real};
use ansatz_linalg::least_squares::device::{Factorisation, PANEL};
use ansatz_linalg::{LeastSquares, LeastSquaresReason, LeastSquaresSolution, Matrix, Place};
use ansatz_tests::{assert_close, each, integers, noise, runs, say};

const ON_DEVICE: [Place; 2] = [Place::Mixed, Place::Device];

fn upload<T: Real>(gpu: &Gpu, rows: usize, columns: usize, entries: &[f64]) -> Matrix<T> {
    let entries: Vec<T> = entries.iter().copied().map(T::from_f64).collect();
    Matrix::upload(gpu, "matrix", rows, columns, &entries).unwrap()
}

/// `a` has `columns` columns of `rows` entries, `b` any number of such.
fn solve<T: Real>(
    gpu: &Gpu,
    place: Place,
    tikhonov: Option<f64>,
    shape: (usize, usize),
    a: &[f64],
    b: &[f64],
) -> LeastSquaresSolution {
    let (rows, columns) = shape;
    let (a, b) = (upload::<T>(gpu, rows, columns, a), upload(gpu, rows, b.len() / rows.max(1), b));
    LeastSquares { tikhonov, place }.solve(gpu, &a, &b).unwrap()
}

macro_rules! in_both {
    ($test:ident, $gpu:expr) => {
        $test::<f32>($gpu);
        if runs::<f64>($gpu) {
            $test::<f64>($gpu);
        }
    };
}

#[test]
fn the_solution_is_that_of_f64_on_the_host() {
    fn check<T: Real>(gpu: &Gpu) {
        // Around a panel's 32 columns and a vec4 of rows, and past a workgroup's rows.
        for (rows, columns) in [(1, 1), (5, 3), (33, 32), (67, 33), (131, 64), (301, 70), (1030, 97)] {
            let a: Vec<f64> = noise::<f32>(rows * columns, 1).iter().map(|x| x.widen()).collect();
            let b: Vec<f64> = noise::<f32>(2 * rows, 2).iter().map(|x| x.widen()).collect();
            let shape = (rows, columns);
            let expected = solve::<f64>(&Gpu::cpu(), Place::Host, Some(0.0), shape, &a, &b);
            assert!(expected.solved(), "{expected:?}");
            for place in ON_DEVICE {
                let found = solve::<T>(gpu, place, Some(0.0), shape, &a, &b);
                assert!(found.solved(), "{rows}×{columns} {place:?}: {found:?}");
                assert_eq!((found.rank, found.x.len()), (columns, 2));
                // Björck 1.4: the condition and its square times the residual, of an error of some roundings per row.
                let roundings = 8.0 * T::epsilon().widen() * (rows as f64).sqrt();
                for ((found, expected), norm) in found.x.iter().zip(&expected.x).zip(&expected.residual_norms)
                {
                    let size = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
                    let condition = expected_condition(&a, rows);
                    let tolerance = roundings * condition * (size + condition * norm);
                    assert_close(found, expected, |_| tolerance);
                }
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// Of noise between −1 and 1: its singular values lie between √(rows/3) (1 ± √(columns/rows)), or somewhat below.
fn expected_condition(a: &[f64], rows: usize) -> f64 {
    let ratio = ((a.len() / rows) as f64 / rows as f64).sqrt();
    ((1.0 + ratio) / (1.0 - ratio).max(0.02)).max(2.0)
}

/// Reflections have fixed signs, so that R is unique; and the same whether the matrix lies in one slab or in several.
#[test]
fn triangles_agree_with_the_twin_in_slabs_of_any_width() {
    fn triangle<T: Real>(gpu: &Gpu, slab: usize, tall: usize, columns: usize) -> Vec<f64> {
        let rows = tall + columns - 2;
        let work = Matrix::<T>::in_slabs(gpu, "work", rows, columns, slab).unwrap();
        let mut entries = noise::<T>(work.stride() * columns, 3);
        for (j, column) in entries.chunks_mut(work.stride()).enumerate() {
            column[tall..].fill(T::zero());
            if tall + j < rows {
                column[tall + j] = T::from_f64(0.1);
            }
        }
        for (slab, columns) in work.slabs() {
            let stride = work.stride();
            gpu.write(slab, 0, &entries[columns.start * stride..columns.end * stride]).unwrap();
        }
        let diagonal = gpu.buffer("diagonal", columns).unwrap();
        Factorisation { work: &work, reflections: columns - 2, tall, diagonal: &diagonal }.run(gpu).unwrap();
        let entries = work.read(gpu).unwrap();
        let diagonal = gpu.read(&diagonal).unwrap();
        (0..columns)
            .flat_map(|j| {
                entries[j * rows..][..(j + 1).min(columns - 2)].iter().map(|r| r.widen()).collect::<Vec<_>>()
            })
            .chain(diagonal[..columns - 2].iter().map(|r| r.widen()))
            .collect()
    }
    fn check<T: Real>(gpu: &Gpu) {
        for (tall, columns) in [(40, 3), (200, 67), (555, 131)] {
            let expected = triangle::<f64>(&Gpu::cpu(), usize::MAX, tall, columns);
            // Columns of length √(tall/3), a reflection per column.
            let tolerance = 8.0 * T::epsilon().widen() * (tall * columns) as f64 / 3f64.sqrt();
            let whole = triangle::<T>(gpu, usize::MAX, tall, columns);
            let wide: Vec<T> = whole.iter().copied().map(T::from_f64).collect();
            assert_close(&wide, &expected, |_| tolerance.min(0.02));
            assert_eq!(triangle::<T>(gpu, 2 * PANEL, tall, columns), whole, "slabs of 64 columns");
        }
    }
    each(|gpu| {
        // The noise of f64 is that of f32 only where it is rounded to f32.
        check::<f32>(gpu);
        if runs::<f64>(gpu) {
            check::<f64>(gpu);
        }
    });
}

#[test]
fn integers_come_back() {
    fn check<T: Real>(gpu: &Gpu) {
        let (rows, columns) = (150, 41);
        let a: Vec<f64> = integers::<f64>(rows * columns, 4);
        let x: Vec<f64> = integers::<f64>(columns, 5);
        let b: Vec<f64> = (0..rows).map(|i| (0..columns).map(|j| a[j * rows + i] * x[j]).sum()).collect();
        for place in ON_DEVICE {
            for tikhonov in [Some(0.0), None] {
                let found = solve::<T>(gpu, place, tikhonov, (rows, columns), &a, &b);
                assert!(found.solved() && found.rank == columns, "{found:?}");
                assert_close(&found.x[0], &x, |_| 1000.0 * T::epsilon().widen());
                assert!(found.residual_norms[0] < 1e4 * T::epsilon().widen(), "{found:?}");
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn what_has_no_solution_says_why() {
    fn check<T: Real>(gpu: &Gpu) {
        let (rows, columns) = (77, 36);
        let plain: Vec<f64> = noise::<f64>(rows * columns, 6);
        let b: Vec<f64> = noise::<f64>(rows, 7);
        let max = T::max_value().widen();
        for place in ON_DEVICE {
            let reason = |tikhonov, change: &dyn Fn(&mut Vec<f64>, &mut Vec<f64>)| {
                let (mut a, mut b) = (plain.clone(), b.clone());
                change(&mut a, &mut b);
                let found = solve::<T>(gpu, place, tikhonov, (rows, columns), &a, &b);
                assert_eq!(found.x.is_empty(), !found.solved());
                found.reason
            };
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let found = reason(None, &|a, _| a[5 * rows + 76] = value);
                assert_eq!(found, LeastSquaresReason::NonFiniteMatrix { row: 76, column: 5 });
                let found = reason(None, &|_, b| b[3] = value);
                assert_eq!(found, LeastSquaresReason::NonFiniteRhs { row: 3, column: 0 });
            }
            let zero = |a: &mut Vec<f64>, _: &mut Vec<f64>| a[34 * rows..35 * rows].fill(0.0);
            let twice = |a: &mut Vec<f64>, _: &mut Vec<f64>| a.copy_within(2 * rows..3 * rows, 33 * rows);
            let found = reason(Some(0.0), &zero);
            assert_eq!(found, LeastSquaresReason::RankDeficient { rank: 35, column: 34 });
            let found = reason(Some(0.0), &twice);
            assert_eq!(found, LeastSquaresReason::RankDeficient { rank: 35, column: 33 });
            for change in [&zero as &dyn Fn(&mut Vec<f64>, &mut Vec<f64>), &twice] {
                assert_eq!(reason(None, change), LeastSquaresReason::Solved);
            }
            assert_eq!(reason(None, &|a, _| a[0] = max), LeastSquaresReason::Solved);

            let wide = (columns, rows);
            let found = solve::<T>(gpu, place, Some(0.0), wide, &plain, &b[..columns]);
            assert_eq!(found.reason, LeastSquaresReason::TooFewRows { rows: 36, columns: 77 });
            let found = solve::<T>(gpu, place, None, wide, &plain, &b[..columns]);
            assert!(found.solved() && found.residual_norms[0] < 1e3 * found.tikhonov, "{found:?}");
            for empty in [(0, 3), (3, 0), (0, 0)] {
                let found = solve::<T>(gpu, place, None, empty, &[], &b[..empty.0]);
                assert!(found.solved() && found.rank == 0, "{empty:?}: {found:?}");
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn columns_of_any_size_are_scaled() {
    each(|gpu| {
        let (rows, columns) = (90, 40);
        let plain: Vec<f64> = noise::<f32>(rows * columns, 8).iter().map(|x| x.widen()).collect();
        let b: Vec<f64> = noise::<f32>(rows, 9).iter().map(|x| x.widen()).collect();
        let exponent = |j: usize| 11 * (j as i32 % 19 - 9);
        let a: Vec<f64> = plain.iter().enumerate().map(|(i, x)| x * 2f64.powi(exponent(i / rows))).collect();
        for place in ON_DEVICE {
            let expected = solve::<f32>(gpu, place, None, (rows, columns), &plain, &b);
            let found = solve::<f32>(gpu, place, None, (rows, columns), &a, &b);
            // Powers of two change no digit.
            for (j, (found, expected)) in found.x[0].iter().zip(&expected.x[0]).enumerate() {
                assert_eq!(found * 2f64.powi(exponent(j)), *expected);
            }
        }
    });
}

/// u_xx + u_yy + u = q on [−1, 1]², u = sin(4πx) sin(πy), by `features` sines of frequencies N(0, 10²).
struct Helmholtz {
    frequencies: Vec<[f64; 3]>,
    matrix: Vec<f64>,
    rhs: Vec<f64>,
}

impl Helmholtz {
    const BOUNDARY_WEIGHT: f64 = 100.0;

    fn new(features: usize, inside: usize, boundary: usize, seed: u64) -> Self {
        let uniform = noise::<f64>(6 * features + 2 * inside + boundary, seed);
        let (draws, points) = uniform.split_at(6 * features);
        // Sums of uniform numbers for the frequencies, near enough to a normal distribution of deviation 10.
        let frequencies: Vec<[f64; 3]> = draws
            .chunks(6)
            .map(|d| {
                let normal = |d: &[f64]| 10.0 * (d[0] + d[1] + 0.5 * d[2]) * 1.15;
                [normal(&d[0..3]), normal(&d[2..5]), PI * d[5]]
            })
            .collect();
        let inside = points[..2 * inside].chunks(2).map(|p| (p[0], p[1], true));
        let boundary = points[inside.len() * 2..].iter().enumerate().map(|(i, &t)| match i % 4 {
            0 => (t, -1.0, false),
            1 => (t, 1.0, false),
            2 => (-1.0, t, false),
            _ => (1.0, t, false),
        });
        let points: Vec<(f64, f64, bool)> = inside.chain(boundary).collect();
        let mut matrix = Vec::with_capacity(features * points.len());
        for [wx, wy, phase] in &frequencies {
            matrix.extend(points.iter().map(|&(x, y, inside)| {
                let value = (wx * x + wy * y + phase).sin();
                value * if inside { 1.0 - wx * wx - wy * wy } else { Self::BOUNDARY_WEIGHT }
            }));
        }
        let rhs = points
            .iter()
            .map(|&(x, y, inside)| if inside { (1.0 - 17.0 * PI * PI) * exact(x, y) } else { 0.0 });
        Self { rhs: rhs.collect(), frequencies, matrix }
    }

    fn error(&self, x: &[f64]) -> f64 {
        const N: usize = 60;
        let (mut error, mut size) = (0.0, 0.0);
        for i in 0..N * N {
            let at = |k: usize| 2.0 * (k as f64) / (N - 1) as f64 - 1.0;
            let (px, py) = (at(i % N), at(i / N));
            let u: f64 = self
                .frequencies
                .iter()
                .zip(x)
                .map(|([wx, wy, phase], c)| c * (wx * px + wy * py + phase).sin())
                .sum();
            error += (u - exact(px, py)).powi(2);
            size += exact(px, py).powi(2);
        }
        (error / size).sqrt()
    }

    fn solve<T: Real>(&self, gpu: &Gpu, place: Place, tikhonov: Option<f64>) -> (f64, LeastSquaresSolution) {
        let shape = (self.rhs.len(), self.frequencies.len());
        let found = solve::<T>(gpu, place, tikhonov, shape, &self.matrix, &self.rhs);
        assert!(found.solved());
        (self.error(&found.x[0]), found)
    }
}

fn exact(x: f64, y: f64) -> f64 {
    (4.0 * PI * x).sin() * (PI * y).sin()
}

/// Random features are numerically dependent: half of the singular values are rounding, and the error must not care.
#[test]
fn random_features_solve_helmholtz() {
    let problem = Helmholtz::new(500, 1500, 400, 1);
    let (best, _) = problem.solve::<f64>(&Gpu::cpu(), Place::Host, None);
    say(&format!("f64 on the host: {best:.1e}"));
    each(|gpu| {
        for place in ON_DEVICE {
            let (error, found) = problem.solve::<f32>(gpu, place, None);
            say(&format!("{}: {error:.1e}, rank {} in {:.2} s", found.tier, found.rank, found.seconds));
            assert!(error < 5e-5, "{place:?}: {error:e}");
        }
    });
}

/// Figures for the report.
#[test]
#[ignore = "takes minutes"]
fn helmholtz_at_full_size() {
    for seed in 1..=3 {
        let problem = Helmholtz::new(1500, 6000, 1600, seed);
        let cpu = Gpu::cpu();
        for lambda in [1e-12, 1e-13, 1e-14, 1e-15] {
            let (error, found) = problem.solve::<f64>(&cpu, Place::Host, Some(lambda));
            say(&format!("{}, λ = {lambda:e}: {error:.1e} in {:.2} s", found.tier, found.seconds));
        }
        for lambda in [1e-5, 1e-6, 1e-7] {
            each(|gpu| {
                let places = if gpu.is_cpu() { [Place::Host; 2] } else { ON_DEVICE };
                for place in places {
                    let (error, found) = problem.solve::<f32>(gpu, place, Some(lambda));
                    say(&format!("{}, λ = {lambda:e}: {error:.1e} in {:.2} s", found.tier, found.seconds));
                }
            });
        }
    }
}
