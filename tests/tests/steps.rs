//! Gauss–Newton steps from products on every device, against the factored problem on the host.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_linalg::{Gemv, LeastSquares, Matrix};
use ansatz_optim::{DeviceJacobian, NormalEquations, StepReason};
use ansatz_tests::{assert_close, each, noise, runs};

/// A stored J, with columns of zeros up to a multiple of four.
struct Dense<T> {
    padded: Matrix<T>,
    columns: usize,
}

impl<T: Real> DeviceJacobian<T> for Dense<T> {
    fn rows(&self) -> usize {
        self.padded.rows()
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn multiply(&self, plan: &mut Plan, v: &Buffer<T>, out: &Buffer<T>) -> Result<(), GpuError> {
        let (alpha, beta) = (T::one(), T::zero());
        Gemv { alpha, a: self.padded.all(), transpose: false, x: v, beta, y: out }.record(plan)
    }

    fn multiply_transposed(&self, plan: &mut Plan, w: &Buffer<T>, out: &Buffer<T>) -> Result<(), GpuError> {
        let (alpha, beta) = (T::one(), T::zero());
        Gemv { alpha, a: self.padded.all(), transpose: true, x: w, beta, y: out }.record(plan)
    }
}

/// Columns of lengths from 0.03 to 30 times √rows.
fn jacobian<T: Real>(gpu: &Gpu, rows: usize, columns: usize) -> (Dense<T>, Vec<T>) {
    let mut entries = noise::<T>(rows * columns, 1);
    for (j, column) in entries.chunks_mut(rows).enumerate() {
        let size = T::from_f64([1.0, 30.0, 0.03][j % 3]);
        column.iter_mut().for_each(|entry| *entry *= size);
    }
    let wide = columns.next_multiple_of(4);
    let mut padded = entries.clone();
    padded.resize(rows * wide, T::zero());
    (Dense { padded: Matrix::upload(gpu, "J", rows, wide, &padded).unwrap(), columns }, entries)
}

#[test]
fn products_give_the_step_of_the_factored_problem() {
    fn check<T: Real>(gpu: &Gpu) {
        for (rows, columns) in [(1, 1), (40, 13), (13, 40), (301, 97), (20, 1021)] {
            let (dense, entries) = jacobian::<T>(gpu, rows, columns);
            let residual = noise::<T>(rows, 2);
            let damping = |j: usize| [0.3, 1.0][j % 2];
            let wide = |x: &[T]| x.iter().map(|x| x.widen()).collect::<Vec<f64>>();
            let cpu = Gpu::cpu();
            let a = Matrix::upload(&cpu, "J", rows, columns, &wide(&entries)).unwrap();
            let b = Matrix::upload(&cpu, "r", rows, 1, &wide(&residual)).unwrap();
            let problem = LeastSquares::default().factor(&cpu, &a, &b).unwrap().unwrap();
            let solution = problem.solve(damping);
            let (expected, promised) = (solution.x, solution.decrease);
            let lengths = problem.lengths();

            let mut equations = NormalEquations::new(gpu, &dense, 500, 16).unwrap();
            gpu.write(equations.residual(), 0, &residual).unwrap();
            // As far as the precision lets it: the gradient is measured without the scales, which span 10³.
            let rtol = 100.0 * T::epsilon().widen();
            let step = equations.solve(&lengths, damping, rtol).unwrap();
            assert_eq!(step.reason, StepReason::Rtol, "{rows}×{columns}: {step:?}");
            assert!(step.relative_gradient <= rtol && step.iterations <= 500);
            // The smallest eigenvalue of the scaled matrix is 0.3², and the scales of the gradient differ by 10³.
            let size = expected.iter().zip(&lengths).map(|(x, d)| (x * d).powi(2)).sum::<f64>().sqrt();
            let scaled = |x: &[f64]| x.iter().zip(&lengths).map(|(x, d)| x * d).collect::<Vec<f64>>();
            let tolerance = 1e3 * rtol * (columns as f64).sqrt() / 0.09 * size;
            let found: Vec<f64> = scaled(&step.delta);
            assert_close(&found, &scaled(&expected), |_| tolerance);
            assert!(
                (step.promised - promised).abs() <= 1e3 * rtol * promised,
                "{:e} {promised:e}",
                step.promised
            );

            // Once more, with another damping and another residual: nothing is left of the last solve.
            let again = equations.solve(&lengths, |_| 1e3, rtol).unwrap();
            assert!(again.promised < step.promised);
            let repeated = equations.solve(&lengths, damping, rtol).unwrap();
            assert_eq!(repeated, step);
        }
    }
    each(|gpu| {
        check::<f32>(gpu);
        if runs::<f64>(gpu) {
            check::<f64>(gpu);
        }
    });
}

#[test]
fn every_stop_has_its_reason() {
    each(|gpu| {
        let (dense, _) = jacobian::<f32>(gpu, 30, 9);
        let mut equations = NormalEquations::new(gpu, &dense, 2, 1).unwrap();
        let reason = |equations: &mut NormalEquations<f32>, residual: &[f32]| {
            gpu.write(equations.residual(), 0, residual).unwrap();
            equations.solve(&[1.0; 9], |_| 0.0, 1e-6).unwrap().reason
        };
        assert_eq!(reason(&mut equations, &[0.0; 30]), StepReason::ZeroGradient);
        assert_eq!(reason(&mut equations, &[f32::NAN; 30]), StepReason::NonFinite);
        assert_eq!(reason(&mut equations, &noise(30, 3)), StepReason::MaxIterations);
        assert!(matches!(equations.solve(&[1.0; 8], |_| 0.0, 1e-6), Err(GpuError::Misuse { .. })));
    });
}
