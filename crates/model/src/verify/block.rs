//! The kernels of block conjugate gradients: products and combinations of blocks by themselves, and the whole method for a few iterations.

use ansatz_gpu::{Gpu, Real};
use ansatz_krylov::block::{Combination, Products, Terms};
use ansatz_krylov::cg::control::Params;
use ansatz_krylov::cg::inverse::Inverse;
use ansatz_krylov::cg::{LoopOptions, Start};
use ansatz_krylov::device::{DeviceOperator, DeviceSell};
use ansatz_krylov::operator::{Csr, Form, Sell, SellLayout};
use ansatz_krylov::{DevicePreconditioner, Method, generate};
use ansatz_shaders::krylov::{BLOCK_COMBINE, BLOCK_CONJUGATE, BLOCK_PRODUCTS, BLOCK_STEP, BLOCK_UNIT};

use super::{Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    // Quads per column, workgroups and columns: one, a tile, more than one, and the most.
    for (quads, groups, columns) in [(1, 1, 1), (67, 2, 4), (2051, 5, 9), (130, 3, 32)] {
        for symmetric in [false, true] {
            products::<T>(suite, quads, groups, columns, symmetric)?;
        }
        for kind in 0..3 {
            combination::<T>(suite, quads, columns, kind)?;
        }
    }
    // The last has no more unknowns than right-hand sides, which depend on each other from the start.
    for (text, columns) in [("shifted:31x27:0.05", 1), ("shifted:31x27:0.05", 7), ("shifted:9x7:0.05", 32)] {
        method::<T>(suite, text, columns)?;
    }
    Ok(())
}

/// Two blocks, one column of each of which is at rest and has no numbers.
fn products<T: Real>(
    suite: &mut Suite<'_>,
    quads: usize,
    groups: u32,
    columns: usize,
    symmetric: bool,
) -> Result<(), Error> {
    let params = Params::new(quads, columns, groups, 1, 1, true);
    let name = format!("{}, n = {}, {columns} columns, symmetric {symmetric}", precision::<T>(), 4 * quads);
    suite.case(&[&BLOCK_PRODUCTS], &name, rounding::<T>(), |gpu| {
        let mut control = poison::<T>(params.control_words());
        let (mut u, mut v) = (positive::<T>(71, 4 * quads * columns), positive::<T>(72, 4 * quads * columns));
        for column in 0..columns {
            control[params.back(column)] = if column == 1 { T::one() } else { T::zero() };
        }
        if columns > 1 {
            u[4 * quads..8 * quads].fill(T::nan());
            v[4 * quads..8 * quads].fill(T::nan());
        }
        let pairs = columns * columns;
        let (control, sums) = (gpu.upload("control", &control)?, poison::<T>(2 * pairs * groups as usize));
        let (u, v, sums) = (gpu.upload("u", &u)?, gpu.upload("v", &v)?, gpu.upload("products", &sums)?);
        let launch =
            Products { params, control: &control, u: &u, v: &v, products: &sums, product: 1, symmetric };
        run_once(gpu, |plan| launch.record(plan))?;
        // The order of the parts is a device's own affair, but their totals agree.
        let totals = values(gpu, &sums)?;
        Ok(vec![(&BLOCK_PRODUCTS, totals.chunks(groups as usize).map(|parts| parts.iter().sum()).collect())])
    })
}

