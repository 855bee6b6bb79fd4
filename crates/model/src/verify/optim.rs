//! Adam, and the damping of normal equations.

use ansatz_gpu::Real;
use ansatz_linalg::Grid;
use ansatz_optim::{Adam, AdamOptions, AdamRate, AdamUpdate, Damp, Decay, Schedule};
use ansatz_shaders::optim::{ADAM, ADAM_RATE, DAMP};

use super::{Suite, numbers, positive, precision, rounding, run_once, values};
use crate::Error;

/// Empty, below and above a vec4 and a workgroup, all odd; and one in more workgroups than one dimension of a dispatch
/// holds.
const CASES: [(usize, Option<Grid>); 5] =
    [(0, None), (1, None), (257, None), (4099, None), (1027, Some(Grid { lanes: 64, groups: 70_001 }))];

/// Status, t = 2, η, 1 − β₁ᵗ, 1 − β₂ᵗ, g·g, scale.
const CONTROL: [f64; 7] = [0.0, 2.0, 0.1, 0.19, 0.002, 9.0, 0.5];

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    let decays = [
        Decay::Constant,
        Decay::Exponential { factor: 0.5, steps: 10 },
        Decay::Cosine { steps: 10, last: 0.1 },
    ];
    for decay in decays {
        for square in [9.0, f64::NAN] {
            let name = format!("{}, {decay:?}, g·g = {square}", precision::<T>());
            suite.case(&[&ADAM_RATE], &name, rounding::<T>(), |gpu| {
                let schedule = Schedule { warm_up: 1, decay, ..Schedule::constant(0.1) };
                let options = AdamOptions { schedule, clip: Some(1.0), ..AdamOptions::default() };
                let mut control = CONTROL.map(T::from_f64);
                control[Adam::<T>::SQUARE] = T::from_f64(square);
                let control = gpu.upload("control", &control)?;
                run_once(gpu, |plan| AdamRate { options, control: &control }.record(plan))?;
                Ok(vec![(&ADAM_RATE, values(gpu, &control)?)])
            })?;
        }
    }
    for n in [0, 4, 260, 4100, 262_148] {
        for status in [0.0, 1.0] {
            let name = format!("{}, n = {n}, status {status}", precision::<T>());
            suite.case(&[&DAMP], &name, rounding::<T>(), |gpu| {
                let groups = Damp::<T>::groups(n) as usize;
                let mut control = vec![T::from_f64(2.0); 16 + groups];
                control[0] = T::from_f64(status);
                let control = &gpu.upload("control", &control)?;
                let (d, x) = (&gpu.upload("d", &positive(5, n))?, &gpu.upload("x", &positive(6, n))?);
                let y = &gpu.upload("y", &positive(7, n))?;
                run_once(gpu, |plan| Damp { control, d, x, y }.record(plan))?;
                // Twin and kernel cut the vectors differently, so that only the sum of the parts can be compared.
                let sum = values::<T>(gpu, control)?[16..].iter().sum();
                Ok(vec![(&DAMP, vec![sum]), (&DAMP, values(gpu, y)?)])
            })?;
        }
    }
    for (n, grid) in CASES {
        for status in [0.0, 1.0] {
            let name = format!("{}, n = {n}, status {status}", precision::<T>());
            suite.case(&[&ADAM], &name, rounding::<T>(), |gpu| {
                let mut control = CONTROL.map(T::from_f64);
                control[Adam::<T>::STATUS] = T::from_f64(status);
                let control = &gpu.upload("control", &control)?;
                let (g, theta) = (&gpu.upload("g", &numbers(1, n))?, &gpu.upload("θ", &numbers(2, n))?);
                let (m, v) = (&gpu.upload("m", &numbers(3, n))?, &gpu.upload("v", &positive(4, n))?);
                let (options, grid) = (AdamOptions::default(), grid.unwrap_or_else(|| Grid::stream(gpu, n)));
                run_once(gpu, |plan| AdamUpdate { options, control, g, theta, m, v, grid }.record(plan))?;
                Ok(vec![
                    (&ADAM, values::<T>(gpu, theta)?),
                    (&ADAM, values(gpu, m)?),
                    (&ADAM, values(gpu, v)?),
                ])
            })?;
        }
    }
    Ok(())
}
