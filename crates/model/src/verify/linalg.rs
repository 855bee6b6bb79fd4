//! The kernels of least squares: scaled columns, blocks of reflections, and the triangle's solution.

use ansatz_gpu::Real;
use ansatz_linalg::Matrix;
use ansatz_linalg::least_squares::device::{
    ColumnLengths, PANEL, Panel, PanelMemory, QrPanel, QrProducts, QrUpdate, QrWeights, ScaleColumns,
    SolveUpper,
};
use ansatz_shaders::linalg::{
    COLUMN_LENGTHS, QR_PANEL, QR_PRODUCTS, QR_UPDATE, QR_WEIGHTS, SCALE_COLUMNS, SOLVE_UPPER,
};

use super::{Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;

/// Rows and columns: one of each, less than a panel, more than a panel and a workgroup.
const SHAPES: [(usize, usize); 3] = [(1, 1), (37, 5), (1027, 51)];

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for (rows, columns) in SHAPES {
        let name = format!("{}, {rows}×{columns}", precision::<T>());
        scaling::<T>(suite, &name, rows, columns)?;
        block::<T>(suite, &name, rows, columns)?;
        upper::<T>(suite, &name, columns)?;
    }
    Ok(())
}

fn scaling<T: Real>(suite: &mut Suite<'_>, name: &str, rows: usize, columns: usize) -> Result<(), Error> {
    suite.case(&[&COLUMN_LENGTHS, &SCALE_COLUMNS], name, rounding::<T>(), |gpu| {
        let matrix = Matrix::upload(gpu, "matrix", rows, columns, &numbers::<T>(1, rows * columns))?;
        let lengths = gpu.upload("lengths", &poison::<T>(2 * columns))?;
        let work = Matrix::upload(gpu, "work", rows + 3, columns, &poison::<T>((rows + 3) * columns))?;
        let scales = gpu.upload("scales", &positive::<T>(2, columns))?;
        let tikhonov = Some((rows, T::from_f64(0.5)));
        run_once(gpu, |plan| {
            ColumnLengths { matrix: &matrix, lengths: &lengths }.record(gpu, plan)?;
            ScaleColumns { matrix: &matrix, scales: &scales, work: &work, first: 0, tikhonov }
                .record(gpu, plan)
        })?;
        let scaled = work.read(gpu)?.into_iter().map(Real::widen).collect();
        Ok(vec![(&COLUMN_LENGTHS, values(gpu, &lengths)?), (&SCALE_COLUMNS, scaled)])
    })
}

/// A panel of up to 32 columns, and its reflections on the columns behind it.
fn block<T: Real>(suite: &mut Suite<'_>, name: &str, rows: usize, columns: usize) -> Result<(), Error> {
    let kernels = [&QR_PANEL, &QR_PRODUCTS, &QR_WEIGHTS, &QR_UPDATE];
    suite.case(&kernels, name, 16.0 * rounding::<T>(), |gpu| {
        let width = PANEL.min(columns).min(rows);
        let work = Matrix::upload(gpu, "work", rows, columns, &numbers::<T>(3, rows * columns))?;
        let stride = work.stride();
        let memory = PanelMemory::<T>::new(gpu, stride)?;
        gpu.write(&memory.x, 0, &poison::<T>(2 * stride))?;
        gpu.write(&memory.sums, 0, &poison::<T>(memory.sums.len()))?;
        let diagonal = gpu.upload("diagonal", &poison::<T>(columns))?;
        let behind = columns - width;
        let partials = gpu.upload("partials", &poison::<T>((PANEL + behind) * PANEL))?;
        let weights = gpu.upload("weights", &poison::<T>(behind.max(1) * PANEL))?;
        let mut outputs = Vec::new();
        for (slab, _) in work.slabs() {
            run_once(gpu, |plan| {
                let panel = Panel { slab, stride, column: 0, first: 0, width, end: rows };
                QrPanel { panel, memory: &memory, diagonal: &diagonal }.record(gpu, plan)?;
                let out_columns = PANEL + behind;
                let products = |a, columns, out_first| QrProducts {
                    v: &memory.v,
                    a,
                    stride,
                    rows: 0..rows,
                    columns,
                    partials: &partials,
                    out_first,
                    out_columns,
                    splits: 1,
                };
                products(&memory.v, 0..PANEL, 0).record(gpu, plan)?;
                products(slab, width..columns, PANEL).record(gpu, plan)?;
                let (partials, weights) = (&partials, &weights);
                QrWeights { partials, weights, columns: behind, width, splits: 1 }.record(gpu, plan)?;
                let (v, rows, columns) = (&memory.v, 0..rows, width..columns);
                QrUpdate { v, weights, weight_first: 0, a: slab, stride, rows, columns }.record(gpu, plan)
            })?;
            let entries = values(gpu, slab)?;
            // What the reflections leave below the diagonal of a panel is nobody's.
            let upper = |j: usize| entries[j * stride..][..(j + 1).min(width)].to_vec();
            outputs.push((&QR_PANEL, (0..width).flat_map(upper).collect()));
            outputs.push((&QR_PANEL, values(gpu, &memory.v)?));
            outputs.push((&QR_PANEL, values(gpu, &diagonal)?));
            outputs.push((&QR_PRODUCTS, values(gpu, &partials)?));
            outputs.push((&QR_WEIGHTS, values(gpu, &weights)?));
            outputs.push((&QR_UPDATE, entries[width * stride..].to_vec()));
        }
        Ok(outputs)
    })
}

fn upper<T: Real>(suite: &mut Suite<'_>, name: &str, n: usize) -> Result<(), Error> {
    suite.case(&[&SOLVE_UPPER], name, 16.0 * rounding::<T>(), |gpu| {
        let mut r = numbers::<T>(4, n * n);
        // Well-conditioned.
        (0..n).for_each(|j| r[j * n + j] = T::from_f64(n as f64));
        let r = Matrix::upload(gpu, "r", n, n, &r)?;
        let x = gpu.upload("x", &numbers::<T>(5, 2 * n.next_multiple_of(4)))?;
        run_once(gpu, |plan| SolveUpper { r: &r, n, x: &x }.record(gpu, plan))?;
        Ok(vec![(&SOLVE_UPPER, values(gpu, &x)?)])
    })
}
