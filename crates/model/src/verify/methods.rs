//! The kernels of the Krylov methods beside conjugate gradients: the vector step by itself, and each method for a few
//! iterations.

use ansatz_gpu::{Gpu, Real};
use ansatz_krylov::cg::control::{Params, SUMS};
use ansatz_krylov::cg::inverse::Inverse;
use ansatz_krylov::cg::{LoopOptions, Start};
use ansatz_krylov::deflation::{Deflation, DeviceDeflation};
use ansatz_krylov::device::{DeviceNormal, DeviceOperator, DeviceSell};
use ansatz_krylov::learned::{DeviceDirections, LearnedDirections};
use ansatz_krylov::operator::{Csr, Form, Sell, SellLayout};
use ansatz_krylov::steps::Combine;
use ansatz_krylov::{DevicePreconditioner, Method, generate};
use ansatz_layers::convolution::DirectionNetwork;
use ansatz_shaders::Kernel;
use ansatz_shaders::krylov::{
    APPLY_INVERSE, BASIS_APPEND, BASIS_PRODUCTS, BASIS_UPDATE, BICGSTAB, COMBINE, DEFLATION_CORRECT,
    DEFLATION_PRODUCTS, DIRECTIONS, FROM_IMAGE, GMRES_CYCLE, GMRES_STEP, LSQR, MINRES, RICHARDSON, TO_IMAGE,
};

use super::{Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    // Quads per column and workgroups per column: one, an odd number, and more than one round of each workgroup.
    for (quads, groups) in [(1, 1), (67, 2), (4099, 37)] {
        for terms in 0..=3 {
            combine::<T>(suite, quads, groups, terms)?;
        }
    }
    images::<T>(suite)?;
    // One vector, an odd number, and the most.
    for (text, vectors) in [("poisson:1x1", 1), ("poisson:13x9", 7), ("neumann:90x61", 64)] {
        deflation::<T>(suite, text, vectors)?;
    }
    lsqr::<T>(suite)?;
    for inverse in 0..3 {
        method::<T>(suite, Method::Minres, &[&MINRES], "shifted:9x7:0.5", inverse)?;
        // The shift is below the smallest eigenvalue.
        method::<T>(suite, Method::Directions { window: 3 }, &[&DIRECTIONS], "shifted:9x7:0.05", inverse)?;
        method::<T>(suite, Method::Richardson, &[&RICHARDSON], "shifted:9x7:0.05", inverse)?;
        method::<T>(suite, Method::Bicgstab, &[&BICGSTAB], "convection:9x7", inverse)?;
        // One cycle and a half.
        for restarted in [Method::Gmres { restart: 4 }, Method::Fgmres { restart: 4 }] {
            method::<T>(suite, restarted, &GMRES, "convection:9x7", inverse)?;
        }
    }
    Ok(())
}

/// A network in a loop of conjugate directions, on grids in the plane and in space with walls.
fn images<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for (text, dimensions) in [("poisson:9x7", 2), ("obstacles:6x5x7", 3)] {
        let operator = generate::parse(text, 1)?.operator;
        let network = DirectionNetwork { dimensions, channels: 4, coarsenings: 1 };
        let learned = LearnedDirections::new(network, network.initial(2))?;
        let name = format!("{}, {text}", precision::<T>());
        // Sums of some dozens of terms in each of sixteen layers.
        suite.case(&[&TO_IMAGE, &FROM_IMAGE], &name, 16.0 * rounding::<T>(), |gpu| {
            let directions = DeviceDirections::<T>::new(gpu, &*operator, &learned, COLUMNS)?;
            let Some(ordering) = operator.form().grid().map(|grid| grid.ordering()) else {
                return Ok(Vec::new());
            };
            let length = ordering.device_len();
            let params = Params::new(length / 4, COLUMNS, 1, 1, 1, true);
            let mut words = poison::<T>(params.control_words());
            for column in 0..COLUMNS {
                words[params.back(column)] = if column == 1 { T::one() } else { T::zero() };
                words[params.front(column) + SUMS] = T::from_f64(0.25);
            }
            let control = gpu.upload("control", &words)?;
            let r = gpu.upload("r", &numbers::<T>(41, length * COLUMNS))?;
            let z = gpu.upload("z", &poison::<T>(length * COLUMNS))?;
            run_once(gpu, |plan| directions.record(plan, &params, &control, &r, &z))?;
            let z = values(gpu, &z)?;
            Ok(vec![(&TO_IMAGE, z.clone()), (&FROM_IMAGE, z)])
        })?;
    }
    Ok(())
}

