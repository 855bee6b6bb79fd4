//! Products of matrices and vectors.

use ansatz_gpu::{Gpu, Real};
use ansatz_linalg::{ColumnSquares, Gemm, Gemv, Matrix, Tiling};
use ansatz_shaders::linalg::{GEMM_REGISTER, GEMM_SHARED, GEMM_TILED, GEMV, GEMV_TRANSPOSED};

use super::{Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;

/// Rows and columns of C and the length of the sums: nothing, less than a tile, and parts of several tiles, all odd.
const SHAPES: [[usize; 3]; 5] = [[3, 2, 0], [1, 1, 1], [5, 7, 3], [67, 131, 33], [259, 35, 130]];

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for shape in SHAPES {
        for transposed in [[false, false], [false, true], [true, false], [true, true]] {
            for beta in [0.0, -0.3] {
                product::<T>(suite, shape, transposed, beta)?;
            }
        }
    }
    for [m, n] in [[1, 1], [0, 3], [3, 0], [5, 70], [1027, 131]] {
        vectors::<T>(suite, m, n)?;
    }
    Ok(())
}

fn product<T: Real>(
    suite: &mut Suite<'_>,
    [m, n, k]: [usize; 3],
    [transpose_a, transpose_b]: [bool; 2],
    beta: f64,
) -> Result<(), Error> {
    let turned = |gpu: &Gpu, name, rows, columns, turn, seed| {
        let (rows, columns) = if turn { (columns, rows) } else { (rows, columns) };
        Matrix::upload(gpu, name, rows, columns, &positive::<T>(seed, rows * columns))
    };
    let tilings = [
        (&GEMM_REGISTER, Tiling::Register { lanes: 8 }),
        (&GEMM_SHARED, Tiling::Shared),
        (&GEMM_TILED, Tiling::Tiled),
    ];
    let letter = |turn| if turn { "ᵀ" } else { "" };
    let (a, b) = (letter(transpose_a), letter(transpose_b));
    let name = format!("{}, A{a}B{b}, {m} x {n} x {k}, β = {beta}", precision::<T>());
    for (kernel, tiling) in tilings {
        suite.case(&[kernel], &name, rounding::<T>(), |gpu| {
            let (a, b) = (turned(gpu, "A", m, k, transpose_a, 1)?, turned(gpu, "B", k, n, transpose_b, 2)?);
            let old = if beta == 0.0 { poison::<T>(m * n) } else { numbers::<T>(3, m * n) };
            let c = Matrix::upload(gpu, "C", m, n, &old)?;
            let product = Gemm {
                alpha: T::from_f64(1.7),
                transpose_a,
                transpose_b,
                beta: T::from_f64(beta),
                tiling: Some(tiling),
                ..Gemm::new(a.all(), b.all(), c.all())
            };
            run_once(gpu, |plan| product.record(plan))?;
            Ok(vec![(kernel, c.read(gpu)?.into_iter().map(Real::widen).collect())])
        })?;
    }
    Ok(())
}

fn vectors<T: Real>(suite: &mut Suite<'_>, m: usize, n: usize) -> Result<(), Error> {
    let matrix = |gpu: &Gpu| Matrix::upload(gpu, "A", m, n, &positive::<T>(4, m * n));
    for (transpose, kernel) in [(false, &GEMV), (true, &GEMV_TRANSPOSED)] {
        for beta in [0.0, -0.3] {
            let (of_x, of_y) = if transpose { (m, n) } else { (n, m) };
            let name = format!("{}, {m} by {n}, β = {beta}", precision::<T>());
            suite.case(&[kernel], &name, rounding::<T>(), |gpu| {
                let (a, x) = (matrix(gpu)?, gpu.upload("x", &positive::<T>(5, of_x))?);
                let old = if beta == 0.0 { poison::<T>(of_y) } else { numbers::<T>(6, of_y) };
                let y = gpu.upload("y", &old)?;
                let (alpha, beta) = (T::from_f64(1.7), T::from_f64(beta));
                let product = Gemv { alpha, a: a.all(), transpose, x: &x, beta, y: &y };
                run_once(gpu, |plan| product.record(plan))?;
                Ok(vec![(kernel, values(gpu, &y)?)])
            })?;
        }
    }
    let name = format!("{}, squares of the columns of {m} by {n}", precision::<T>());
    suite.case(&[&GEMV_TRANSPOSED], &name, rounding::<T>(), |gpu| {
        let (a, results) = (matrix(gpu)?, gpu.upload("results", &poison::<T>(n))?);
        run_once(gpu, |plan| ColumnSquares { a: a.all(), results: &results }.record(plan))?;
        Ok(vec![(&GEMV_TRANSPOSED, values(gpu, &results)?)])
    })
}
