//! Products of matrices against the plain triple loop: all transpositions, odd sizes, views, slabs, poisoned results.

#![allow(clippy::unwrap_used)]

use std::ops::Range;

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_linalg::{Gemm, Matrix, Tiling};
use ansatz_tests::{each, integers, noise, runs};

/// In f64 the same lines of the kernels run as in f32: half of the pipelines will do, since each takes long to compile.
fn transpositions<T: Real>() -> impl Iterator<Item = (bool, bool)> {
    TRANSPOSITIONS.into_iter().step_by(if T::IS_F64 { 3 } else { 1 })
}

const TRANSPOSITIONS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

/// The tilings of a device, and its own choice.
fn tilings(gpu: &Gpu) -> Vec<Option<Tiling>> {
    let all = if gpu.is_cpu() { Vec::new() } else { Tiling::all(gpu) };
    all.into_iter().map(Some).chain([None]).collect()
}

/// A matrix on the host, column after column.
#[derive(Clone)]
struct Host<T> {
    rows: usize,
    columns: usize,
    entries: Vec<T>,
}

impl<T: Real> Host<T> {
    fn new(rows: usize, columns: usize, entries: impl FnOnce(usize) -> Vec<T>) -> Self {
        Self { rows, columns, entries: entries(rows * columns) }
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.entries[column * self.rows + row].widen()
    }

    /// Uploaded into the rows and columns from these on of a larger matrix of NaN.
    fn within(&self, gpu: &Gpu, [top, left]: [usize; 2], [rows, columns]: [usize; 2]) -> Matrix<T> {
        let mut entries = vec![T::nan(); rows * columns];
        for column in 0..self.columns {
            let to = (left + column) * rows + top;
            let all = column * self.rows..(column + 1) * self.rows;
            entries[to..to + self.rows].copy_from_slice(&self.entries[all]);
        }
        Matrix::upload(gpu, "part", rows, columns, &entries).unwrap()
    }

    fn upload(&self, gpu: &Gpu) -> Matrix<T> {
        Matrix::upload(gpu, "matrix", self.rows, self.columns, &self.entries).unwrap()
    }
}

