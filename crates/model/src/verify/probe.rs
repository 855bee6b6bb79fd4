//! The probe's kernels. They exist to find out how devices differ, so the comparison allows what WGSL allows.

use ansatz_gpu::Real;
use ansatz_gpu::probe::{Double, Functions, Loops, Subgroup, TwoSum};
use ansatz_shaders::probe::{DOUBLE, FUNCTIONS, LOOPS, SUBGROUP, TWO_SUM};

use super::{Suite, numbers, poison, precision, run_once, values};
use crate::Error;

/// What WGSL demands of sin and cos on [−π, π], and more than it demands of the others.
const FUNCTION_TOLERANCE: f64 = 1.0 / 2048.0;

pub(super) fn run(suite: &mut Suite<'_>) -> Result<(), Error> {
    double::<f32>(suite)?;
    if suite.gpu.capabilities().f64 {
        double::<f64>(suite)?;
    }

    for n in [1, 65, 1027] {
        suite.case(&[&FUNCTIONS], &format!("n = {n}"), FUNCTION_TOLERANCE, |gpu| {
            let x: Vec<f32> = numbers::<f32>(1, n).iter().map(|x| 3.0 * x).collect();
            let (x, y) = (gpu.upload("x", &x)?, gpu.upload("y", &poison::<f32>(5 * n))?);
            run_once(gpu, |plan| Functions { x: &x, y: &y }.record(plan))?;
            Ok(values(gpu, &y)?.chunks(n).map(|values| (&FUNCTIONS, values.to_vec())).collect())
        })?;

        // A compiler may delete the error term, which is at most half a unit in the last place of the sum.
        suite.case(&[&TWO_SUM], &format!("n = {n}"), f64::from(f32::EPSILON), |gpu| {
            let (a, b) = (numbers::<f32>(2, n), numbers::<f32>(3, n));
            let errors = gpu.upload("errors", &poison::<f32>(2 * n))?;
            let zero = gpu.buffer::<u32>("zero", 1)?;
            let (terms_a, terms_b) = (gpu.upload("a", &a)?, gpu.upload("b", &b)?);
            run_once(gpu, |plan| {
                TwoSum { a: &terms_a, b: &terms_b, zero: &zero, errors: &errors }.record(plan)
            })?;
            let sums = a.iter().zip(&b).map(|(a, b)| f64::from(a + b)).cycle();
            Ok(vec![(&TWO_SUM, sums.zip(values(gpu, &errors)?).map(|(sum, error)| sum + error).collect())])
        })?;
    }

    for rounds in [0, 1, 10_007] {
        suite.case(&[&LOOPS], &format!("{rounds} rounds"), 0.0, |gpu| {
            let counts = gpu.upload("counts", &[u32::MAX; 2])?;
            run_once(gpu, |plan| Loops { rounds, counts: &counts }.record(plan))?;
            Ok(vec![(&LOOPS, gpu.read(&counts)?.into_iter().map(f64::from).collect())])
        })?;
    }

    // Sizes differ from device to device; what a lane is told and what it counts do not.
    suite.case(&[&SUBGROUP], "told and counted", 0.0, |gpu| {
        let lanes = Subgroup::LANES as usize;
        let sizes = gpu.upload("sizes", &vec![0; 2 * lanes])?;
        run_once(gpu, |plan| Subgroup { sizes: &sizes }.record(plan))?;
        let sizes = gpu.read(&sizes)?;
        Ok(vec![(
            &SUBGROUP,
            (0..lanes).map(|lane| f64::from(sizes[lane]) / f64::from(sizes[lanes + lane])).collect(),
        )])
    })
}

fn double<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    suite.case(&[&DOUBLE], precision::<T>(), 0.0, |gpu| {
        let (one, evidence) = (gpu.upload("one", &[1])?, gpu.upload("evidence", &[u32::MAX; 2])?);
        run_once(gpu, |plan| Double { one: &one, evidence: &evidence }.record::<T>(plan))?;
        // In f32 a compiler may cancel the second by algebra.
        let told = if T::IS_F64 { 2 } else { 1 };
        Ok(vec![(&DOUBLE, gpu.read(&evidence)?.into_iter().take(told).map(f64::from).collect())])
    })
}
