//! Emitted expressions.

use ansatz_expr::{Expr, Leaf, Program, Scalar};
use ansatz_features::Evaluate;
use ansatz_gpu::Real;
use ansatz_shaders::expr::EVALUATE;

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
    Ok(())
}