/// α op(A) op(B) + β C by the definition, and the sum of the absolute values of its terms.
fn oracle<T: Real>(
    (alpha, beta): (f64, f64),
    (a, transpose_a): (&Host<T>, bool),
    (b, transpose_b): (&Host<T>, bool),
    c: &Host<T>,
) -> Vec<(f64, f64)> {
    let depth = if transpose_a { a.rows } else { a.columns };
    let entry = |i, j| {
        let terms = (0..depth).map(|l| {
            let a = if transpose_a { a.at(l, i) } else { a.at(i, l) };
            alpha * a * if transpose_b { b.at(j, l) } else { b.at(l, j) }
        });
        // Zero times the NaN that is to be overwritten is not meant.
        let old = if beta == 0.0 { 0.0 } else { beta * c.at(i, j) };
        terms.fold((old, old.abs()), |(sum, size), term| (sum + term, size + term.abs()))
    };
    (0..c.columns).flat_map(|j| (0..c.rows).map(move |i| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

fn factors<T: Real>(
    [m, n, depth]: [usize; 3],
    (transpose_a, transpose_b): (bool, bool),
    entries: impl Fn(usize, u64) -> Vec<T>,
) -> [Host<T>; 3] {
    let turned = |rows, columns, turn| if turn { (columns, rows) } else { (rows, columns) };
    let (a, b) = (turned(m, depth, transpose_a), turned(depth, n, transpose_b));
    [
        Host::new(a.0, a.1, |len| entries(len, 1)),
        Host::new(b.0, b.1, |len| entries(len, 2)),
        Host::new(m, n, |len| entries(len, 3)),
    ]
}

fn run<T: Real>(gpu: &Gpu, gemm: &Gemm<'_, T>) {
    let mut plan = Plan::new(gpu, "gemm");
    gemm.record(&mut plan).unwrap();
    plan.run().unwrap();
}

/// Computes whole matrices, C of NaN where β = 0.
fn product<T: Real>(
    gpu: &Gpu,
    tiling: Option<Tiling>,
    (alpha, beta): (f64, f64),
    (transpose_a, transpose_b): (bool, bool),
    [a, b, c]: &[Host<T>; 3],
) -> Vec<T> {
    let poisoned = Host { entries: vec![T::nan(); c.entries.len()], ..c.clone() };
    let (a, b) = (a.upload(gpu), b.upload(gpu));
    let c = if beta == 0.0 { poisoned.upload(gpu) } else { c.upload(gpu) };
    let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
    let gemm = Gemm { alpha, transpose_a, transpose_b, beta, tiling, ..Gemm::new(a.all(), b.all(), c.all()) };
    run(gpu, &gemm);
    padding_is_zero(gpu, &c);
    c.read(gpu).unwrap()
}

fn padding_is_zero<T: Real>(gpu: &Gpu, c: &Matrix<T>) {
    for (slab, _) in c.slabs() {
        let padded = gpu.read(slab).unwrap();
        let zero = |column: &[T]| column[c.rows()..].iter().all(|x| x.is_zero());
        assert!(padded.chunks(c.stride()).all(zero), "the padding is not zero");
    }
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

/// Small integers: every sum is exact, so that a lost or doubled term shows in whatever order they are added.
#[test]
fn products_of_integers_are_exact_at_all_sizes() {
    const SIZES: [usize; 9] = [0, 1, 3, 4, 5, 17, 63, 65, 130];
    fn check<T: Real>(gpu: &Gpu) {
        for tiling in tilings(gpu) {
            for transposed in transpositions::<T>() {
                // Each size in each place, with the others around it.
                for (i, m) in SIZES.into_iter().enumerate() {
                    let shape = [m, SIZES[(4 * i + 5) % 9], SIZES[(7 * i + 2) % 9]];
                    let matrices = factors(shape, transposed, |len, seed| integers::<T>(len, seed));
                    let [a, b, c] = &matrices;
                    for scalars in [(1.0, 0.0), (-2.0, 3.0)] {
                        let found = product(gpu, tiling, scalars, transposed, &matrices);
                        let expected = oracle(scalars, (a, transposed.0), (b, transposed.1), c);
                        let same = found.iter().zip(&expected).all(|(x, (y, _))| x.widen() == *y);
                        assert!(same, "{shape:?}, {transposed:?}, {scalars:?}, {tiling:?}");
                    }
                }
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn products_agree_with_the_oracle() {
    fn check<T: Real>(gpu: &Gpu) {
        let scalars = (0.7, -0.3);
        for tiling in tilings(gpu) {
            for transposed in transpositions::<T>() {
                let shape = [65, 33, 150];
                let matrices = factors(shape, transposed, |len, seed| noise::<T>(len, seed));
                let [a, b, c] = &matrices;
                let found = product(gpu, tiling, scalars, transposed, &matrices);
                let expected = oracle(scalars, (a, transposed.0), (b, transposed.1), c);
                // Each term is rounded in its product, with every later sum, and with α, β and their sum.
                let roundings = (shape[2] + 4) as f64 * T::epsilon().widen() / 2.0;
                for (found, (expected, size)) in found.iter().zip(expected) {
                    assert!((found.widen() - expected).abs() <= roundings * size, "{found} for {expected}");
                }
                assert!(
                    found == product(gpu, tiling, scalars, transposed, &matrices),
                    "the same input gives the same bits"
                );
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// Parts of larger matrices: what lies around A and B is NaN and must not leak in, what lies around C must stay.
#[test]
fn views_read_and_write_their_part_alone() {
    fn check<T: Real>(gpu: &Gpu) {
        let [m, n, depth] = [37, 22, 29];
        let part = |host: &Host<T>, [top, left]: [usize; 2]| -> (Range<usize>, Range<usize>) {
            (top..top + host.rows, left..left + host.columns)
        };
        for (transposed, tiling) in
            transpositions::<T>().flat_map(|t| tilings(gpu).into_iter().map(move |s| (t, s)))
        {
            for (beta, corner) in [(0.0, [8, 3]), (1.0, [4, 0])] {
                let [a, b, c] = factors([m, n, depth], transposed, |len, seed| integers::<T>(len, seed));
                let expected = oracle((1.0, beta), (&a, transposed.0), (&b, transposed.1), &c);
                let size = [60, 64];
                let (of_a, of_b, of_c) = (part(&a, [4, 7]), part(&b, [12, 1]), part(&c, corner));
                let (a, b) = (a.within(gpu, [4, 7], size), b.within(gpu, [12, 1], size));
                let c = c.within(gpu, corner, size);
                let [a, b, view] = [(&a, of_a), (&b, of_b), (&c, of_c.clone())]
                    .map(|(matrix, (rows, columns))| matrix.view(rows, columns).unwrap());
                let (transpose_a, transpose_b) = transposed;
                let beta = T::from_f64(beta);
                run(gpu, &Gemm { transpose_a, transpose_b, beta, tiling, ..Gemm::new(a, b, view) });
                let found = c.read(gpu).unwrap();
                for (i, &found) in found.iter().enumerate() {
                    let (row, column) = (i % size[0], i / size[0]);
                    if of_c.0.contains(&row) && of_c.1.contains(&column) {
                        let (expected, _) = expected[(column - corner[1]) * m + row - corner[0]];
                        assert_eq!(found.widen(), expected, "row {row}, column {column}");
                    } else {
                        assert!(found.is_nan(), "row {row}, column {column}");
                    }
                }
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// Every matrix in several slabs: each launch meets one slab of each.
#[test]
fn slabs_are_put_together() {
    each(|gpu| {
        for transposed in TRANSPOSITIONS {
            let [m, n, depth] = [150, 135, 140];
            let [a, b, c] = factors([m, n, depth], transposed, integers::<f32>);
            let expected = oracle((1.0, 1.0), (&a, transposed.0), (&b, transposed.1), &c);
            let in_slabs = |host: &Host<f32>, columns| {
                let matrix = Matrix::in_slabs(gpu, "in slabs", host.rows, host.columns, columns).unwrap();
                for (slab, columns) in matrix.slabs() {
                    let mut padded = vec![0.0; slab.len()];
                    let entries = &host.entries[columns.start * host.rows..columns.end * host.rows];
                    for (to, entries) in padded.chunks_mut(matrix.stride()).zip(entries.chunks(host.rows)) {
                        to[..host.rows].copy_from_slice(entries);
                    }
                    gpu.write(slab, 0, &padded).unwrap();
                }
                assert!(matrix.slabs().count() > 1);
                matrix
            };
            let (a, b, c) = (in_slabs(&a, 64), in_slabs(&b, 128), in_slabs(&c, 64));
            let (transpose_a, transpose_b) = transposed;
            run(gpu, &Gemm { transpose_a, transpose_b, beta: 1.0, ..Gemm::new(a.all(), b.all(), c.all()) });
            let found = c.read(gpu).unwrap();
            assert!(found.iter().zip(expected).all(|(&x, (y, _))| f64::from(x) == y), "{transposed:?}");
        }
    });
}

/// Sums of more terms than a driver's loop may have rounds, and more workgroups than fit one dimension.
#[test]
fn long_sums_and_many_workgroups_are_cut() {
    each(|gpu| {
        let depth = 300_001;
        for transposed in [(true, false), (false, true)] {
            let matrices = factors([3, 2, depth], transposed, integers::<f32>);
            let [a, b, c] = &matrices;
            let expected = oracle((1.0, 0.0), (a, transposed.0), (b, transposed.1), c);
            let found = product(gpu, None, (1.0, 0.0), transposed, &matrices);
            assert!(found.iter().zip(expected).all(|(&x, (y, _))| f64::from(x) == y), "{transposed:?}");
        }
        let n = 16 * 65_535 + 17;
        let matrices = factors([2, n, 1], (false, false), integers::<f32>);
        let expected = oracle((1.0, 0.0), (&matrices[0], false), (&matrices[1], false), &matrices[2]);
        let found = product(gpu, Some(Tiling::Register { lanes: 1 }), (1.0, 0.0), (false, false), &matrices);
        assert!(found.iter().zip(expected).all(|(&x, (y, _))| f64::from(x) == y));
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    each(|gpu| {
        let zeros = |rows, columns| Matrix::<f32>::zeros(gpu, "zeros", rows, columns).unwrap();
        let (a, b, c) = (zeros(5, 6), zeros(6, 7), zeros(5, 7));
        let mut plan = Plan::new(gpu, "refused");
        let mut refused = |gemm: Gemm<'_, f32>| {
            assert!(matches!(gemm.record(&mut plan), Err(GpuError::Misuse { .. })), "{gemm:?}");
        };
        refused(Gemm { transpose_a: true, ..Gemm::new(a.all(), b.all(), c.all()) });
        refused(Gemm { transpose_b: true, ..Gemm::new(a.all(), b.all(), c.all()) });
        refused(Gemm::new(a.all(), b.all(), a.all()));
        let square = zeros(8, 8);
        refused(Gemm::new(square.all(), square.all(), square.all()));
        let backwards = Range { start: 4, end: 0 };
        for (rows, columns) in [(1..5, 0..6), (0..6, 0..6), (0..5, 0..7), (backwards, 0..6)] {
            assert!(a.view(rows, columns).is_err());
        }
        let wide = Matrix::<f32>::in_slabs(gpu, "wide", 4, 200, 64).unwrap();
        let (from_odd, c) = (wide.view(0..4, 3..100).unwrap(), zeros(97, 97));
        refused(Gemm { transpose_a: true, ..Gemm::new(from_odd.clone(), from_odd, c.all()) });
    });
}
