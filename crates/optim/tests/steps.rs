//! Gauss–Newton steps: the triangle, the kernel form and conjugate gradients give the same.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use ansatz_gpu::Gpu;
use ansatz_linalg::{LeastSquares, Matrix};
use ansatz_optim::{ConjugateGradients, Jacobian, Step, StepReason};

/// Column after column.
struct Dense {
    rows: usize,
    entries: Vec<f64>,
}

impl Dense {
    /// Columns of different lengths, none of which depends on the others.
    fn new(rows: usize, columns: usize) -> Self {
        let entry = |i: usize, j: usize| {
            let size = [1.0, 100.0, 0.01][j % 3];
            size * ((1.3 * i as f64 + 0.1 * ((i + 2) * j * j) as f64).sin() + f64::from(u8::from(i == j)))
        };
        let entries = (0..columns).flat_map(|j| (0..rows).map(move |i| entry(i, j))).collect();
        Self { rows, entries }
    }

    fn columns(&self) -> usize {
        self.entries.len() / self.rows
    }
}

impl Jacobian for Dense {
    type Error = Infallible;

    fn multiply(&mut self, v: &[f64]) -> Result<Vec<f64>, Infallible> {
        let mut product = vec![0.0; self.rows];
        for (column, v) in self.entries.chunks(self.rows).zip(v) {
            product.iter_mut().zip(column).for_each(|(product, a)| *product += a * v);
        }
        Ok(product)
    }

    fn multiply_transposed(&mut self, w: &[f64]) -> Result<Vec<f64>, Infallible> {
        Ok(self
            .entries
            .chunks(self.rows)
            .map(|column| column.iter().zip(w).map(|(a, w)| a * w).sum())
            .collect())
    }
}

fn residual(rows: usize) -> Vec<f64> {
    (0..rows).map(|i| (0.7 * i as f64 + 0.3).cos()).collect()
}

fn solve(
    how: ConjugateGradients,
    j: &mut Dense,
    r: &[f64],
    d: &[f64],
    damping: impl Fn(usize) -> f64,
) -> Step {
    let Ok(step) = how.solve(j, r, d, damping);
    step
}

/// Tall and wide: the triangle and the kernel form, which `LeastSquares` chooses by the shape.
#[test]
fn three_ways_give_one_step() {
    let gpu = Gpu::cpu();
    for (rows, columns) in [(40, 12), (12, 40), (20, 20), (1, 3)] {
        let mut jacobian = Dense::new(rows, columns);
        let r = residual(rows);
        let a = Matrix::upload(&gpu, "J", rows, columns, &jacobian.entries).unwrap();
        let b = Matrix::upload(&gpu, "r", rows, 1, &r).unwrap();
        let problem = LeastSquares::default().factor(&gpu, &a, &b).unwrap().unwrap();
        let damping = |j: usize| [0.1, 0.5][j % 2];
        let solution = problem.solve(damping);
        let (expected, promised) = (solution.x, solution.decrease);

        let how = ConjugateGradients { rtol: 1e-12, ..ConjugateGradients::default() };
        let lengths = problem.lengths();
        let step = solve(how, &mut jacobian, &r, &lengths, damping);
        assert_eq!(step.reason, StepReason::Rtol, "{step:?}");
        // A gradient of 1e-12 and a condition of at most (√columns/0.1)².
        let size = expected.iter().zip(&lengths).map(|(x, d)| (x * d).abs()).fold(0.0, f64::max);
        for ((found, expected), d) in step.delta.iter().zip(&expected).zip(&lengths) {
            assert!(
                (found - expected).abs() * d <= 1e-8 * size,
                "{rows}×{columns}: {found:e}, not {expected:e}"
            );
        }
        assert!((step.promised - promised).abs() <= 1e-8 * promised, "{:e}, not {promised:e}", step.promised);
    }
}