/// The correction of a residual by itself, and of a preconditioned one.
fn deflation<T: Real>(suite: &mut Suite<'_>, text: &str, vectors: usize) -> Result<(), Error> {
    let operator = generate::parse(text, 1)?.operator;
    let n = operator.dimension();
    let vectors: Vec<Vec<f64>> = (0..vectors as u64).map(|k| numbers::<f64>(60 + k, n)).collect();
    let space = Deflation::new(&*operator, &vectors)?;
    let Some(ordering) = operator.form().grid().map(|grid| grid.ordering()) else { return Ok(()) };
    let (length, scaling) = (ordering.device_len(), numbers::<f64>(51, n));
    let scaling: Vec<f64> = scaling.iter().map(|s| 1.5 + 0.5 * s).collect();
    for plain in [false, true] {
        let name = format!("{}, {text}, {} vectors, plain {plain}", precision::<T>(), space.rank());
        // Two sums of n terms of both signs, one after the other.
        let tolerance = 16.0 * rounding::<T>();
        suite.case(&[&DEFLATION_PRODUCTS, &DEFLATION_CORRECT], &name, tolerance, |gpu| {
            let deflation =
                DeviceDeflation::<T>::new(gpu, &space, &ordering, &scaling, (0.25, 0.5), COLUMNS)?;
            let params = Params::new(length / 4, COLUMNS, deflation.groups(), 1, 1, true);
            let mut words = poison::<T>(params.control_words());
            for column in 0..COLUMNS {
                words[params.back(column)] = if column == 1 { T::one() } else { T::zero() };
            }
            let control = gpu.upload("control", &words)?;
            let r = gpu.upload("r", &numbers::<T>(52, length * COLUMNS))?;
            let z = numbers::<T>(53, length * COLUMNS);
            let z = gpu.upload("z", &if plain { poison::<T>(z.len()) } else { z })?;
            run_once(gpu, |plan| deflation.record(plan, &params, &control, [&r, &z], plain))?;
            let z = values(gpu, &z)?;
            Ok(vec![(&DEFLATION_PRODUCTS, z.clone()), (&DEFLATION_CORRECT, z)])
        })?;
    }
    Ok(())
}

const COLUMNS: usize = 3;
const GMRES: [&Kernel; 5] = [&GMRES_CYCLE, &GMRES_STEP, &BASIS_PRODUCTS, &BASIS_UPDATE, &BASIS_APPEND];

/// No, one or two terms, or two that are shifted; the second column is at rest, and the old y of the third is left out.
fn combine<T: Real>(suite: &mut Suite<'_>, quads: usize, groups: u32, terms: usize) -> Result<(), Error> {
    let params = Params::new(quads, COLUMNS, groups, 1, 8, false).with_own_words(4);
    let name =
        format!("{}, n = {}, {}", precision::<T>(), 4 * quads, ["sums", "a", "a, b", "shifted"][terms]);
    suite.case(&[&COMBINE], &name, rounding::<T>(), |gpu| {
        let length = 4 * quads * COLUMNS;
        let mut control = poison::<T>(params.control_words());
        let mut y = positive::<T>(31, length);
        for column in 0..COLUMNS {
            control[params.back(column)] = if column == 1 { T::one() } else { T::zero() };
            let own = params.own(column);
            control[own..own + 3].copy_from_slice(&[0.75, -0.5, 0.25].map(T::from_f64));
        }
        if terms > 0 {
            control[params.own(2)] = T::zero();
            y[8 * quads..].fill(T::nan());
        }
        let (control, y) = (gpu.upload("control", &control)?, gpu.upload("y", &y)?);
        let (a, b) =
            (gpu.upload("a", &positive::<T>(32, length))?, gpu.upload("b", &positive::<T>(33, length))?);
        let u = gpu.upload("u", &positive::<T>(34, length))?;
        let step = Combine {
            params,
            control: &control,
            coefficients: params.own(0) as u32,
            sums: params.front + SUMS as u32,
            other_sums: params.front + SUMS as u32 + groups,
            y: &y,
            u: &u,
            a: (terms > 0).then_some(&a),
            b: (terms > 1).then_some(&b),
            shift: terms == 3,
        };
        run_once(gpu, |plan| step.record(plan))?;
        let words = values(gpu, &control)?;
        // The order of the parts is a device's own affair, but their totals agree.
        let totals = (0..COLUMNS).flat_map(|column| {
            let first = params.front(column) + SUMS;
            let words = &words;
            (0..2).map(move |k| words[first + k * groups as usize..][..groups as usize].iter().sum())
        });
        Ok(vec![(&COMBINE, totals.collect()), (&COMBINE, values(gpu, &y)?), (&COMBINE, values(gpu, &b)?)])
    })
}

