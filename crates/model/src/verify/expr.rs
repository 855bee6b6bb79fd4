//! Emitted expressions.

use ansatz_expr::{Expr, Jet, Leaf, Program, Scalar};
use ansatz_features::{Evaluate, Residual};
use ansatz_gpu::Real;
use ansatz_shaders::expr::{EVALUATE, RESIDUAL};

use super::{Suite, numbers, poison, precision, run_once, values};
use crate::Error;

/// A dozen roundings of values of size one.
const ULPS: f64 = 24.0;

pub(super) fn run<T: Real + Scalar>(suite: &mut Suite<'_>) -> Result<(), Error> {
    let [x, y] = [0, 1].map(|axis| Expr::leaf(Leaf::Coordinate(axis)));
    let program = Program::new(&[(&x * &y).sin() + (-&x * &x).exp(), (&x * 3.0 - &y).tanh() / 2.0]);
    for n in [0, 1, 257, 4099] {
        let stride = Evaluate::<T>::stride(n);
        suite.case(
            &[&EVALUATE],
            &format!("{}, {n} points", precision::<T>()),
            ULPS * T::epsilon().widen(),
            |gpu| {
                let inputs = gpu.upload("inputs", &numbers::<T>(11, program.inputs().len() * stride))?;
                let outputs = gpu.upload("outputs", &poison::<T>(program.output_count() * stride))?;
                let launch = Evaluate { program: &program, inputs: &inputs, outputs: &outputs, points: n };
                run_once(gpu, |plan| launch.record(plan))?;
                Ok(vec![(&EVALUATE, values(gpu, &outputs)?)])
            },
        )?;
    }
    residuals::<T>(suite)
}

/// R = u u_x + x u.
fn residuals<T: Real + Scalar>(suite: &mut Suite<'_>) -> Result<(), Error> {
    let jets = [Jet::value(0), Jet::value(0).derivative(0)].map(Leaf::Jet);
    let [u, slope] = jets.map(Expr::leaf);
    let residual = &(&u * &slope) + &(&Expr::leaf(Leaf::Coordinate(0)) * &u);
    let partials = jets.map(|jet| residual.partial(&jet));
    let program = Program::new(&[&[residual][..], &partials].concat());
    for n in [0, 1, 257, 4099] {
        let stride = Evaluate::<T>::stride(n);
        let name = format!("{}, {n} points", precision::<T>());
        suite.case(&[&RESIDUAL], &name, ULPS * T::epsilon().widen(), |gpu| {
            let [fixed, jets] = [12, 13].map(|seed| gpu.upload("inputs", &numbers::<T>(seed, 2 * stride)));
            let coefficients = gpu.upload("coefficients", &poison::<T>(2 * stride))?;
            let losses = gpu.upload("losses", &poison::<T>(stride))?;
            let scales = gpu.upload("scales", &[T::nan(), T::from_f64(0.25)])?;
            let launch = Residual {
                program: &program,
                scales: &scales,
                scale: 1,
                fixed: &fixed?,
                jets: &jets?,
                coefficients: &coefficients,
                losses: &losses,
                points: n,
            };
            run_once(gpu, |plan| launch.record(plan))?;
            Ok(vec![(&RESIDUAL, values(gpu, &coefficients)?), (&RESIDUAL, values(gpu, &losses)?)])
        })?;
    }
    Ok(())
}
