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

const NON_SYMMETRIC: [Method; 4] = [
    Method::Bicgstab,
    Method::Gmres { restart: 30 },
    Method::Gmres { restart: 7 },
    Method::Fgmres { restart: 20 },
];

#[test]
fn non_symmetric_systems_are_solved() {
    each(|gpu| {
        for text in ["convection:31x27", "convection:24x24:50", "convection:9x8x7:-1", "poisson:21x21"] {
            let a = generate::parse(text, 0).unwrap().operator;
            let exact = random(3, a.dimension());
            let b = product(&*a, &exact);
            for method in NON_SYMMETRIC {
                for precision in [Precision::Auto, Precision::F32] {
                    let outcome = solve_one(gpu, &*a, &b, &SolveOptions { precision, ..with(method) });
                    let what = format!("{text}, {method}, {precision:?}");
                    assert_eq!(outcome.reason, Reason::Rtol, "{what}: {:e}", outcome.true_relative_residual);
                    assert!(relative_residual(&*a, &outcome.x, &b) <= 1e-10, "{what}");
                    // M-matrices of this size have conditions below 1e4.
                    let error: Vec<f64> = outcome.x.iter().zip(&exact).map(|(x, e)| x - e).collect();
                    assert!(norm(&error) <= 1e-6 * norm(&exact), "{what}: {:e}", norm(&error));
                }
            }
        }
        // A zero, a negative and a small diagonal entry.
        let a = matrix(&[&[0.0, 2.0, 1.0], &[-2.0, -3.0, 1.0], &[4.0, 1.0, 0.1]]);
        let b = product(&a, &[1.0, -2.0, 3.0]);
        for method in NON_SYMMETRIC {
            let outcome = solve_one(gpu, &a, &b, &with(method));
            assert!(outcome.converged(), "{method}: {}", outcome.reason);
            let error =
                outcome.x.iter().zip([1.0, -2.0, 3.0]).map(|(x, e)| (x - e).abs()).fold(0.0, f64::max);
            assert!(error < 1e-8, "{method}: {error:e}");
        }
    });
}

/// Without a restart the n-th residual is zero, and for a matrix with three distinct eigenvalues the third is.
#[test]
fn gmres_ends_within_the_degree_of_the_minimal_polynomial() {
    each(|gpu| {
        // Upper triangular with a diagonal of 1, 2, 3 and diagonalisable.
        let n = 30;
        let entries = (0..n).flat_map(|i| {
            let coupling = (i % 3 == 0).then_some((i, i + 1, 0.5));
            [Some((i, i, 1.0 + (i % 3) as f64)), coupling]
        });
        let a = Csr::from_triplets(n, n, &entries.flatten().collect::<Vec<_>>()).unwrap();
        let b = random(11, n);
        let options = SolveOptions {
            preconditioner: Preconditioner::None,
            rtol: if gpu.capabilities().f64 { 1e-12 } else { 1e-5 },
            ..with(Method::Gmres { restart: 10 })
        };
        let outcome = solve_one(gpu, &a, &b, &options);
        assert!(outcome.converged() && outcome.iterations == 3, "{}: {}", outcome.reason, outcome.iterations);
        // A shift by one has no short answer: nothing before the n-th step.
        let shift: Vec<_> = (0..n).map(|i| (i, (i + 1) % n, 1.0)).collect();
        let shift = Csr::from_triplets(n, n, &shift).unwrap();
        let mut unit = vec![0.0; n];
        unit[0] = 1.0;
        let full = SolveOptions { method: Method::Gmres { restart: 40 }, ..options };
        let outcome = solve_one(gpu, &shift, &unit, &full);
        assert!(outcome.converged() && outcome.iterations == n as u64, "{}", outcome.iterations);
        assert!(outcome.history[n - 1] > 0.99, "{:e}", outcome.history[n - 1]);
    });
}

#[test]
fn breakdowns_are_reasons() {
    each(|gpu| {
        // r·Ar = 0 for every r: nothing that divides by it can begin.
        let skew = matrix(&[&[0.0, 1.0], &[-1.0, 0.0]]);
        let outcome = solve_one(gpu, &skew, &[1.0, 0.0], &with(Method::Bicgstab));
        assert_eq!(outcome.reason, Reason::Breakdown);
        assert!(outcome.x.iter().all(|x| x.is_finite()) && outcome.reason.hint().contains("gmres"));
        // Which it is told to use.
        let outcome = solve_one(gpu, &skew, &[1.0, 0.0], &with(Method::Gmres { restart: 5 }));
        assert!(outcome.converged(), "{}", outcome.reason);
        assert!((outcome.x[0]).abs() < 1e-9 && (outcome.x[1] - 1.0).abs() < 1e-9, "{:?}", outcome.x);
        // Singular, and b not in its range.
        let nilpotent = matrix(&[&[0.0, 1.0], &[0.0, 0.0]]);
        for method in NON_SYMMETRIC {
            let outcome = solve_one(gpu, &nilpotent, &[0.0, 1.0], &with(method));
            assert!(!outcome.converged(), "{method}");
            assert!(matches!(outcome.reason, Reason::Breakdown | Reason::Stagnated), "{}", outcome.reason);
        }
    });
}

#[test]
fn columns_and_restarts_go_their_own_ways() {
    each(|gpu| {
        let a = generate::parse("convection:20x20:1", 0).unwrap().operator;
        let n = a.dimension();
        let mut rhs: Vec<Vec<f64>> = (0..4).map(|seed| random(seed, n)).collect();
        rhs[1] = vec![0.0; n];
        rhs[2].iter_mut().for_each(|b| *b *= 1e20);
        for method in
            [Method::Minres, Method::Bicgstab, Method::Gmres { restart: 10 }, Method::Fgmres { restart: 15 }]
        {
            let symmetric = generate::parse("shifted:20x20", 0).unwrap().operator;
            let a = if method == Method::Minres { &symmetric } else { &a };
            let together = solve(gpu, &**a, &rhs, None, &with(method), &mut go_on).unwrap();
            for (b, outcome) in rhs.iter().zip(&together.outcomes) {
                if norm(b) == 0.0 {
                    assert_eq!(outcome.reason, Reason::ZeroRhs);
                    continue;
                }
                assert!(outcome.converged(), "{method}: {}", outcome.reason);
                assert!(relative_residual(&**a, &outcome.x, b) <= 1e-10, "{method}");
            }
        }
        let iterations = [5, 20, 80].map(|restart| {
            let options = SolveOptions { rtol: 1e-8, ..with(Method::Gmres { restart }) };
            solve_one(gpu, &*a, &rhs[0], &options).iterations
        });
        // Without a restart no other method of Krylov does better in the norm of the residual; between restarts nothing is
        // certain.
        assert!(iterations[2] <= iterations[0].min(iterations[1]), "{iterations:?}");
    });
}
