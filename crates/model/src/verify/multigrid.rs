//! The kernels of multigrid, geometric and algebraic, in whole cycles.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_krylov::amg::{self, Amg, SmoothedAggregation};
use ansatz_krylov::cg::control::Params;
use ansatz_krylov::device::{DeviceOperator, DeviceSell};
use ansatz_krylov::generate;
use ansatz_krylov::multigrid::{Cycle, Hierarchy, Multigrid, Smoother, Transfer};
use ansatz_krylov::operator::{Csr, Form, Sell, SellLayout};
use ansatz_krylov::rounded::{NarrowCycle, RoundedCycle};
use ansatz_shaders::krylov::{
    MULTIGRID_COARSEST, MULTIGRID_COLOUR, MULTIGRID_PROLONG, MULTIGRID_RESIDUAL, MULTIGRID_RESTRICT,
    MULTIGRID_SMOOTH, ROUNDING, SELL_UPDATE,
};

use super::{Suite, numbers, poison, precision, rounding, run_once, values};
use crate::Error;

pub(super) const COLUMNS: usize = 2;
/// Deep and flat, odd, with walls and air, with jumps of the coefficient.
pub(super) const GRIDS: [&str; 4] =
    ["poisson:13x11x9", "poisson:37x23", "obstacles:14x13x12", "contrast:18x9x11:100"];

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    geometric::<T>(suite)?;
    rounded::<T>(suite)?;
    algebraic::<T>(suite)
}

fn geometric<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for text in GRIDS {
        let operator = generate::parse(text, 1)?.operator;
        for (smoother, transfer) in [
            (Smoother::Jacobi, Transfer::Trilinear),
            (Smoother::Chebyshev, Transfer::Constant),
            (Smoother::RedBlack, Transfer::Trilinear),
        ] {
            let settings = Multigrid { cycle: Some(Cycle::W), smoother, sweeps: 2, transfer: Some(transfer) };
            let smooth = if smoother == Smoother::RedBlack { &MULTIGRID_COLOUR } else { &MULTIGRID_SMOOTH };
            let kernels =
                [smooth, &MULTIGRID_RESIDUAL, &MULTIGRID_RESTRICT, &MULTIGRID_COARSEST, &MULTIGRID_PROLONG];
            let name = format!("{}, {text}, {settings}", precision::<T>());
            // A cycle is some dozens of sums one after another, and the condition of the coarsest level is some hundreds.
            suite.case(&kernels, &name, 32.0 * rounding::<T>(), |gpu| {
                let hierarchy = Hierarchy::<T>::new(gpu, &*operator, 0.125, settings, COLUMNS)?;
                let length = hierarchy.length();
                let z = cycle(gpu, length, |plan, params, [control, r, z]| {
                    hierarchy.record(plan, params, control, r, z)
                })?;
                Ok(kernels.iter().map(|&kernel| (kernel, z.clone())).collect())
            })?;
        }
    }
    Ok(())
}

/// Cycles in f32 within a loop in this precision.
fn rounded<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for text in GRIDS {
        let operator = generate::parse(text, 1)?.operator;
        let name = format!("{}, {text}", precision::<T>());
        // As for the cycle itself, in f32.
        suite.case(&[&ROUNDING], &name, 32.0 * rounding::<f32>(), |gpu| {
            let hierarchy = Hierarchy::<f32>::new(gpu, &*operator, 0.125, Multigrid::default(), COLUMNS)?;
            let length = hierarchy.length();
            let narrow = RoundedCycle::new(gpu, NarrowCycle::Multigrid(hierarchy), COLUMNS)?;
            let z = cycle::<T>(gpu, length, |plan, params, [control, r, z]| {
                narrow.record(plan, params, control, r, z)
            })?;
            Ok(vec![(&ROUNDING, z)])
        })?;
    }
    Ok(())
}

/// Records a cycle, runs it, and reads z. The second column does not run.
pub(super) fn cycle<T: Real>(
    gpu: &Gpu,
    length: usize,
    record: impl FnOnce(&mut Plan, &Params, [&Buffer<T>; 3]) -> Result<(), GpuError>,
) -> Result<Vec<f64>, GpuError> {
    let params = Params::new(length / 4, COLUMNS, 1, 1, 1, true);
    let mut words = poison::<T>(params.control_words());
    words[params.back(0)] = T::zero();
    words[params.back(1)] = T::one();
    let control = gpu.upload("control", &words)?;
    let r = gpu.upload("r", &numbers::<T>(22, length * COLUMNS))?;
    let z = gpu.upload("z", &poison::<T>(length * COLUMNS))?;
    run_once(gpu, |plan| record(plan, &params, [&control, &r, &z]))?;
    values(gpu, &z)
}

/// Matrices with one and with several unknowns per node, and one with a row that is full.
fn algebraic<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    let mut matrices = Vec::new();
    for text in ["elasticity:19x23", "elasticity:7x6x9"] {
        let generated = generate::parse(text, 1)?;
        let Form::Csr(matrix) = generated.operator.form() else { continue };
        matrices.push((text, matrix.clone(), generated.near_null.map(|modes| (*modes).clone())));
    }
    matrices.push(("one row full", arrow(1501)?, None));
    for (text, matrix, near_null) in matrices {
        let aggregation = SmoothedAggregation::new(&matrix, near_null)?;
        let diagonal = matrix.diagonal();
        let scaled = matrix.scaled(&diagonal.iter().map(|d| 1.0 / d.sqrt()).collect::<Vec<_>>())?;
        for (smoother, sweeps) in [(Smoother::Jacobi, 1), (Smoother::Chebyshev, 3)] {
            let settings = Amg { cycle: Cycle::W, smoother, sweeps };
            let name = format!("{}, {text}, {settings}", precision::<T>());
            suite.case(&[&SELL_UPDATE, &MULTIGRID_COARSEST], &name, 32.0 * rounding::<T>(), |gpu| {
                let finest = DeviceSell::new(gpu, &Sell::<T>::new(&scaled, SellLayout::default())?)?;
                let hierarchy = amg::Hierarchy::new(gpu, &aggregation, &finest, settings, COLUMNS)?;
                let length = finest.ordering().device_len();
                let z = cycle(gpu, length, |plan, params, [control, r, z]| {
                    hierarchy.record(plan, params, control, r, z)
                })?;
                Ok(vec![(&SELL_UPDATE, z.clone()), (&MULTIGRID_COARSEST, z)])
            })?;
        }
    }
    Ok(())
}

/// A chain with links from its first node to all others, and the value zero not far.
fn arrow(n: usize) -> Result<Csr, Error> {
    let mut diagonal = vec![0.1; n];
    let mut triplets = Vec::new();
    for (i, j) in (1..n).map(|i| (0, i)).chain((1..n - 1).map(|i| (i, i + 1))) {
        triplets.extend([(i, j, -1.0), (j, i, -1.0)]);
        diagonal[i] += 1.0;
        diagonal[j] += 1.0;
    }
    triplets.extend(diagonal.into_iter().enumerate().map(|(i, d)| (i, i, d)));
    Ok(Csr::from_triplets(n, n, &triplets)?)
}