#[test]
fn the_trust_region_cuts_the_way() {
    let (mut jacobian, r) = (Dense::new(30, 8), residual(30));
    let d: Vec<f64> = (0..8).map(|j| [1.0, 100.0, 0.01][j % 3]).collect();
    let length = |step: &Step| step.delta.iter().zip(&d).map(|(x, d)| (x * d).powi(2)).sum::<f64>().sqrt();
    let free = solve(
        ConjugateGradients { rtol: 1e-12, ..ConjugateGradients::default() },
        &mut jacobian,
        &r,
        &d,
        |_| 0.0,
    );
    let mut promised = 0.0;
    for part in [1e-3, 0.3, 0.7, 0.99] {
        let how = ConjugateGradients { radius: part * length(&free), ..ConjugateGradients::default() };
        let step = solve(how, &mut jacobian, &r, &d, |_| 0.0);
        assert_eq!(step.reason, StepReason::Boundary, "{step:?}");
        assert!((length(&step) / how.radius - 1.0).abs() < 1e-12, "{step:?}");
        // Further is lower (Steihaug, theorem 2.1).
        assert!(step.promised > promised && step.promised <= free.promised);
        promised = step.promised;
    }
    let how =
        ConjugateGradients { radius: 1.01 * length(&free), rtol: 1e-12, ..ConjugateGradients::default() };
    assert_eq!(solve(how, &mut jacobian, &r, &d, |_| 0.0).delta, free.delta);
    // The first step is along the gradient.
    let how = ConjugateGradients { radius: 1e-6, ..ConjugateGradients::default() };
    let step = solve(how, &mut jacobian, &r, &d, |_| 0.0);
    let Ok(gradient) = jacobian.multiply_transposed(&r);
    let ratio = |j: usize| step.delta[j] * d[j] * d[j] / gradient[j];
    assert!((0..8).all(|j| (ratio(j) / ratio(0) - 1.0).abs() < 1e-10), "{step:?}");
}

#[test]
fn every_stop_has_its_reason() {
    let (mut jacobian, r) = (Dense::new(30, 8), residual(30));
    assert_eq!(jacobian.columns(), 8);
    let few = ConjugateGradients { max_iterations: 2, ..ConjugateGradients::default() };
    let step = solve(few, &mut jacobian, &r, &[1.0; 8], |_| 0.0);
    assert_eq!((step.reason, step.iterations), (StepReason::MaxIterations, 2));
    assert!(step.promised > 0.0 && step.relative_gradient > 0.0);

    let plain = ConjugateGradients::default();
    let step = solve(plain, &mut jacobian, &[0.0; 30], &[1.0; 8], |_| 0.0);
    assert_eq!((step.reason, step.delta, step.promised), (StepReason::ZeroGradient, vec![0.0; 8], 0.0));
    let step = solve(plain, &mut jacobian, &[f64::NAN; 30], &[1.0; 8], |_| 0.0);
    assert_eq!((step.reason, step.delta), (StepReason::NonFinite, vec![0.0; 8]));

    /// Products that contradict each other: Jᵀ has an effect, J has none.
    struct Flat;
    impl Jacobian for Flat {
        type Error = Infallible;
        fn multiply(&mut self, _: &[f64]) -> Result<Vec<f64>, Infallible> {
            Ok(vec![0.0])
        }
        fn multiply_transposed(&mut self, w: &[f64]) -> Result<Vec<f64>, Infallible> {
            Ok(w.to_vec())
        }
    }
    for (radius, expected) in [(f64::INFINITY, 0.0), (2.0, 2.0)] {
        let Ok(step) = ConjugateGradients { radius, ..plain }.solve(&mut Flat, &[1.0], &[1.0], |_| 0.0);
        assert_eq!((step.reason, step.delta), (StepReason::NoCurvature, vec![expected]));
    }
    // Damping is curvature.
    let Ok(step) = plain.solve(&mut Flat, &[1.0], &[1.0], |_| 2.0);
    assert_eq!(step.reason, StepReason::Rtol);
}

/// A product that somebody loses patience with.
struct Impatient(Dense, usize);

impl Jacobian for Impatient {
    type Error = Infallible;

    fn multiply(&mut self, v: &[f64]) -> Result<Vec<f64>, Infallible> {
        self.0.multiply(v)
    }

    fn multiply_transposed(&mut self, w: &[f64]) -> Result<Vec<f64>, Infallible> {
        self.0.multiply_transposed(w)
    }

    fn goes_on(&mut self) -> bool {
        self.1 = self.1.saturating_sub(1);
        self.1 > 0
    }
}

#[test]
fn a_step_that_is_stopped_still_goes_down() {
    let (rows, columns) = (30, 12);
    let r = residual(rows);
    let mut before = 0.0;
    for patience in 1..6 {
        let mut j = Impatient(Dense::new(rows, columns), patience);
        let step = ConjugateGradients::default().solve(&mut j, &r, &[1.0; 12], |_| 1e-3).unwrap();
        assert_eq!((step.reason, step.iterations), (StepReason::Stopped, patience - 1));
        assert!(step.promised > before || patience == 1 && step.promised == 0.0, "{step:?}");
        before = step.promised;
    }
}