/// Y + VC, YC and Z + YC with fewer rows than columns; what no row multiplies has no numbers, and every third column is not written.
fn combination<T: Real>(
    suite: &mut Suite<'_>,
    quads: usize,
    columns: usize,
    kind: usize,
) -> Result<(), Error> {
    let params = Params::new(quads, columns, 1, 1, 1, true);
    let what = ["Y + VC", "YC", "Z + YC"][kind];
    let name = format!("{}, n = {}, {columns} columns, {what}", precision::<T>(), 4 * quads);
    suite.case(&[&BLOCK_COMBINE], &name, rounding::<T>(), |gpu| {
        let (length, row) = (4 * quads, columns.next_multiple_of(4));
        let slots: Vec<usize> = (0..columns).rev().filter(|slot| slot % 4 != 2).collect();
        // Rows before the combination are none of its business.
        let mut small = poison::<T>((5 + columns) * row);
        let number = |n: usize| T::from_f64(n as f64);
        small[2 * row] = number(slots.len());
        for (k, &slot) in slots.iter().enumerate() {
            small[3 * row + k] = number(slot);
            small[(5 + k) * row..][..columns].copy_from_slice(&positive::<T>(80 + k as u64, columns));
        }
        (0..columns).for_each(|j| small[4 * row + j] = number(usize::from(j % 3 != 1)));
        let mut v = positive::<T>(73, length * columns);
        for slot in (0..columns).filter(|slot| !slots.contains(slot)) {
            v[slot * length..][..length].fill(T::nan());
        }
        let other = positive::<T>(74, length * columns);
        let (y, other) = if kind == 0 { (other, v) } else { (v, other) };
        let (small, y) = (gpu.upload("small", &small)?, gpu.upload("y", &y)?);
        let other = gpu.upload("other", &other)?;
        let terms = [Terms::Onto(&other), Terms::Own, Terms::OwnOnto(&other)][kind];
        run_once(gpu, |plan| Combination { params, small: &small, at: 2 * row, y: &y, terms }.record(plan))?;
        Ok(vec![(&BLOCK_COMBINE, values(gpu, &y)?)])
    })
}

/// Three iterations, and two more after one column has been put to rest; another one was from the start.
fn method<T: Real>(suite: &mut Suite<'_>, text: &str, columns: usize) -> Result<(), Error> {
    let generated = generate::parse(text, 0)?;
    let Form::Csr(matrix) = generated.operator.form() else { return Ok(()) };
    let kernels = [&BLOCK_CONJUGATE, &BLOCK_STEP, &BLOCK_UNIT];
    let name = format!("{}, {text}, {columns} columns", precision::<T>());
    // The condition of the matrix multiplies what rounding does; where right-hand sides depend on each other, rounding is all there is to
    // some directions, but not to x.
    suite.case(&kernels, &name, 256.0 * rounding::<T>(), |gpu| {
        let x = iterate::<T>(gpu, matrix, columns)?;
        Ok(kernels.into_iter().map(|kernel| (kernel, x.clone())).collect())
    })
}

/// x.
fn iterate<T: Real>(gpu: &Gpu, matrix: &Csr, columns: usize) -> Result<Vec<f64>, Error> {
    let operator = DeviceSell::new(gpu, &Sell::<T>::new(matrix, SellLayout::default())?)?;
    let identity = DevicePreconditioner::Fused(Inverse::Identity);
    let options = LoopOptions { flexible: false, look_every: 2, history: 8 };
    let mut solver = Method::BlockCg.record(gpu, &operator, &identity, columns, options)?;
    let length = operator.ordering().device_len();
    let mut r = Vec::new();
    for column in 0..columns as u64 {
        r.extend(operator.ordering().scatter::<T>(&numbers::<f64>(90 + column, matrix.rows())));
    }
    let start = |limit, idle| Start { goal: 0.0, limit, idle };
    let tasks = |limit, rests: &dyn Fn(usize) -> bool| -> Vec<Start> {
        (0..columns).map(|column| start(limit, rests(column))).collect()
    };
    if columns > 1 {
        r[length..2 * length].fill(T::nan());
    }
    let go_on = |_: &[_]| std::ops::ControlFlow::Continue(());
    solver.start(&r, &tasks(3, &|column| column == 1))?;
    solver.run(go_on)?;
    solver.resume(&tasks(5, &|column| column == 1 || column == 2))?;
    solver.run(go_on)?;
    let x = solver.x()?;
    let running = x.chunks(length).enumerate().filter(|(column, _)| *column != 1);
    Ok(running.flat_map(|(_, x)| x).map(|x| x.widen()).collect())
}
