//! The kernels of learned stencils: one by one, in whole cycles, and in a step of training.

use ansatz_gpu::Real;
use ansatz_krylov::generate;
use ansatz_krylov::operator::Grid;
use ansatz_krylov::stencils::{
    Assemble, DeviceStencils, LearnedStencils, Loss, StencilGradient, StencilNetwork, StencilTraining,
};
use ansatz_shaders::krylov::{
    MULTIGRID_RESTRICT, STENCILS_APPLY, STENCILS_ASSEMBLE, STENCILS_GRADIENT, STENCILS_LOSS,
};

use super::multigrid::{COLUMNS, GRIDS, cycle};
use super::{Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;

/// Odd, of one cell, of one row, flat, deep.
const EXTENTS: [[usize; 3]; 5] = [[1, 1, 1], [7, 1, 1], [13, 9, 1], [8, 5, 3], [19, 6, 11]];

/// The last place of the upper half of an f32.
const LAST_OF_HALF: f64 = 1.0 / 128.0;

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for extents in EXTENTS {
        coefficients::<T>(suite, extents)?;
    }
    // The last are more columns than one dimension of a dispatch has workgroups.
    for (quads, columns) in [(0, 2), (1, 1), (301, 3), (1, 70_001)] {
        loss::<T>(suite, quads, columns)?;
    }
    for text in GRIDS {
        cycles::<T>(suite, text)?;
    }
    for (text, dimensions) in [("obstacles:37x23", 2), ("obstacles:14x13x12", 3)] {
        training::<T>(suite, text, dimensions)?;
    }
    Ok(())
}

/// Coefficients from numbers, and the gradient by these.
fn coefficients<T: Real>(suite: &mut Suite<'_>, [nx, ny, nz]: [usize; 3]) -> Result<(), Error> {
    let grid = Grid::new(nx, ny, nz)?;
    let (cells, outputs) = (grid.cells(), if nz > 1 { 14 } else { 5 });
    let (image, length) = (4 * cells * usize::div_ceil(outputs, 4), grid.ordering().device_len());
    // Every fifth cell is no unknown, and the padding is none.
    let s: Vec<f64> =
        (0..cells).map(|cell| if cell % 5 == 3 { 0.0 } else { 1.0 + 0.1 * (cell % 7) as f64 }).collect();
    let s = grid.ordering().scatter::<T>(&s);
    let name = format!("{}, {nx} × {ny} × {nz}", precision::<T>());
    // Rounding before the cut to 16 bits may move the last of them.
    suite.case(&[&STENCILS_ASSEMBLE], &name, 2.0 * LAST_OF_HALF, |gpu| {
        let (n, s) = (gpu.upload("n", &numbers::<T>(51, image))?, gpu.upload("s", &s)?);
        let coefficients = gpu.upload("coefficients", &vec![u32::MAX; length * outputs])?;
        let coefficients = &coefficients;
        run_once(gpu, |plan| Assemble { grid, n: &n, s: &s, coefficients }.record(plan))?;
        let words = gpu.read(coefficients)?;
        let (d, halves) = words.split_at(length);
        let d = d.iter().map(|&d| f64::from(f32::from_bits(d))).collect();
        let halves = halves.iter().flat_map(|word| [word << 16, word & 0xffff_0000]);
        let halves = halves.map(|half| f64::from(f32::from_bits(half))).collect();
        Ok(vec![(&STENCILS_ASSEMBLE, d), (&STENCILS_ASSEMBLE, halves)])
    })?;
    suite.case(&[&STENCILS_GRADIENT], &name, rounding::<T>(), |gpu| {
        let (n, s) = (gpu.upload("n", &numbers::<T>(52, image))?, gpu.upload("s", &s)?);
        let f = gpu.upload("f", &numbers::<T>(53, length * COLUMNS))?;
        let f_bar = gpu.upload("f̄", &numbers::<T>(54, length * COLUMNS))?;
        let n_bar = gpu.upload("n̄", &poison::<T>(image))?;
        let columns = COLUMNS;
        run_once(gpu, |plan| {
            StencilGradient { grid, columns, n: &n, s: &s, f: &f, f_bar: &f_bar, n_bar: &n_bar }.record(plan)
        })?;
        Ok(vec![(&STENCILS_GRADIENT, values(gpu, &n_bar)?)])
    })
}

