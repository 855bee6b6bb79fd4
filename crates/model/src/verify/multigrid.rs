//! The kernels of multigrid, in whole cycles.

use ansatz_gpu::Real;
use ansatz_krylov::cg::control::Params;
use ansatz_krylov::generate;
use ansatz_krylov::multigrid::{Cycle, Hierarchy, Multigrid, Smoother, Transfer};
use ansatz_shaders::krylov::{
    MULTIGRID_COARSEST, MULTIGRID_COLOUR, MULTIGRID_PROLONG, MULTIGRID_RESIDUAL, MULTIGRID_RESTRICT,
    MULTIGRID_SMOOTH,
};

use super::{Suite, numbers, poison, precision, rounding, run_once, values};
use crate::Error;

/// The second column does not run.
const COLUMNS: usize = 2;
/// Deep and flat, odd, with walls and air, with jumps of the coefficient.
const GRIDS: [&str; 4] = ["poisson:13x11x9", "poisson:37x23", "obstacles:14x13x12", "contrast:18x9x11:100"];

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for text in GRIDS {
        let operator = generate::parse(text, 1)?.operator;
        for (smoother, transfer) in [
            (Smoother::Jacobi, Transfer::Trilinear),
            (Smoother::Chebyshev, Transfer::Constant),
            (Smoother::RedBlack, Transfer::Trilinear),
        ] {
            let settings = Multigrid { cycle: Cycle::W, smoother, sweeps: 2, transfer };
            let smooth = if smoother == Smoother::RedBlack { &MULTIGRID_COLOUR } else { &MULTIGRID_SMOOTH };
            let kernels =
                [smooth, &MULTIGRID_RESIDUAL, &MULTIGRID_RESTRICT, &MULTIGRID_COARSEST, &MULTIGRID_PROLONG];
            let name = format!("{}, {text}, {settings}", precision::<T>());
            // A cycle is some dozens of sums one after another, and the condition of the coarsest level is some hundreds.
            suite.case(&kernels, &name, 32.0 * rounding::<T>(), |gpu| {
                let hierarchy = Hierarchy::<T>::new(gpu, &*operator, 0.125, settings, COLUMNS)?;
                let length = hierarchy.length();
                let params = Params::new(length / 4, COLUMNS, 1, 1, 1, true);
                let mut words = poison::<T>(params.control_words());
                words[params.back(0)] = T::zero();
                words[params.back(1)] = T::one();
                let control = gpu.upload("control", &words)?;
                let r = gpu.upload("r", &numbers::<T>(22, length * COLUMNS))?;
                let z = gpu.upload("z", &poison::<T>(length * COLUMNS))?;
                run_once(gpu, |plan| hierarchy.record(plan, &params, &control, &r, &z))?;
                let z = values(gpu, &z)?;
                Ok(kernels.iter().map(|&kernel| (kernel, z.clone())).collect())
            })?;
        }
    }
    Ok(())
}
