//! Φ of scalable neural network kernels.

use ansatz_gpu::Real;
use ansatz_linalg::{Matrix, SLAB_GRAIN};
use ansatz_random_features::snnk::{Kernel, Snnk, Spectrum};
use ansatz_shaders::snnk::PHI;

use super::{Suite, numbers, poison, precision, rounding, run_once};
use crate::Error;

/// Points, coordinates and features: no point, no coordinate, odd, two slabs of features, many points.
const SIZES: [[usize; 3]; 5] = [[0, 3, 5], [9, 0, 5], [37, 3, 13], [5, 17, 131], [4099, 2, 5]];

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for [count, dimensions, features] in SIZES {
        for kernel in [Kernel::cosine(), Kernel::Universal(Spectrum::Gaussian), Kernel::ArcCosine] {
            let what = match &kernel {
                Kernel::ArcCosine => "arc-cosine",
                Kernel::Universal(Spectrum::Gaussian) => "Gaussian",
                Kernel::Universal(_) => "cosine",
            };
            let name = format!(
                "{}, {what}, {count} points of {dimensions} coordinates, {features} features",
                precision::<T>()
            );
            let options = Snnk { count: features, damping: 0.1, antithetic: true, ..Snnk::new(kernel) };
            let map = options.features(dimensions)?;
            suite.case(&[&PHI], &name, rounding::<T>(), |gpu| {
                let points = numbers::<T>(30, count * dimensions);
                let points = Matrix::upload(gpu, "points", count, dimensions, &points)?;
                // Rows below those that are written keep what they hold.
                let phi = Matrix::in_slabs(gpu, "phi", count + 9, features, SLAB_GRAIN)?;
                for (slab, _) in phi.slabs() {
                    gpu.write(slab, 0, &poison::<T>(slab.len()))?;
                }
                let map = map.upload(gpu)?;
                run_once(gpu, |plan| map.record(plan, &points, &phi))?;
                map.check()?;
                Ok(vec![(&PHI, phi.read(gpu)?.into_iter().map(Real::widen).collect())])
            })?;
        }
    }
    Ok(())
}