/// Six iterations for two columns, the second of which is at rest, with M = I, a diagonal or blocks.
fn method<T: Real>(
    suite: &mut Suite<'_>,
    method: Method,
    kernels: &[&'static Kernel],
    text: &str,
    inverse: usize,
) -> Result<(), Error> {
    let generated = generate::parse(text, 0)?;
    let Form::Csr(matrix) = generated.operator.form() else { return Ok(()) };
    let mut kernels = kernels.to_vec();
    kernels.extend((inverse > 0).then_some(&APPLY_INVERSE));
    let name = format!("{}, {method}, {}", precision::<T>(), ["M = I", "diagonal", "blocks"][inverse]);
    // A few iterations multiply what rounding does; the more so where divisors are products with a vector that is drawn at random.
    let growth = if method == Method::Bicgstab { 256.0 } else { 16.0 };
    suite.case(&kernels, &name, growth * rounding::<T>(), |gpu| {
        let found = iterate::<T>(gpu, method, matrix, inverse)?;
        Ok(kernels.iter().flat_map(|kernel| found.iter().map(|values| (*kernel, values.clone()))).collect())
    })
}

/// x and the residuals.
fn iterate<T: Real>(gpu: &Gpu, method: Method, matrix: &Csr, inverse: usize) -> Result<Vec<Vec<f64>>, Error> {
    let layout = SellLayout { sort_window: 1, ..SellLayout::default() };
    let operator = DeviceSell::new(gpu, &Sell::<T>::new(matrix, layout)?)?;
    let length = operator.ordering().device_len();
    let inverse = match inverse {
        0 => Inverse::Identity,
        1 => Inverse::Diagonal(gpu.upload("inverse diagonal", &positive::<T>(35, length))?),
        _ => {
            let blocks: Vec<T> =
                (0..4 * length).map(|k| T::from_f64(if k % 16 % 5 == 0 { 1.0 } else { 0.2 })).collect();
            Inverse::Blocks(gpu.upload("inverse blocks", &blocks)?)
        }
    };
    iterate_on::<T>(gpu, method, &operator, inverse, matrix.rows())
}

/// LSQR for a matrix that is not symmetric.
fn lsqr<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    let generated = generate::parse("convection:9x7", 0)?;
    let Form::Csr(matrix) = generated.operator.form() else { return Ok(()) };
    suite.case(&[&LSQR], &format!("{}, lsqr", precision::<T>()), 16.0 * rounding::<T>(), |gpu| {
        let (operator, _) = DeviceNormal::<T>::new(gpu, matrix, 2)?;
        let found = iterate_on::<T>(gpu, Method::Lsqr, &operator, Inverse::Identity, matrix.rows())?;
        Ok(found.into_iter().map(|values| (&LSQR, values)).collect())
    })
}

/// For an operator on the device.
fn iterate_on<T: Real>(
    gpu: &Gpu,
    method: Method,
    operator: &dyn DeviceOperator<T>,
    inverse: Inverse<T>,
    rows: usize,
) -> Result<Vec<Vec<f64>>, Error> {
    let length = operator.ordering().device_len();
    let options = LoopOptions { flexible: false, look_every: 2, history: 8 };
    let mut solver = method.record(gpu, operator, &DevicePreconditioner::Fused(inverse), 2, options)?;
    let r = [operator.ordering().scatter::<T>(&values_of(rows)), vec![T::nan(); length]].concat();
    let start = |idle| Start { goal: 0.0, limit: 6, idle };
    solver.start(&r, &[start(false), start(true)])?;
    let states = solver.run(|_| std::ops::ControlFlow::Continue(()))?;
    let x: Vec<f64> = solver.x()?[..length].iter().map(|x| x.widen()).collect();
    Ok(vec![x, solver.history(&states)?.swap_remove(0), vec![f64::from(states[0].iterations)]])
}

fn values_of(n: usize) -> Vec<f64> {
    numbers::<f64>(36, n)
}
