//! The functions of `common/math`, and random numbers.

use ansatz_gpu::Real;
use ansatz_linalg::{Drawn, Elementwise, Function, Grid, RandomFill};
use ansatz_random::Philox;
use ansatz_shaders::{math::FUNCTIONS, random::FILL};

use super::{Suite, numbers, poison, precision, run_once, values};
use crate::Error;

/// Empty, below and above a vec4 and a workgroup, all odd; and one in more workgroups than one dimension of a dispatch
/// holds.
const CASES: [(usize, Option<Grid>); 5] =
    [(0, None), (1, None), (257, None), (4099, None), (1027, Some(Grid { lanes: 64, groups: 70_001 }))];

/// What the shader states of tanh and the sigmoid, and twice what it states of the others, since the twin rounds too.
const ULPS: f64 = 4.0;

/// The arguments for numbers in [−1, 1).
fn argument(function: Function, x: f64) -> f64 {
    match function {
        Function::Sin | Function::Cos => 1e4 * x,
        Function::Exp => 3.0 * x,
        Function::Tanh | Function::Sigmoid => 12.0 * x,
        Function::Log => 1.0 + 0.99 * x,
    }
}

pub(super) fn functions<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for function in Function::ALL {
        for (n, grid) in CASES {
            let name = format!("{} in {}, n = {n}", function.name(), precision::<T>());
            suite.case(&[&FUNCTIONS], &name, ULPS * T::epsilon().widen(), |gpu| {
                let x: Vec<T> = numbers::<T>(9, n)
                    .into_iter()
                    .map(|x| T::from_f64(argument(function, x.widen())))
                    .collect();
                let (x, y) = (gpu.upload("x", &x)?, gpu.upload("y", &poison::<T>(n))?);
                let grid = grid.unwrap_or_else(|| Grid::stream(gpu, n));
                run_once(gpu, |plan| Elementwise { function, x: &x, y: &y, grid }.record(plan))?;
                Ok(vec![(&FUNCTIONS, values(gpu, &y)?)])
            })?;
        }
    }
    Ok(())
}

pub(super) fn random(suite: &mut Suite<'_>) -> Result<(), Error> {
    draws::<u32>(suite, "bits", u32::MAX)?;
    draws::<f32>(suite, "uniform", f32::NAN)
}

/// Bit for bit.
fn draws<T: Drawn + Into<f64>>(suite: &mut Suite<'_>, what: &str, poison: T) -> Result<(), Error> {
    let philox = Philox::new(0x0123_4567_89ab_cdef, 3);
    for (n, grid) in CASES {
        suite.case(&[&FILL], &format!("{what}, n = {n}"), 0.0, |gpu| {
            let x = gpu.upload("x", &vec![poison; n])?;
            let grid = grid.unwrap_or_else(|| Grid::stream(gpu, n));
            // Past the end of the counter's low word.
            let first_block = (1 << 32) - 3;
            run_once(gpu, |plan| RandomFill { philox, first_block, x: &x, grid }.record(plan))?;
            Ok(vec![(&FILL, gpu.read(&x)?.into_iter().map(Into::into).collect())])
        })?;
    }
    Ok(())
}
