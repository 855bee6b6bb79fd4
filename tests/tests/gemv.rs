//! Products of a matrix and a vector, and the squared norms of columns, against the definition.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_linalg::{ColumnSquares, Gemv, Matrix, View};
use ansatz_tests::{assert_close, each, integers, noise, runs};

/// Rows and columns: nothing, less and more than four, a workgroup, a round of its loop.
const SHAPES: [[usize; 2]; 8] = [[0, 0], [0, 3], [3, 0], [1, 1], [5, 4], [63, 65], [130, 17], [1027, 259]];

fn gemv<T: Real>(
    gpu: &Gpu,
    a: &View<'_, T>,
    transpose: bool,
    x: &[T],
    (alpha, beta): (f64, f64),
    y: &[T],
) -> Vec<T> {
    let old = if beta == 0.0 { vec![T::nan(); y.len()] } else { y.to_vec() };
    let (x, y) = (gpu.upload("x", x).unwrap(), gpu.upload("y", &old).unwrap());
    let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
    let mut plan = Plan::new(gpu, "gemv");
    Gemv { alpha, a: a.clone(), transpose, x: &x, beta, y: &y }.record(&mut plan).unwrap();
    plan.run().unwrap();
    gpu.read(&y).unwrap()
}

fn squares<T: Real>(gpu: &Gpu, a: &View<'_, T>) -> Vec<T> {
    let results = gpu.upload("results", &vec![T::nan(); a.columns()]).unwrap();
    let mut plan = Plan::new(gpu, "squares");
    ColumnSquares { a: a.clone(), results: &results }.record(&mut plan).unwrap();
    plan.run().unwrap();
    gpu.read(&results).unwrap()
}

/// α op(A) x + β y, and the sum of the absolute values of its terms; `a(row, column)`.
fn oracle<T: Real>(
    [m, n]: [usize; 2],
    a: impl Fn(usize, usize) -> f64,
    transpose: bool,
    x: &[T],
    (alpha, beta): (f64, f64),
    y: &[T],
) -> Vec<(f64, f64)> {
    let (of_y, of_x) = if transpose { (n, m) } else { (m, n) };
    let entry = |i: usize| {
        let old = beta * y[i].widen();
        let terms = (0..of_x).map(|j| alpha * x[j].widen() * if transpose { a(j, i) } else { a(i, j) });
        terms.fold((old, old.abs()), |(sum, size), term| (sum + term, size + term.abs()))
    };
    (0..of_y).map(entry).collect()
}

/// `f32` and `f64`, where `gpu` has it.
macro_rules! in_both {
    ($test:ident, $gpu:expr) => {
        $test::<f32>($gpu);
        if runs::<f64>($gpu) {
            $test::<f64>($gpu);
        }
    };
}

#[test]
fn products_agree_with_the_definition() {
    fn check<T: Real>(gpu: &Gpu) {
        for [m, n] in SHAPES {
            for transpose in [false, true] {
                let (of_y, of_x) = if transpose { (n, m) } else { (m, n) };
                for scalars in [(1.0, 0.0), (0.5, -0.25)] {
                    let (entries, x, y) = (noise::<T>(m * n, 1), noise(of_x, 2), noise(of_y, 3));
                    let a = Matrix::upload(gpu, "A", m, n, &entries).unwrap();
                    let found = gemv(gpu, &a.all(), transpose, &x, scalars, &y);
                    let at = |row: usize, column: usize| entries[column * m + row].widen();
                    let (expected, sizes): (Vec<_>, Vec<_>) =
                        oracle([m, n], at, transpose, &x, scalars, &y).into_iter().unzip();
                    // Each term is rounded in its product, with every later sum, and with α, β and their sum.
                    let roundings = (of_x + 4) as f64 * T::epsilon().widen() / 2.0;
                    assert_close(&found, &expected, |i| roundings * sizes[i]);
                }
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// Small integers, so that every sum is exact: what lies around the view is NaN and must not leak in.
#[test]
fn views_and_slabs_are_exact() {
    fn check<T: Real>(gpu: &Gpu) {
        let ([rows, columns], [m, n]) = ([70, 200], [57, 190]);
        let (top, left) = (8, 5);
        let inside = integers::<T>(m * n, 4);
        let matrix = Matrix::<T>::in_slabs(gpu, "A", rows, columns, 64).unwrap();
        let at = |row: usize, column: usize| inside[column * m + row];
        for (slab, of_slab) in matrix.slabs() {
            let entry = |column: usize, row: usize| match (row.checked_sub(top), column.checked_sub(left)) {
                _ if row >= rows => T::zero(),
                (Some(row), Some(column)) if row < m && column < n => at(row, column),
                _ => T::nan(),
            };
            let stride = matrix.stride();
            let padded: Vec<T> =
                of_slab.flat_map(|column| (0..stride).map(move |row| entry(column, row))).collect();
            gpu.write(slab, 0, &padded).unwrap();
        }
        let view = matrix.view(top..top + m, left..left + n).unwrap();
        for transpose in [false, true] {
            let (of_y, of_x) = if transpose { (n, m) } else { (m, n) };
            let (x, y) = (integers::<T>(of_x, 5), integers::<T>(of_y, 6));
            let found = gemv(gpu, &view, transpose, &x, (2.0, 1.0), &y);
            let expected = oracle([m, n], |i, j| at(i, j).widen(), transpose, &x, (2.0, 1.0), &y);
            assert!(found.iter().zip(expected).all(|(found, (expected, _))| found.widen() == expected));
        }
        let sum = |column: &[T]| column.iter().map(|&a| a * a).sum::<T>();
        assert_eq!(squares(gpu, &view), inside.chunks(m).map(sum).collect::<Vec<T>>());
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// More workgroups than one dimension of a dispatch holds.
#[test]
fn long_and_wide_matrices_are_covered() {
    each(|gpu| {
        let n = 4 * 65_535 + 5;
        let entries = integers::<f32>(2 * n, 7);
        let a = Matrix::upload(gpu, "A", 2, n, &entries).unwrap();
        let expected: Vec<f32> = entries.chunks(2).map(|column| column[0] + 2.0 * column[1]).collect();
        assert_eq!(gemv(gpu, &a.all(), true, &[1.0, 2.0], (1.0, 0.0), &vec![0.0; n]), expected);
        let x = integers::<f32>(n, 8);
        let row = |i: usize| entries.chunks(2).zip(&x).map(|(column, x)| column[i] * x).sum::<f32>();
        assert_eq!(gemv(gpu, &a.all(), false, &x, (1.0, 0.0), &[0.0; 2]), [row(0), row(1)]);
    });
}

#[test]
fn lengths_must_agree() {
    each(|gpu| {
        let a = Matrix::<f32>::zeros(gpu, "A", 5, 6).unwrap();
        let (five, six) = (gpu.buffer("five", 5).unwrap(), gpu.buffer("six", 6).unwrap());
        let mut plan = Plan::new(gpu, "refused");
        let mut refused = |transpose, x, y| {
            let product = Gemv { alpha: 1.0, a: a.all(), transpose, x, beta: 0.0, y };
            assert!(matches!(product.record(&mut plan), Err(GpuError::Misuse { .. })));
        };
        refused(true, &six, &five);
        refused(false, &five, &six);
        refused(false, &six, &six);
        let squares = ColumnSquares { a: a.all(), results: &five };
        assert!(squares.record(&mut Plan::new(gpu, "refused")).is_err());
    });
}
