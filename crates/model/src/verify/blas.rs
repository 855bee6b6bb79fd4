//! The vector kernels.

use ansatz_gpu::{Gpu, Real};
use ansatz_linalg::{Arithmetic, Axpby, Dot, Grid, NormMax, Operation, Triad, VectorCopy};
use ansatz_shaders::blas::{ARITHMETIC, AXPBY, COPY, DOT, NORM_MAX, SUM, TRIAD};

use super::{Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;

/// Empty, below and above a vec4, a workgroup and a round of the loop, all odd.
const SIZES: [usize; 6] = [0, 1, 3, 257, 4099, 262_147];

/// More workgroups than one dimension of a dispatch holds.
const MANY: Grid = Grid { lanes: 64, groups: 70_001 };

/// Sizes with the grid that their device chooses, and one that needs two dimensions.
fn cases() -> impl Iterator<Item = (usize, Option<Grid>)> {
    SIZES.into_iter().map(|n| (n, None)).chain([(1027, Some(MANY))])
}

fn name<T: Real>(n: usize, grid: Option<Grid>) -> String {
    let grid = grid.map_or(String::new(), |grid| format!(", {} workgroups", grid.groups));
    format!("{}, n = {n}{grid}", precision::<T>())
}

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for (n, grid) in cases() {
        let name = name::<T>(n, grid);
        let stream = |gpu: &Gpu| grid.unwrap_or_else(|| Grid::stream(gpu, n));
        let reduction = |gpu: &Gpu| grid.unwrap_or_else(|| Grid::reduction(gpu, n));
        let (alpha, beta) = (T::from_f64(1.7), T::from_f64(-0.3));

        suite.case(&[&COPY], &name, 0.0, |gpu| {
            let (x, y) = (gpu.upload("x", &numbers::<T>(1, n))?, gpu.upload("y", &poison::<T>(n))?);
            run_once(gpu, |plan| VectorCopy { x: &x, y: &y, grid: stream(gpu) }.record(plan))?;
            Ok(vec![(&COPY, values(gpu, &y)?)])
        })?;

        suite.case(&[&TRIAD], &name, rounding::<T>(), |gpu| {
            let (b, c) = (gpu.upload("b", &numbers::<T>(2, n))?, gpu.upload("c", &numbers::<T>(3, n))?);
            let a = gpu.upload("a", &poison::<T>(n))?;
            run_once(gpu, |plan| Triad { a: &a, b: &b, c: &c, s: alpha, grid: stream(gpu) }.record(plan))?;
            Ok(vec![(&TRIAD, values(gpu, &a)?)])
        })?;

        for (operation, s, what) in [
            (Operation::MultiplyAdd, beta, ""),
            (Operation::Exponential, T::from_f64(-0.75), ", exponentials"),
        ] {
            suite.case(&[&ARITHMETIC], &format!("{name}{what}"), rounding::<T>(), |gpu| {
                let x: Vec<T> = positive::<T>(8, n).into_iter().map(|x| -x).collect();
                let (x, y) = (gpu.upload("x", &x)?, gpu.upload("y", &poison::<T>(n))?);
                let grid = stream(gpu);
                run_once(gpu, |plan| Arithmetic { operation, y: &y, x: &x, s, grid }.record(plan))?;
                Ok(vec![(&ARITHMETIC, values(gpu, &y)?)])
            })?;
        }

        for (beta, y, what) in [(beta, numbers::<T>(5, n), ""), (T::zero(), poison(n), ", β = 0 and y = NaN")]
        {
            suite.case(&[&AXPBY], &format!("{name}{what}"), rounding::<T>(), |gpu| {
                let (x, y) = (gpu.upload("x", &numbers::<T>(4, n))?, gpu.upload("y", &y)?);
                run_once(gpu, |plan| Axpby { alpha, x: &x, beta, y: &y, grid: stream(gpu) }.record(plan))?;
                Ok(vec![(&AXPBY, values(gpu, &y)?)])
            })?;
        }

        suite.case(&[&DOT, &SUM], &name, rounding::<T>(), |gpu| {
            let grid = reduction(gpu);
            let (x, y) = (gpu.upload("x", &positive::<T>(6, n))?, gpu.upload("y", &positive::<T>(7, n))?);
            let partials = gpu.upload("partials", &poison::<T>(grid.groups as usize))?;
            let results = gpu.upload("results", &poison::<T>(2))?;
            let dot = Dot { x: &x, y: &y, partials: &partials, results: &results, slot: 1, grid };
            run_once(gpu, |plan| dot.record(plan))?;
            // Workgroups differ in number from device to device, so that only their sum can be compared.
            let total = values(gpu, &partials)?.iter().sum();
            Ok(vec![(&DOT, vec![total]), (&SUM, values(gpu, &results)?)])
        })?;
    }
    Ok(())
}

pub(super) fn norm_max(suite: &mut Suite<'_>) -> Result<(), Error> {
    for (n, grid) in cases() {
        for nan in [false, true].into_iter().take(1 + usize::from(n > 0)) {
            let what = if nan { ", with a NaN" } else { "" };
            suite.case(&[&NORM_MAX], &format!("{}{what}", name::<f32>(n, grid)), 0.0, |gpu| {
                let grid = grid.unwrap_or_else(|| Grid::reduction(gpu, n));
                let mut x = numbers::<f32>(8, n);
                if nan {
                    x[n / 2] = f32::NAN;
                }
                let x = gpu.upload("x", &x)?;
                let partials = gpu.upload("partials", &poison::<f32>(grid.groups as usize))?;
                let result = gpu.upload("result", &poison::<f32>(1))?;
                run_once(gpu, |plan| {
                    NormMax { x: &x, partials: &partials, result: &result, grid }.record(plan)
                })?;
                Ok(vec![(&NORM_MAX, values(gpu, &result)?)])
            })?;
        }
    }
    Ok(())
}
