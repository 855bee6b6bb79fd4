//! y = A x on each device, in each layout, against the host's exact product in f64.
//!
//! Each kernel and twin writes only sums of products of two rounded numbers: the tolerance is a small multiple of the
//! rounding of |A| |x|. Outputs are poisoned with NaN; the second of several columns is stopped and must stay poisoned.

#![allow(clippy::unwrap_used)] // A failure to lay out an operator fails the test.

use ansatz_gpu::{Capabilities, Gpu, Plan, Real};
use ansatz_krylov::device::{
    DeviceCsr, DeviceOperator, DeviceSell, DeviceStencil, DeviceVariableStencil, Shape,
};
use ansatz_krylov::operator::{
    Boundary, Cell, Csr, Grid, Operator, PaddedCsr, Sell, SellLayout, Stencil, VariableStencil,
};
use ansatz_tests::{adapters, assert_close, each, noise, runs};

/// One column, and so many that kernels which take four at a time have some left over.
const COLUMNS: [usize; 2] = [1, 6];
/// The column that is stopped, where there are several.
const STOPPED: usize = 1;
/// Words of state before the partial sums.
const SUMS: usize = 16;

/// Multiplies on the device and compares with the operator, whose entries are the rounded ones.
fn check<T: Real>(gpu: &Gpu, device: &dyn DeviceOperator<T>, exact: &dyn Operator, what: &str) {
    COLUMNS.iter().for_each(|&columns| check_columns(gpu, device, exact, what, columns));
}

fn check_columns<T: Real>(
    gpu: &Gpu,
    device: &dyn DeviceOperator<T>,
    exact: &dyn Operator,
    what: &str,
    columns: usize,
) {
    println!("{what}, {columns} columns");
    let (n, ordering) = (exact.dimension(), device.ordering());
    let length = ordering.device_len();
    let stride = SUMS + device.groups() as usize + 5;

    let mut x = Vec::new();
    let mut natural = Vec::new();
    for column in 0..columns {
        let mut values: Vec<f64> = noise::<T>(n, column as u64).iter().map(|v| v.widen()).collect();
        (0..n).filter(|&i| !exact.is_active(i)).for_each(|i| values[i] = 0.0);
        x.extend(ordering.scatter::<T>(&values));
        natural.push(values);
    }
    let poison = T::nan();
    let mut words = vec![poison; columns * stride];
    (0..columns).for_each(|column| words[column * stride] = T::zero());
    if columns > 1 {
        words[STOPPED * stride] = T::one();
    }
    let control = gpu.upload("control", &words).unwrap();
    let (x, y) = (gpu.upload("x", &x).unwrap(), gpu.upload("y", &vec![poison; columns * length]).unwrap());
    let shape = Shape { columns: columns as u32, control_stride: stride as u32 };
    let mut plan = Plan::new(gpu, "product");
    device.record(&mut plan, &control, shape, &x, &y).unwrap();
    // Twice: nothing may depend on what an earlier product left.
    plan.repeat_blindly(2).unwrap();
    let (y, words) = (gpu.read(&y).unwrap(), gpu.read(&control).unwrap());

    let epsilon = T::epsilon().widen();
    // |aᵢⱼ| |xⱼ| ≤ ‖A‖∞, and rows of m entries are summed in at most m roundings.
    let bound = 32.0 * epsilon * exact.norm_inf();
    for (column, x) in natural.iter().enumerate() {
        let y = &y[column * length..(column + 1) * length];
        let words = &words[column * stride..(column + 1) * stride];
        let sums = &words[SUMS..SUMS + device.groups() as usize];
        assert!(words[1..SUMS].iter().all(|word| word.is_nan()), "the solver's words");
        assert!(words[SUMS + sums.len()..].iter().all(|word| word.is_nan()), "words behind the sums");
        if columns > 1 && column == STOPPED {
            assert!(y.iter().chain(sums).all(|word| word.is_nan()), "a stopped column");
            continue;
        }
        let mut expected = vec![f64::NAN; n];
        exact.apply(x, &mut expected);
        assert_close(&ordering.gather(y), &expected, |_| bound);
        let zeros = y.iter().filter(|value| value.is_zero()).count();
        let expected_zeros = ordering.scatter::<f64>(&expected).iter().filter(|&&value| value == 0.0).count();
        assert!(zeros >= length - n && zeros >= expected_zeros, "padding and inactive entries");
        let energy: f64 = x.iter().zip(&expected).map(|(x, y)| x * y).sum();
        let found: f64 = sums.iter().map(|sum| sum.widen()).sum();
        assert!((found - energy).abs() <= bound * n as f64, "partial sums: {found:e}, not {energy:e}");
    }
}

