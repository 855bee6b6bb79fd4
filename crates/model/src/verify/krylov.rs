//! The kernels of the conjugate-gradient loop: operators, preconditioners, and the three steps.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_krylov::DevicePreconditioner;
use ansatz_krylov::cg::control::{Params, SUMS};
use ansatz_krylov::cg::inverse::Inverse;
use ansatz_krylov::cg::{Begin, Direction, Inner, Update};
use ansatz_krylov::device::{
    DeviceCsr, DeviceOperator, DeviceSell, DeviceStencil, DeviceVariableStencil, Shape,
};
use ansatz_krylov::generate;
use ansatz_krylov::operator::{Csr, Form, Operator, PaddedCsr, Sell, SellLayout};
use ansatz_shaders::Kernel;
use ansatz_shaders::krylov::{
    CG_DIRECTION, CG_INNER, CG_START, CG_UPDATE, CHEBYSHEV, CSR, CSR_LONG, CSR_LONG_SUM, SELL, SELL_FOUR,
    STENCIL_CONSTANT, STENCIL_VARIABLE,
};

use super::{Outputs, Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    operators::<T>(suite)?;
    steps::<T>(suite)?;
    chebyshev::<T>(suite)
}

/// Flat and deep, odd and whole vec4s, all links and cells without.
const GRIDS: [&str; 5] =
    ["poisson:1x1", "poisson:37x23", "neumann:33x3x5", "poisson:16x9x21", "obstacles:30x14x17"];
const VARIABLE_GRIDS: [&str; 4] =
    ["contrast:1x1", "contrast:41x19:100", "contrast:7x6x5:100", "contrast:32x9x21:100"];

fn operators<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for n in [1, 31, 1027] {
        let matrix = uneven(n)?;
        for (layout, what) in [
            (SellLayout::default(), "sorted"),
            (SellLayout { sort_window: 1, slice_height: 4 }, "slices of 4 in order"),
        ] {
            let name = format!("{}, n = {n}, {what}", precision::<T>());
            for (kernel, columns) in [(&SELL, 1), (&SELL_FOUR, 6)] {
                product::<T>(suite, &[kernel], &name, &matrix, columns, |gpu| {
                    Ok(Box::new(DeviceSell::new(gpu, &Sell::<T>::new(&matrix, layout)?)?))
                })?;
            }
        }
        product::<T>(suite, &[&CSR], &format!("{}, n = {n}", precision::<T>()), &matrix, 3, |gpu| {
            Ok(Box::new(DeviceCsr::new(gpu, &PaddedCsr::<T>::new(&matrix)?)?))
        })?;
    }
    for n in [1501, 40_001] {
        let (matrix, name) = (arrow(n)?, format!("{}, n = {n}, one row full", precision::<T>()));
        product::<T>(suite, &[&CSR, &CSR_LONG, &CSR_LONG_SUM], &name, &matrix, 3, |gpu| {
            Ok(Box::new(DeviceCsr::new(gpu, &PaddedCsr::<T>::new(&matrix)?)?))
        })?;
    }
    for text in GRIDS.into_iter().chain(VARIABLE_GRIDS) {
        let generated = generate::parse(text, 1)?;
        let name = format!("{}, {text}", precision::<T>());
        match generated.operator.form() {
            Form::Stencil(stencil) => product::<T>(suite, &[&STENCIL_CONSTANT], &name, stencil, 3, |gpu| {
                Ok(Box::new(DeviceStencil::new(gpu, stencil, 0.25)?))
            })?,
            Form::Variable(stencil) => product::<T>(suite, &[&STENCIL_VARIABLE], &name, stencil, 3, |gpu| {
                Ok(Box::new(DeviceVariableStencil::new(gpu, stencil)?))
            })?,
            Form::Csr(_) => {}
        }
    }
    Ok(())
}

/// A matrix with rows of no, few and many entries.
fn uneven(n: usize) -> Result<Csr, Error> {
    let mut triplets = Vec::new();
    for row in 0..n {
        for k in 0..row * 7 % 23 {
            triplets.push((row, (row + k * k * 5) % n, generate::random(row as u64, k as u64)));
        }
    }
    triplets.sort_by_key(|&(row, column, _)| (row, column));
    triplets.dedup_by_key(|&mut (row, column, _)| (row, column));
    Ok(Csr::from_triplets(n, n, &triplets)?)
}

