//! The Krylov methods beside conjugate gradients, on each device: known answers, and the right reason for every end.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::ops::ControlFlow;

use ansatz::gpu::{Gpu, Real};
use ansatz::krylov::cg::inverse::Inverse;
use ansatz::krylov::cg::{Loop, LoopOptions, Start};
use ansatz::krylov::device::{DeviceOperator, DeviceSell};
use ansatz::krylov::operator::{Csr, Form, Operator, Sell, SellLayout};
use ansatz::krylov::{DevicePreconditioner, generate, solve};
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
        // An eigenvalue of 5, as cos(5π/10) + cos(6π/9) = −½: without an end of its own, x grows for ever.
        let singular = generate::parse("shifted:9x8:5", 0).unwrap().operator;
        for precision in [Precision::Auto, Precision::F32] {
            let outcome =
                solve_one(gpu, &*singular, &random(8, 72), &SolveOptions { precision, ..options.clone() });
            // In f32 alone it cannot be proven.
            let proven = matches!(outcome.reason, Reason::Inconsistent | Reason::Breakdown);
            let unproven = precision == Precision::F32 && outcome.reason == Reason::Stagnated;
            assert!(proven || unproven, "{}", outcome.reason);
            let (iterations, residual) = (outcome.iterations, outcome.true_relative_residual);
            assert!(iterations < 10_000 && residual <= 1.0, "{precision:?}: {iterations} {residual:e}");
        }
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
        // A right-hand side so smooth that r̂ = r would break down.
        let a = generate::parse("convection:63x63:20", 0).unwrap().operator;
        for precision in [Precision::Auto, Precision::F32] {
            let options = SolveOptions { precision, ..with(Method::Bicgstab) };
            let outcome = solve_one(gpu, &*a, &vec![1.0; a.dimension()], &options);
            assert!(outcome.converged(), "{precision:?}: {}", outcome.reason);
            // 100 by another random r̂, in f64.
            assert!(outcome.iterations < 130 || outcome.tier == "f32", "{}", outcome.iterations);
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
        // In f32 refinements are restarts, too.
        let full = iterations[2] <= iterations[0].min(iterations[1]);
        assert!(full || !gpu.capabilities().f64, "{iterations:?}");
    });
}

const ALL: [Method; 11] = [
    Method::Cg,
    Method::BlockCg,
    Method::Directions { window: 2 },
    Method::Richardson,
    Method::Minres,
    Method::Bicgstab,
    Method::Gmres { restart: 30 },
    Method::Fgmres { restart: 30 },
    Method::Cgls,
    Method::Lsqr,
    Method::Auto,
];