/// Runs a test in f32 and in f64 where the device has it.
macro_rules! each_precision {
    ($gpu:ident, $test:ident $(, $argument:expr)*) => {
        $test::<f32>($gpu $(, $argument)*);
        if runs::<f64>($gpu) {
            $test::<f64>($gpu $(, $argument)*);
        }
    };
}

const EXTENTS: [[usize; 3]; 12] = [
    [1, 1, 1],
    [4, 1, 1],
    [131, 1, 1],
    [5, 1, 3],
    [1, 9, 4],
    [13, 7, 5],
    [8, 3, 9],
    [7, 6, 1],
    [64, 33, 1],
    [3, 70, 2],
    [12, 5, 40],
    [66, 18, 11],
];

fn sides(bits: usize) -> [Boundary; 6] {
    std::array::from_fn(|side| if bits >> side & 1 == 0 { Boundary::Dirichlet } else { Boundary::Neumann })
}

fn cells(count: usize) -> Vec<Cell> {
    noise::<f64>(count, 7)
        .iter()
        .map(|&v| {
            if v < 0.5 {
                Cell::Fluid
            } else if v < 0.8 {
                Cell::Solid
            } else {
                Cell::Air
            }
        })
        .collect()
}

fn stencils<T: Real>(gpu: &Gpu) {
    for (number, [nx, ny, nz]) in EXTENTS.into_iter().enumerate() {
        let grid = Grid::new(nx, ny, nz).unwrap();
        // Weights that f32 holds exactly.
        for weights in [[1.0, 0.5, 0.25], [0.25, 2.0, 0.0]] {
            for bits in [0, 0x3f, 1 << (number % 6), 0x2a, 0x15] {
                let stencil = Stencil::new(grid, weights, sides(bits)).unwrap();
                let device = DeviceStencil::<T>::new(gpu, &stencil, 1.0).unwrap();
                check(gpu, &device, &stencil, &format!("{nx}x{ny}x{nz}, {weights:?}, sides {bits:#b}"));
            }
            let stencil = Stencil::with_cells(grid, weights, sides(0x1f), &cells(grid.cells())).unwrap();
            let device = DeviceStencil::<T>::new(gpu, &stencil, 1.0).unwrap();
            check(gpu, &device, &stencil, &format!("{nx}x{ny}x{nz}, {weights:?}, cells"));
        }
    }
}

fn variable_stencil([nx, ny, nz]: [usize; 3], with_cells: bool) -> VariableStencil {
    let grid = Grid::new(nx, ny, nz).unwrap();
    let conductivity: Vec<f64> = noise::<f64>(grid.cells(), 3).iter().map(|v| 1.5 + v).collect();
    let cells = cells(grid.cells());
    let cells = with_cells.then_some(&cells[..]);
    let stencil =
        VariableStencil::diffusion(grid, [1.0, 2.0, 0.5], sides(0x12), &conductivity, cells).unwrap();
    // Coefficients that f32 holds exactly.
    let round = |values: &[f64]| values.iter().map(|&v| f64::from(v as f32)).collect();
    let lower = stencil.lower().each_ref().map(|coefficients| round(coefficients));
    VariableStencil::new(grid, round(&stencil.diagonal()), lower).unwrap()
}

fn variable_stencils<T: Real>(gpu: &Gpu) {
    for extents in EXTENTS {
        for with_cells in [false, true] {
            let stencil = variable_stencil(extents, with_cells);
            let device = DeviceVariableStencil::<T>::new(gpu, &stencil).unwrap();
            check(gpu, &device, &stencil, &format!("{extents:?}, cells {with_cells}"));
        }
    }
}

/// A random symmetric matrix: every fifth row is empty, and row `dense` (if there is one) full.
fn random_matrix(n: usize, per_row: usize, dense: Option<usize>) -> Csr {
    let value = |row: usize, column: usize| {
        let entry: f32 = noise(1, (row.min(column) * n + row.max(column)) as u64)[0];
        f64::from(entry)
    };
    let is_empty = |row: usize| row % 5 == 3 && dense != Some(row);
    let mut triplets = Vec::new();
    for row in (0..n).filter(|&row| !is_empty(row)) {
        let far = noise::<f64>(per_row, row as u64 + 99);
        let columns = far.iter().map(|v| ((v + 1.0) * 0.5 * n as f64) as usize % n);
        for column in columns.filter(|&column| column < row && !is_empty(column) && dense != Some(column)) {
            triplets.push((row, column, value(row, column)));
        }
        if let Some(dense) = dense.filter(|&dense| dense != row) {
            triplets.push((row, dense, value(row, dense)));
        }
    }
    triplets.sort_by_key(|&(row, column, _)| (row, column));
    triplets.dedup_by_key(|&mut (row, column, _)| (row, column));
    let mirrored: Vec<_> = triplets.iter().map(|&(row, column, v)| (column, row, v)).collect();
    triplets.extend(mirrored);
    triplets.extend((0..n).filter(|&row| !is_empty(row)).map(|row| (row, row, value(row, row))));
    Csr::from_triplets(n, n, &triplets).unwrap()
}