/// A matrix with a full row and column, longer than one piece of a row where `n` is large.
fn arrow(n: usize) -> Result<Csr, Error> {
    let value = |i: usize| generate::random(3, i as u64);
    let first = (0..n).map(|i| (0, i, value(i)));
    let others = (1..n).flat_map(|i| [(i, 0, value(i)), (i, i, 1.0 + value(n + i))]);
    Ok(Csr::from_triplets(n, n, &first.chain(others).collect::<Vec<_>>())?)
}

/// y = A x for so many columns, the second of which is at rest and must not be touched.
fn product<T: Real>(
    suite: &mut Suite<'_>,
    kernels: &[&'static Kernel],
    name: &str,
    operator: &dyn Operator,
    columns: usize,
    lay_out: impl Fn(&Gpu) -> Result<Box<dyn DeviceOperator<T>>, Error>,
) -> Result<(), Error> {
    suite.case(kernels, name, rounding::<T>(), |gpu| {
        let device = lay_out(gpu)?;
        let (groups, length) = (device.groups() as usize, device.ordering().device_len());
        let stride = SUMS + groups + 5;
        let mut control = poison::<T>(columns * stride);
        for column in 0..columns {
            control[column * stride] = if column == 1 { T::one() } else { T::zero() };
        }
        let x: Vec<T> = (0..columns)
            .flat_map(|column| {
                let at = |i: usize| {
                    if operator.is_active(i) { generate::random(column as u64, i as u64) } else { 0.0 }
                };
                device.ordering().scatter::<T>(&(0..operator.dimension()).map(at).collect::<Vec<_>>())
            })
            .collect();
        let (control, x) = (gpu.upload("control", &control)?, gpu.upload("x", &x)?);
        let y = gpu.upload("y", &poison::<T>(columns * length))?;
        let shape = Shape { columns: columns as u32, control_stride: stride as u32 };
        run_once(gpu, |plan| device.record(plan, &control, shape, &x, &y))?;

        let control = values(gpu, &control)?;
        let totals: Vec<f64> =
            control.chunks(stride).map(|words| words[SUMS..SUMS + groups].iter().sum()).collect();
        let beyond: Vec<f64> =
            control.chunks(stride).flat_map(|words| words[SUMS + groups..].to_vec()).collect();
        let y = values(gpu, &y)?;
        let outputs = |&kernel| [&y, &totals, &beyond].map(|values| (kernel, values.clone()));
        Ok(kernels.iter().flat_map(outputs).collect())
    })
}

/// Quads per column, workgroups per column, and partial sums of the product.
const SHAPES: [(usize, u32, u32); 3] = [(1, 1, 1), (67, 2, 5), (4099, 37, 300)];
const COLUMNS: usize = 4;
const HISTORY: u32 = 8;

/// Words of a state, in the order of `shaders/common/cg.wgsl`.
fn state<T: Real>(status: f64, iteration: f64, rho: f64, goal: f64) -> [T; SUMS] {
    let mut words = [T::zero(); SUMS];
    let named = [status, iteration, rho, 0.0, goal, 7.0, 0.3];
    words.iter_mut().zip(named).for_each(|(word, value)| *word = T::from_f64(value));
    words
}

/// Control words of four columns: one that iterates, one at rest, one that has reached its goal, one that begins.
fn control<T: Real>(params: &Params) -> Vec<T> {
    let mut words = positive::<T>(9, params.control_words());
    let states = [
        state(0.0, 3.0, 0.7, 0.0),
        state(6.0, 2.0, 0.7, 0.0),
        state(0.0, 5.0, 0.7, 1e6),
        state(0.0, 0.0, 0.0, 0.0),
    ];
    for (column, state) in states.iter().enumerate() {
        for at in [params.back(column), params.front(column)] {
            words[at..at + SUMS].copy_from_slice(state);
        }
    }
    words
}

/// The states, and the sums of the partial sums of the first `kinds`: the order of the parts is a device's own affair.
fn states(params: &Params, kinds: usize, words: &[f64]) -> Vec<Vec<f64>> {
    let total = |from: usize, count: u32| words[from..from + count as usize].iter().sum();
    let column = |column: usize| {
        let (back, front) = (params.back(column), params.front(column));
        let mut values = words[back..back + SUMS].to_vec();
        values.extend_from_slice(&words[front..front + SUMS]);
        values.push(total(back + SUMS, params.product_groups));
        values.extend(
            (0..kinds).map(|kind| total(front + SUMS + kind * params.groups as usize, params.groups)),
        );
        values
    };
    (0..params.columns as usize).map(column).collect()
}

fn inverses<T: Real>(gpu: &Gpu, quads: usize) -> Result<[(Inverse<T>, &'static str); 3], GpuError> {
    let diagonal = gpu.upload("inverse diagonal", &positive::<T>(10, 4 * quads))?;
    // Symmetric and diagonally dominant.
    let mut blocks = numbers::<T>(11, 16 * quads);
    for block in blocks.chunks_mut(16) {
        for i in 0..4 {
            for j in 0..i {
                block[4 * i + j] = block[4 * j + i];
            }
            block[5 * i] = T::from_f64(4.0);
        }
    }
    let blocks = gpu.upload("inverse blocks", &blocks)?;
    Ok([
        (Inverse::Identity, "M = I"),
        (Inverse::Diagonal(diagonal), "diagonal"),
        (Inverse::Blocks(blocks), "blocks"),
    ])
}

fn steps<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for (quads, groups, product_groups) in SHAPES {
        for inverse in 0..3 {
            begin::<T>(suite, quads, groups, inverse)?;
            for flexible in [false, true] {
                direction::<T>(suite, quads, groups, product_groups, inverse, flexible)?;
                update::<T>(suite, quads, groups, product_groups, inverse, flexible)?;
            }
        }
        inner::<T>(suite, quads, groups, product_groups)?;
    }
    Ok(())
}

fn name_of<T: Real>(quads: usize, inverse: usize, what: &str) -> String {
    format!("{}, n = {}, {}{what}", precision::<T>(), 4 * quads, ["M = I", "diagonal", "blocks"][inverse])
}

fn direction<T: Real>(
    suite: &mut Suite<'_>,
    quads: usize,
    groups: u32,
    product_groups: u32,
    inverse: usize,
    flexible: bool,
) -> Result<(), Error> {
    let params = Params::new(quads, COLUMNS, groups, product_groups, HISTORY, false);
    let name = name_of::<T>(quads, inverse, if flexible { ", flexible" } else { "" });
    suite.case(&[&CG_DIRECTION], &name, rounding::<T>(), |gpu| {
        let length = 4 * quads * COLUMNS;
        let mut p = numbers::<T>(13, length);
        // The first direction takes nothing from the one before.
        p[3 * 4 * quads..].fill(T::nan());
        let (control, p) = (gpu.upload("control", &control::<T>(&params))?, gpu.upload("p", &p)?);
        let z = gpu.upload("z", &numbers::<T>(12, length))?;
        let history = gpu.upload("history", &poison::<T>(HISTORY as usize * COLUMNS))?;
        let inverse = &inverses::<T>(gpu, quads)?[inverse].0;
        let step =
            Direction { params, control: &control, z: &z, p: &p, history: &history, inverse, flexible };
        run_once(gpu, |plan| step.record(plan))?;
        let mut outputs = of_control(gpu, &CG_DIRECTION, &params, 3, &control)?;
        outputs.extend([(&CG_DIRECTION, values(gpu, &p)?), (&CG_DIRECTION, values(gpu, &history)?)]);
        Ok(outputs)
    })
}

fn begin<T: Real>(suite: &mut Suite<'_>, quads: usize, groups: u32, inverse: usize) -> Result<(), Error> {
    let params = Params::new(quads, COLUMNS, groups, 1, HISTORY, false);
    suite.case(&[&CG_START], &name_of::<T>(quads, inverse, ""), rounding::<T>(), |gpu| {
        let length = 4 * quads * COLUMNS;
        let control = gpu.upload("control", &control::<T>(&params))?;
        let (x, r) = (gpu.upload("x", &poison::<T>(length))?, gpu.upload("r", &numbers::<T>(22, length))?);
        let inverse = &inverses::<T>(gpu, quads)?[inverse].0;
        run_once(gpu, |plan| Begin { params, control: &control, x: &x, r: &r, inverse }.record(plan))?;
        let mut outputs = of_control(gpu, &CG_START, &params, 3, &control)?;
        outputs.push((&CG_START, values(gpu, &x)?));
        Ok(outputs)
    })
}

fn update<T: Real>(
    suite: &mut Suite<'_>,
    quads: usize,
    groups: u32,
    product_groups: u32,
    inverse: usize,
    flexible: bool,
) -> Result<(), Error> {
    let params = Params::new(quads, COLUMNS, groups, product_groups, HISTORY, false);
    let name = name_of::<T>(quads, inverse, if flexible { ", flexible" } else { "" });
    suite.case(&[&CG_UPDATE], &name, rounding::<T>(), |gpu| {
        let length = 4 * quads * COLUMNS;
        let control = gpu.upload("control", &control::<T>(&params))?;
        let (x, r) =
            (gpu.upload("x", &numbers::<T>(14, length))?, gpu.upload("r", &numbers::<T>(15, length))?);
        let (p, ap) =
            (gpu.upload("p", &numbers::<T>(16, length))?, gpu.upload("ap", &numbers::<T>(17, length))?);
        let inverse = &inverses::<T>(gpu, quads)?[inverse].0;
        let step = Update { params, control: &control, x: &x, r: &r, p: &p, ap: &ap, inverse, flexible };
        run_once(gpu, |plan| step.record(plan))?;
        // z·Ap is for flexible directions alone.
        let mut outputs = of_control(gpu, &CG_UPDATE, &params, 2 + usize::from(flexible), &control)?;
        outputs.extend([(&CG_UPDATE, values(gpu, &x)?), (&CG_UPDATE, values(gpu, &r)?)]);
        Ok(outputs)
    })
}

fn inner<T: Real>(
    suite: &mut Suite<'_>,
    quads: usize,
    groups: u32,
    product_groups: u32,
) -> Result<(), Error> {
    let params = Params::new(quads, COLUMNS, groups, product_groups, HISTORY, true);
    suite.case(&[&CG_INNER], &format!("{}, n = {}", precision::<T>(), 4 * quads), rounding::<T>(), |gpu| {
        let length = 4 * quads * COLUMNS;
        let control = gpu.upload("control", &control::<T>(&params))?;
        let (r, z) =
            (gpu.upload("r", &positive::<T>(18, length))?, gpu.upload("z", &positive::<T>(19, length))?);
        let ap = gpu.upload("ap", &positive::<T>(20, length))?;
        run_once(gpu, |plan| Inner { params, control: &control, r: &r, z: &z, ap: &ap }.record(plan))?;
        Ok(of_control(gpu, &CG_INNER, &params, 3, &control)?)
    })
}

fn of_control<T: Real>(
    gpu: &Gpu,
    kernel: &'static Kernel,
    params: &Params,
    kinds: usize,
    control: &Buffer<T>,
) -> Result<Outputs, GpuError> {
    Ok(states(params, kinds, &values(gpu, control)?).into_iter().map(|state| (kernel, state)).collect())
}

/// Steps with and without a diagonal, on a small grid.
fn chebyshev<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    let generated = generate::parse("poisson:36x5x7", 0)?;
    let Form::Stencil(stencil) = generated.operator.form() else { return Ok(()) };
    for (inverse, degree) in [(0, 1), (0, 4), (1, 4)] {
        let name = format!("{}, {}, degree {degree}", precision::<T>(), ["D = I", "diagonal"][inverse]);
        suite.case(&[&CHEBYSHEV], &name, rounding::<T>(), |gpu| {
            let operator = DeviceStencil::<T>::new(gpu, stencil, 1.0 / 6.0)?;
            let length = operator.ordering().device_len();
            let params = Params::new(length / 4, COLUMNS, 3, operator.groups(), HISTORY, true);
            let control = gpu.upload("control", &control::<T>(&params))?;
            let inverse = inverses::<T>(gpu, length / 4)?[inverse].0.clone();
            let vector = |label| gpu.upload(label, &poison::<T>(length * COLUMNS));
            let preconditioner = DevicePreconditioner::Chebyshev {
                inverse,
                degree,
                interval: [0.07, 2.0],
                work: [vector("Az")?, vector("d")?],
            };
            let (r, z) = (gpu.upload("r", &numbers::<T>(21, length * COLUMNS))?, vector("z")?);
            let mut plan = Plan::new(gpu, "chebyshev");
            preconditioner.record(&mut plan, &operator, &params, &control, &r, &z)?;
            plan.run()?;
            Ok(vec![(&CHEBYSHEV, values(gpu, &z)?)])
        })?;
    }
    Ok(())
}