/// What SciPy promises of its iterative solvers, for every method.
#[test]
fn contracts_of_scipy_hold_for_every_method() {
    each(|gpu| {
        let a = generate::parse("poisson:15x13", 0).unwrap().operator;
        let n = a.dimension();
        let b = random(2, n);
        for method in ALL {
            let base = SolveOptions { rtol: 1e-8, method, ..SolveOptions::default() };
            // rtol
            let exact = solve_one(gpu, &*a, &b, &base);
            assert_eq!(exact.reason, Reason::Rtol, "{method}");
            assert!(relative_residual(&*a, &exact.x, &b) <= 1e-8, "{method}");
            // atol
            let loose = solve_one(gpu, &*a, &b, &SolveOptions { rtol: 0.0, atol: 0.1, ..base.clone() });
            assert_eq!(loose.reason, Reason::Atol, "{method}");
            assert!(relative_residual(&*a, &loose.x, &b) * norm(&b) <= 0.1, "{method}");
            assert!(loose.iterations <= exact.iterations, "{method}");
            // maxiter
            for most in [0, 1, 3] {
                let options = SolveOptions { max_iterations: Some(most), ..base.clone() };
                let capped = solve_one(gpu, &*a, &b, &options);
                assert_eq!((capped.reason, capped.iterations), (Reason::MaxIterations, most), "{method}");
                let truth = relative_residual(&*a, &capped.x, &b);
                assert!((truth - capped.true_relative_residual).abs() <= 1e-12, "{method}");
            }
            // x0
            let from = |x0: &[f64]| {
                solve(gpu, &*a, std::slice::from_ref(&b), Some(&[x0.to_vec()]), &base, &mut go_on)
                    .unwrap()
                    .outcomes
                    .remove(0)
            };
            let again = from(&exact.x);
            assert_eq!((again.reason, again.iterations), (Reason::Rtol, 0), "{method}");
            let near: Vec<f64> = exact.x.iter().map(|x| x * (1.0 + 1e-6)).collect();
            let warm = from(&near);
            assert!(warm.converged() && warm.iterations < exact.iterations, "{method}");
            // A zero right-hand side at once, whatever x0.
            let zero = solve(gpu, &*a, &[vec![0.0; n]], Some(&[near]), &base, &mut go_on).unwrap();
            assert_eq!(
                (zero.outcomes[0].reason, zero.outcomes[0].iterations),
                (Reason::ZeroRhs, 0),
                "{method}"
            );
            assert!(zero.outcomes[0].x.iter().all(|&x| x == 0.0), "{method}");
            // A perfect preconditioner M.
            let diagonal: Vec<_> = (0..50).map(|i| (i, i, 1.0 + i as f64)).collect();
            let diagonal = Csr::from_triplets(50, 50, &diagonal).unwrap();
            let perfect = solve_one(gpu, &diagonal, &random(4, 50), &base);
            assert!(perfect.converged() && perfect.iterations <= 3, "{method}: {}", perfect.iterations);
            // callback
            let mut seen = 0;
            let mut stop = |_: &Progress| {
                seen += 1;
                ControlFlow::Break(())
            };
            // The host looks between cycles, and not where one is enough.
            let method = match method {
                Method::Gmres { .. } => Method::Gmres { restart: 3 },
                Method::Fgmres { .. } => Method::Fgmres { restart: 3 },
                other => other,
            };
            let watched = SolveOptions { look_every: 1, rtol: 1e-12, method, ..base.clone() };
            let stopped = solve(gpu, &*a, std::slice::from_ref(&b), None, &watched, &mut stop).unwrap();
            assert!(seen >= 1 && stopped.outcomes[0].reason == Reason::Stopped, "{method}");
            // What is not finite
            let mut poisoned = b.clone();
            poisoned[7] = f64::NAN;
            assert_eq!(solve_one(gpu, &*a, &poisoned, &base).reason, Reason::NonFinite, "{method}");
        }
    });
}

/// Least squares by normal equations and Cholesky in f64.
fn normal_equations(a: &Csr, b: &[f64]) -> Vec<f64> {
    let n = a.columns();
    let column = |j: usize| -> Vec<f64> { (0..a.rows()).map(|i| a.get(i, j)).collect() };
    let columns: Vec<Vec<f64>> = (0..n).map(column).collect();
    let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| dot(&columns[i], &columns[j])).chain([dot(&columns[i], b)]).collect())
        .collect();
    for k in 0..n {
        for i in k + 1..n {
            let factor = rows[i][k] / rows[k][k];
            let (above, below) = rows.split_at_mut(i);
            below[0].iter_mut().zip(&above[k]).skip(k).for_each(|(b, a)| *b -= factor * a);
        }
    }
    let mut x = vec![0.0; n];
    for i in (0..n).rev() {
        x[i] = (rows[i][n] - (i + 1..n).map(|j| rows[i][j] * x[j]).sum::<f64>()) / rows[i][i];
    }
    x
}

/// A sparse m × n matrix of full rank with columns of very different lengths.
fn rectangular(m: usize, n: usize) -> Csr {
    let entries = (0..m).flat_map(|i| {
        (0..4).map(move |k| {
            let j = (i + k * k * 3) % n;
            (
                i,
                j,
                (generate::random(k as u64, i as u64) + if k == 0 { 2.0 } else { 0.0 })
                    * 10f64.powi((j % 5) as i32 - 2),
            )
        })
    });
    Csr::from_triplets(m, n, &entries.collect::<Vec<_>>()).unwrap()
}