fn matrices() -> Vec<(String, Csr)> {
    let sizes = [(1, 1), (2, 1), (7, 2), (33, 5), (300, 4), (1000, 90)];
    let mut matrices: Vec<_> = sizes
        .into_iter()
        .map(|(n, per_row)| (format!("random {n}, {per_row}"), random_matrix(n, per_row, None)))
        .collect();
    matrices.push(("no entries".to_owned(), Csr::from_triplets(5, 5, &[]).unwrap()));
    matrices.push(("dense row among 301".to_owned(), random_matrix(301, 3, Some(150))));
    matrices.push(("dense row among 3000".to_owned(), random_matrix(3000, 1, Some(0))));
    matrices
}

fn sell<T: Real>(gpu: &Gpu) {
    for (name, matrix) in matrices() {
        for (slice_height, sort_window) in [(4, 1), (32, 1), (32, 64), (8, 1 << 20)] {
            let sell = Sell::<T>::new(&matrix, SellLayout { slice_height, sort_window }).unwrap();
            let device = DeviceSell::new(gpu, &sell).unwrap();
            check(gpu, &device, &matrix, &format!("{name}, C = {slice_height}, σ = {sort_window}"));
        }
    }
}

fn csr<T: Real>(gpu: &Gpu) {
    for (name, matrix) in matrices() {
        let device = DeviceCsr::new(gpu, &PaddedCsr::<T>::new(&matrix).unwrap()).unwrap();
        check(gpu, &device, &matrix, &name);
    }
}

#[test]
fn stencils_multiply() {
    each(|gpu| {
        each_precision!(gpu, stencils);
    });
}

#[test]
fn variable_stencils_multiply() {
    each(|gpu| {
        each_precision!(gpu, variable_stencils);
    });
}

#[test]
fn sell_multiplies() {
    each(|gpu| {
        each_precision!(gpu, sell);
    });
}

#[test]
fn csr_multiplies() {
    each(|gpu| {
        each_precision!(gpu, csr);
    });
}

/// An arrow matrix: its first row has more pieces than a workgroup has invocations.
#[test]
fn long_rows_are_cut() {
    let n = 1_100_000;
    let mut triplets: Vec<_> = (0..n).map(|i| (i, i, 1.0)).collect();
    triplets.extend((1..n).flat_map(|i| [(0, i, 0.5), (i, 0, 0.5)]));
    let matrix = Csr::from_triplets(n, n, &triplets).unwrap();
    each(|gpu| {
        let device = DeviceCsr::new(gpu, &PaddedCsr::<f32>::new(&matrix).unwrap()).unwrap();
        check(gpu, &device, &matrix, "arrow");
    });
}

/// Matrices larger than a binding are cut, with the same result.
#[test]
fn matrices_are_cut_to_the_bindings() {
    for device in adapters() {
        let binding_bytes = 64 << 10;
        let gpu = device.reopen(|options| {
            options.at_most =
                Some(Capabilities { binding_bytes, ..options.at_most.unwrap_or(Capabilities::LOWEST) });
        });
        let matrix = random_matrix(3000, 30, None);
        assert!(4 * matrix.values().len() as u64 > 2 * binding_bytes);
        let sell = Sell::<f32>::new(&matrix, SellLayout::default()).unwrap();
        check_columns(&gpu, &DeviceSell::new(&gpu, &sell).unwrap(), &matrix, "SELL", 3);
        let csr = PaddedCsr::<f32>::new(&matrix).unwrap();
        check_columns(&gpu, &DeviceCsr::new(&gpu, &csr).unwrap(), &matrix, "CSR", 3);
        let stencil = variable_stencil([13, 14, 20], true);
        assert!(4 * 16 * 14 * 20 * 4 > binding_bytes);
        check_columns(
            &gpu,
            &DeviceVariableStencil::<f32>::new(&gpu, &stencil).unwrap(),
            &stencil,
            "variable stencil",
            3,
        );
        let stencil = variable_stencil([60, 90, 1], false);
        check_columns(
            &gpu,
            &DeviceVariableStencil::<f32>::new(&gpu, &stencil).unwrap(),
            &stencil,
            "flat variable stencil",
            3,
        );
    }
}
