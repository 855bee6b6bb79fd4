//! The Krylov methods beside conjugate gradients, on each device: known answers, and the right reason for every end.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::ops::ControlFlow;

use ansatz::gpu::Gpu;
use ansatz::krylov::operator::{Csr, Operator};
use ansatz::krylov::{generate, solve};
use ansatz::{Method, Outcome, Precision, Preconditioner, Progress, Reason, SolveOptions};
use ansatz_tests::each;

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn solve_one(gpu: &Gpu, a: &dyn Operator, b: &[f64], options: &SolveOptions) -> Outcome {
    solve(gpu, a, &[b.to_vec()], None, options, &mut go_on).unwrap().outcomes.remove(0)
}

fn matrix(rows: &[&[f64]]) -> Csr {
    let entries =
        rows.iter().enumerate().flat_map(|(i, row)| row.iter().enumerate().map(move |(j, &v)| (i, j, v)));
    let triplets: Vec<_> = entries.filter(|entry| entry.2 != 0.0).collect();
    Csr::from_triplets(rows.len(), rows.first().map_or(0, |row| row.len()), &triplets).unwrap()
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum::<f64>().sqrt()
}

fn product(a: &dyn Operator, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; a.dimension()];
    a.apply(x, &mut y);
    y
}

fn relative_residual(a: &dyn Operator, x: &[f64], b: &[f64]) -> f64 {
    let r: Vec<f64> = product(a, x).iter().zip(b).map(|(ax, b)| b - ax).collect();
    norm(&r) / norm(b)
}

fn random(seed: u64, n: usize) -> Vec<f64> {
    (0..n as u64).map(|i| generate::random(seed, i)).collect()
}

fn with(method: Method) -> SolveOptions {
    SolveOptions { method, rtol: 1e-10, ..SolveOptions::default() }
}

/// 2 − σ on the diagonal and −1 beside it: eigenvalues 4 sin²(πk/(2(n + 1))) − σ, of both signs for 0 < σ < 4.
fn shifted_chain(n: usize, shift: f64) -> Csr {
    let triplets: Vec<_> = (0..n)
        .flat_map(|i| [(i, i.wrapping_sub(1), -1.0), (i, i, 2.0 - shift), (i, i + 1, -1.0)])
        .filter(|&(_, j, _)| j < n)
        .collect();
    Csr::from_triplets(n, n, &triplets).unwrap()
}

#[test]
fn minres_solves_indefinite_systems() {
    each(|gpu| {
        for text in ["shifted:31x27:0.5", "shifted:9x8x7:1.5", "shifted:40x40:-0.5", "poisson:37x21"] {
            let a = generate::parse(text, 0).unwrap().operator;
            let exact = random(3, a.dimension());
            let b = product(&*a, &exact);
            for preconditioner in [Preconditioner::None, Preconditioner::Jacobi] {
                for precision in [Precision::Auto, Precision::F32] {
                    let options = SolveOptions { preconditioner, precision, ..with(Method::Minres) };
                    let outcome = solve_one(gpu, &*a, &b, &options);
                    let what = format!("{text}, {preconditioner}, {precision:?}");
                    assert_eq!(outcome.reason, Reason::Rtol, "{what}: {:e}", outcome.true_relative_residual);
                    assert!(relative_residual(&*a, &outcome.x, &b) <= 1e-10, "{what}");
                    // The condition is below 1e5 in each case.
                    let error: Vec<f64> = outcome.x.iter().zip(&exact).map(|(x, e)| x - e).collect();
                    assert!(norm(&error) <= 1e-5 * norm(&exact), "{what}: {:e}", norm(&error));
                }
            }
        }
        // A diagonal of both signs and a zero, which Jacobi must neither take a root of nor divide by.
        let a = matrix(&[&[0.0, 2.0, 0.0], &[2.0, -3.0, 1.0], &[0.0, 1.0, 5.0]]);
        let b = product(&a, &[1.0, -2.0, 3.0]);
        let outcome = solve_one(gpu, &a, &b, &with(Method::Minres));
        assert!(outcome.converged(), "{}", outcome.reason);
        assert!(outcome.x.iter().zip([1.0, -2.0, 3.0]).all(|(x, e)| (x - e).abs() < 1e-8));
    });
}

/// The residual never rises: that is what the method minimises.
#[test]
fn residuals_of_minres_fall() {
    each(|gpu| {
        let a = shifted_chain(200, 0.9);
        let b = random(5, 200);
        let options = SolveOptions { preconditioner: Preconditioner::None, ..with(Method::Minres) };
        let outcome = solve_one(gpu, &a, &b, &options);
        assert!(outcome.converged());
        // Within rounding, and but for refinements, which begin at the true residual.
        let rises = outcome.history.windows(2).filter(|pair| pair[1] > pair[0] * (1.0 + 1e-4)).count();
        assert!(rises <= outcome.outer_iterations, "{rises} rises");
        // Eigenvalues of both signs need at most one iteration each, and a few more by rounding.
        if gpu.capabilities().f64 {
            assert!(outcome.iterations <= 220, "{}", outcome.iterations);
        }
    });
}

/// With a preconditioner that has kernels of its own, and one that is not the identity.
#[test]
fn minres_takes_preconditioners() {
    each(|gpu| {
        // Positive definite, so that all of them are.
        for text in ["poisson:33x17", "neumann:16x16", "obstacles:12x12x12"] {
            let a = generate::parse(text, 1).unwrap().operator;
            let b = product(&*a, &random(7, a.dimension()));
            let mut iterations = Vec::new();
            for pc in ["none", "jacobi", "block-jacobi", "chebyshev:4", "multigrid"] {
                let preconditioner: Preconditioner = pc.parse().unwrap();
                let outcome =
                    solve_one(gpu, &*a, &b, &SolveOptions { preconditioner, ..with(Method::Minres) });
                assert!(outcome.converged(), "{text}, {pc}: {}", outcome.reason);
                assert!(relative_residual(&*a, &outcome.x, &b) <= 1e-10, "{text}, {pc}");
                iterations.push(outcome.iterations);
            }
            assert!(iterations[3] < iterations[1] && iterations[4] < iterations[3], "{text}: {iterations:?}");
        }
    });
}

#[test]
fn ends_of_minres_have_their_reasons() {
    each(|gpu| {
        let options = with(Method::Minres);
        let asymmetric = matrix(&[&[1.0, 0.5], &[0.0, 1.0]]);
        assert_eq!(solve_one(gpu, &asymmetric, &[1.0, 2.0], &options).reason, Reason::NonSymmetricOperator);
        let singular = matrix(&[&[1.0, 2.0], &[2.0, 4.0]]);
        assert_eq!(solve_one(gpu, &singular, &[1.0, 2.0], &options).reason, Reason::Rtol);
        assert_eq!(solve_one(gpu, &singular, &[2.0, -1.0], &options).reason, Reason::Inconsistent);
        assert_eq!(solve_one(gpu, &singular, &[1.0, 1.0], &options).reason, Reason::Inconsistent);
    });
}