#[test]
fn least_squares_are_solved() {
    each(|gpu| {
        for method in [Method::Cgls, Method::Lsqr, Method::Auto] {
            for preconditioner in [Preconditioner::None, Preconditioner::Jacobi] {
                let options = SolveOptions { preconditioner, ..with(method) };
                // More rows than columns: inconsistent, then consistent.
                let a = rectangular(120, 37);
                let b = random(9, 120);
                let what = format!("{method}, {preconditioner}");
                let outcome = solve_one(gpu, &a, &b, &options);
                assert_eq!(outcome.reason, Reason::LeastSquares, "{what}: {:?}", outcome.verified);
                assert_eq!(outcome.x.len(), 37);
                assert!(outcome.true_relative_residual > 0.1);
                let exact = normal_equations(&a, &b);
                let error: Vec<f64> = outcome.x.iter().zip(&exact).map(|(x, e)| x - e).collect();
                // The columns differ by 1e4: so may the errors of the reference.
                assert!(norm(&error) <= 1e-5 * norm(&exact), "{what}: {:e}", norm(&error) / norm(&exact));

                let known = random(5, 37);
                let consistent: Vec<f64> = (0..120)
                    .map(|i| {
                        let (columns, values) = a.row(i);
                        columns.iter().zip(values).map(|(&j, v)| v * known[j as usize]).sum()
                    })
                    .collect();
                let outcome = solve_one(gpu, &a, &consistent, &options);
                assert!(outcome.converged(), "{what}: {}", outcome.reason);

                // Fewer rows than columns: some x solves it exactly.
                let wide = rectangular(30, 70);
                let b = random(6, 30);
                let outcome = solve_one(gpu, &wide, &b, &options);
                assert!(outcome.converged() && outcome.x.len() == 70, "{what}: {}", outcome.reason);
                let mut y = vec![0.0; 30];
                wide.apply(&outcome.x, &mut y);
                let residual: Vec<f64> = y.iter().zip(&b).map(|(y, b)| b - y).collect();
                assert!(norm(&residual) <= 1e-6 * norm(&b), "{what}: {:e}", norm(&residual));
            }
        }
        // Orthogonal to every column: zero is the answer, at once.
        let a = matrix(&[&[1.0, 0.0], &[0.0, 1.0], &[0.0, 0.0]]);
        let outcome = solve_one(gpu, &a, &[0.0, 0.0, 1.0], &with(Method::Cgls));
        assert_eq!((outcome.reason, outcome.iterations), (Reason::LeastSquares, 0));
        assert_eq!(outcome.x, [0.0, 0.0]);
        // Singular and square: the least squares of an inconsistent system.
        let singular = matrix(&[&[1.0, 2.0], &[2.0, 4.0]]);
        let outcome = solve_one(gpu, &singular, &[1.0, 1.0], &with(Method::Cgls));
        assert_eq!(outcome.reason, Reason::LeastSquares);
        // Any x with x₀ + 2x₁ = 0.6.
        assert!((outcome.x[0] + 2.0 * outcome.x[1] - 0.6).abs() < 1e-8, "{:?}", outcome.x);
        // Other methods say that they need a square matrix.
        let refused = solve(gpu, &a, &[vec![1.0; 3]], None, &with(Method::Cg), &mut go_on);
        assert!(refused.is_err_and(|error| error.to_string().contains("cgls")));
    });
}

#[test]
fn the_method_is_chosen_by_the_matrix() {
    let hidden = matrix(&[&[1.0, 0.9, 0.9], &[0.9, 1.0, -0.9], &[0.9, -0.9, 1.0]]);
    let of = |text: &str| -> Box<dyn Operator> {
        match generate::parse(text, 0).unwrap().operator.form() {
            Form::Csr(matrix) => Box::new(matrix.clone()),
            Form::Stencil(stencil) => Box::new(stencil.clone()),
            Form::Variable(stencil) => Box::new(stencil.clone()),
        }
    };
    let cases: [(Box<dyn Operator>, Method, &str); 6] = [
        (of("poisson:9x8"), Method::Cg, "diagonal"),
        (of("shifted:9x8:0.5"), Method::Minres, "negative curvature"),
        (of("shifted:9x8:5.2"), Method::Minres, "minor"),
        (of("convection:9x8"), Method::Gmres { restart: 30 }, "not symmetric"),
        (Box::new(rectangular(20, 9)), Method::Cgls, "not square"),
        (Box::new(hidden), Method::Minres, "negative curvature"),
    ];
    each(|gpu| {
        for (a, method, why) in &cases {
            let b = random(8, a.dimension());
            let solution = solve(gpu, &**a, &[b], None, &with(Method::Auto), &mut go_on).unwrap();
            assert!(solution.outcomes[0].converged(), "{why}: {}", solution.outcomes[0].reason);
            assert_eq!(solution.method, *method, "{why}");
            assert!(solution.choice.is_some_and(|choice| choice.contains(why)), "{:?}", solution.choice);
        }
    });
}