fn loss<T: Real>(suite: &mut Suite<'_>, quads: usize, columns: usize) -> Result<(), Error> {
    let name = format!("{}, {columns} columns of {quads} vec4s", precision::<T>());
    suite.case(&[&STENCILS_LOSS], &name, 4.0 * rounding::<T>(), |gpu| {
        let n = 4 * quads * columns;
        let vector = |seed| gpu.upload("vector", &positive::<T>(seed, n));
        let (b, q, aq) = (vector(55)?, vector(56)?, vector(57)?);
        // The last column is no error at all.
        let mut errors = positive::<T>(58, n);
        errors[n - 4 * quads..].fill(T::zero());
        let e = gpu.upload("e", &errors)?;
        let (q_bar, losses) = (gpu.upload("q̄", &poison::<T>(n))?, gpu.upload("L", &poison::<T>(columns))?);
        let vectors = [&b, &q, &aq, &e];
        run_once(gpu, |plan| Loss { columns, vectors, q_bar: &q_bar, losses: &losses }.record(plan))?;
        let found = [values(gpu, &q_bar)?, values(gpu, &losses)?, values(gpu, &e)?];
        Ok(found.into_iter().map(|values| (&STENCILS_LOSS, values)).collect())
    })
}

fn network(dimensions: usize) -> StencilNetwork {
    StencilNetwork { dimensions, channels: 6, layers: 3 }
}

/// With Jacobi's scaling, and with weights that are all random.
fn cycles<T: Real>(suite: &mut Suite<'_>, text: &str) -> Result<(), Error> {
    let operator = generate::parse(text, 1)?.operator;
    let flat = operator.form().grid().is_some_and(|grid| grid.extents()[2] == 1);
    let network = network(if flat { 2 } else { 3 });
    let random = LearnedStencils::new(network, numbers::<f64>(59, network.numbers()))?;
    for learned in [None, Some(&random)] {
        let name = format!("{}, {text}, learned {}", precision::<T>(), learned.is_some());
        // Learned coefficients may differ in the last place of their 16 bits; else as other cycles.
        let tolerance = if learned.is_some() { LAST_OF_HALF } else { 32.0 * rounding::<f32>() };
        let kernels = [&STENCILS_APPLY, &MULTIGRID_RESTRICT];
        suite.case(&kernels, &name, tolerance, |gpu| {
            let stencils = DeviceStencils::<T>::new(gpu, &*operator, 0.125, learned, COLUMNS)?;
            let z = cycle(gpu, stencils.length(), |plan, params, [control, r, z]| {
                stencils.record(plan, params, control, r, z)
            })?;
            Ok(kernels.iter().map(|&kernel| (kernel, z.clone())).collect())
        })?;
    }
    Ok(())
}

/// The gradient of a step, and of the next.
fn training<T: Real>(suite: &mut Suite<'_>, text: &str, dimensions: usize) -> Result<(), Error> {
    let operator = generate::parse(text, 1)?.operator;
    let network = network(dimensions);
    let kernels = [&STENCILS_ASSEMBLE, &STENCILS_APPLY, &STENCILS_LOSS, &STENCILS_GRADIENT];
    let name = format!("{}, training on {text}", precision::<T>());
    // As above, there and back.
    suite.case(&kernels, &name, 2.0 * LAST_OF_HALF, |gpu| {
        let training = StencilTraining::<T>::new(gpu, &*operator, network, COLUMNS)?;
        let theta: Vec<T> =
            numbers::<T>(60, network.numbers()).iter().map(|&theta| T::from_f64(0.3) * theta).collect();
        let parameters = gpu.upload("θ", &theta)?;
        let gradients = [(); 2].map(|()| gpu.upload("gradient", &poison::<T>(network.numbers())));
        let [first, next] = gradients;
        let (first, next) = (first?, next?);
        training.draw(gpu, 61)?;
        run_once(gpu, |plan| {
            training.record(plan, &parameters, &first)?;
            training.record_next(plan, &parameters, &next)
        })?;
        let found = [values(gpu, &first)?, values(gpu, &next)?, values(gpu, training.losses())?];
        let all =
            found.into_iter().flat_map(|values| kernels.iter().map(move |&kernel| (kernel, values.clone())));
        Ok(all.collect())
    })
}