/// True relative residuals of plain and flexible conjugate gradients with a preconditioner that is not symmetric: 4×4 blocks
/// I + K with K = −Kᵀ.
fn plain_and_flexible<T: Real>(gpu: &Gpu) -> [f64; 2] {
    let stencil = generate::parse("poisson:40x40", 0).unwrap().operator;
    let Form::Stencil(stencil) = stencil.form() else { panic!("poisson is a stencil") };
    let a = stencil.to_csr().unwrap();
    let layout = SellLayout { sort_window: 1, ..SellLayout::default() };
    let operator = DeviceSell::new(gpu, &Sell::<T>::new(&a, layout).unwrap()).unwrap();
    let n = a.rows();
    let entry = |k: usize| match (k % 16 / 4, k % 4) {
        (column, row) if column == row => 1.0,
        (column, row) if column == row + 1 => SKEW,
        (column, row) if row == column + 1 => -SKEW,
        _ => 0.0,
    };
    let blocks: Vec<T> = (0..4 * n).map(|k| T::from_f64(entry(k))).collect();
    let blocks = gpu.upload("blocks", &blocks).unwrap();
    let preconditioner = DevicePreconditioner::Fused(Inverse::Blocks(blocks));
    let b = random(1, n);
    [false, true].map(|flexible| {
        let options = LoopOptions { flexible, look_every: 32, history: 1000 };
        let mut solver = Loop::new(gpu, &operator, &preconditioner, 1, options).unwrap();
        solver
            .start(&operator.ordering().scatter::<T>(&b), &[Start { goal: 0.0, limit: 1000, idle: false }])
            .unwrap();
        solver.run(|_| ControlFlow::Continue(())).unwrap();
        relative_residual(&a, &operator.ordering().gather(&solver.x().unwrap()), &b)
    })
}

const SKEW: f64 = 0.1;

/// Plain directions take M for symmetric, and never get far; flexible ones do not.
#[test]
fn flexible_directions_bear_a_preconditioner_that_is_not_symmetric() {
    each(|gpu| {
        if !gpu.capabilities().f64 {
            return;
        }
        let [plain, flexible] = plain_and_flexible::<f64>(gpu);
        assert!(plain > 1e-6 && flexible < 1e-10, "{plain:e} {flexible:e}");
    });
}

/// Jacobi's method reduces the error by cos(π/16) a step on a 15 × 15 grid; a cycle of multigrid by itself needs a dozen steps whatever
/// the size; and where M⁻¹A is larger than 2 the iteration grows, and says so.
#[test]
fn preconditioners_are_solvers_by_themselves() {
    each(|gpu| {
        let small = generate::parse("poisson:15x15", 0).unwrap().operator;
        let b = vec![1.0; 225];
        let jacobi = SolveOptions { rtol: 1e-8, precision: Precision::F64, ..with(Method::Richardson) };
        let outcome = solve_one(gpu, &*small, &b, &jacobi);
        // b is nearly the slowest eigenvector.
        let expected = 1e-8f64.ln() / (std::f64::consts::PI / 16.0).cos().ln();
        let found = outcome.iterations as f64;
        assert!(
            outcome.converged() && (0.9 * expected..1.1 * expected).contains(&found),
            "{found}, not {expected}"
        );

        for text in ["poisson:32x32x32", "poisson:63x57", "contrast:24x24x24:1e3"] {
            let a = generate::parse(text, 0).unwrap().operator;
            let preconditioner = "multigrid:w".parse().unwrap();
            let options = SolveOptions { preconditioner, ..with(Method::Richardson) };
            let outcome = solve_one(gpu, &*a, &random(5, a.dimension()), &options);
            assert!(
                outcome.converged() && outcome.iterations <= 40,
                "{text}: {} after {}",
                outcome.reason,
                outcome.iterations
            );
        }

        let a = matrix(&[&[1.0, 0.9, 0.9], &[0.9, 1.0, 0.9], &[0.9, 0.9, 1.0]]);
        let outcome = solve_one(gpu, &a, &[1.0, 2.0, 3.0], &with(Method::Richardson));
        assert!(matches!(outcome.reason, Reason::Breakdown | Reason::Stagnated), "{}", outcome.reason);
    });
}
