//! Linear solves on each device: known answers, the right reason for every end, and what the loop costs.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use ansatz::gpu::{Gpu, GpuError};
use ansatz::krylov::amg::Amg;
use ansatz::krylov::operator::{Boundary, Csr, Form, Grid, Operator, Stencil};
use ansatz::krylov::{KrylovError, generate, solve};
use ansatz::{Outcome, Precision, Preconditioner, Progress, Reason, SolveOptions};
use ansatz_tests::{adapters, devices, each};

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn solve_one(gpu: &Gpu, a: &dyn Operator, b: &[f64], options: &SolveOptions) -> Outcome {
    solve(gpu, a, &[b.to_vec()], None, options, &mut go_on).unwrap().outcomes.remove(0)
}

/// A matrix from its rows.
fn matrix(rows: &[&[f64]]) -> Csr {
    let entries =
        rows.iter().enumerate().flat_map(|(i, row)| row.iter().enumerate().map(move |(j, &v)| (i, j, v)));
    let triplets: Vec<_> = entries.filter(|entry| entry.2 != 0.0).collect();
    Csr::from_triplets(rows.len(), rows.len(), &triplets).unwrap()
}

/// The 5-point Laplacian on n² points.
fn poisson(n: usize) -> Stencil {
    Stencil::new(Grid::new(n, n, 1).unwrap(), [1.0, 1.0, 0.0], [Boundary::Dirichlet; 6]).unwrap()
}

/// B Bᵀ with B of `n` × `rank` random numbers.
fn gram(n: usize, rank: usize) -> Csr {
    let b = |i: usize, k: usize| generate::random(5, (i * rank + k) as u64);
    let entry = |i: usize, j: usize| (0..rank).map(|k| b(i, k) * b(j, k)).sum();
    let rows: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
    matrix(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn norm(v: &[f64]) -> f64 {
    // The largest entry is taken out, since the square of 1e-300 is 0.
    let largest = v.iter().fold(f64::MIN_POSITIVE, |max, v| v.abs().max(max));
    largest * v.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt()
}

/// ‖b − Ax‖/‖b‖, from the matrix and not from the solver.
fn relative_residual(a: &dyn Operator, x: &[f64], b: &[f64]) -> f64 {
    let mut r = vec![0.0; b.len()];
    a.apply(x, &mut r);
    r.iter_mut().zip(b).for_each(|(r, b)| *r = b - *r);
    norm(&r) / norm(b)
}

/// Iterations of textbook conjugate gradients in f64 until the recursive residual is `rtol`.
fn textbook_iterations(a: &dyn Operator, b: &[f64], rtol: f64) -> u64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mut r, mut p, mut q) = (b.to_vec(), b.to_vec(), vec![0.0; b.len()]);
    let goal = rtol * rtol * dot(b, b);
    let mut rho = dot(&r, &r);
    for iteration in 0.. {
        if rho <= goal {
            return iteration;
        }
        a.apply(&p, &mut q);
        let alpha = rho / dot(&p, &q);
        r.iter_mut().zip(&q).for_each(|(r, q)| *r -= alpha * q);
        let next = dot(&r, &r);
        p.iter_mut().zip(&r).for_each(|(p, r)| *p = r + next / rho * *p);
        rho = next;
    }
    unreachable!()
}

#[test]
fn poisson_reaches_1e_10_within_five_refinements() {
    each(|gpu| {
        for n in [63, 127, 255] {
            // One size of each is enough for the slow software adapters.
            if n == 255 && !gpu.capabilities().f64 {
                continue;
            }
            let (a, b) = (poisson(n), vec![1.0; n * n]);
            let options = SolveOptions { rtol: 1e-10, ..SolveOptions::default() };
            let outcome = solve_one(gpu, &a, &b, &options);
            assert_eq!(outcome.reason, Reason::Rtol, "{n}");
            assert!(relative_residual(&a, &outcome.x, &b) <= 1e-10, "{n}");
            assert!(outcome.outer_iterations <= 5, "{n}: {} refinements", outcome.outer_iterations);
            if gpu.capabilities().f64 {
                let textbook = textbook_iterations(&a, &b, 1e-10) as f64;
                let ratio = outcome.iterations as f64 / textbook;
                assert!((0.95..=1.05).contains(&ratio), "{n}: {} against {textbook}", outcome.iterations);
            }
        }
    });
}

/// A thousandfold reduction is what an inner solve in f32 is asked for: there its count is that of f64.
#[test]
fn inner_solves_in_f32_count_as_in_f64() {
    each(|gpu| {
        for n in [63, 127] {
            let (a, b) = (poisson(n), vec![1.0; n * n]);
            let options = SolveOptions { rtol: 1e-10, precision: Precision::F32, ..SolveOptions::default() };
            let outcome = solve_one(gpu, &a, &b, &options);
            assert!(outcome.converged() && outcome.outer_iterations <= 5);
            let textbook = textbook_iterations(&a, &b, 1e-3) as f64;
            let first = outcome.verified[1].0 as f64;
            assert!((0.95..=1.05).contains(&(first / textbook)), "{n}: {first} against {textbook}");
        }
    });
}

/// What it is, A, b, and the reason that the solve must end with.
type Case = (&'static str, Arc<dyn Operator>, Vec<f64>, &'static str);

#[test]
fn every_end_has_its_reason() {
    let consistent_mean_zero: Vec<f64> = (0..9 * 7).map(|i| f64::from(i % 9) - 4.0).collect();
    let neumann = generate::parse("neumann:9x7", 0).unwrap().operator;
    let singular: Arc<dyn Operator> = Arc::new(matrix(&[&[1.0, -1.0], &[-1.0, 1.0]]));
    let spd: Arc<dyn Operator> = Arc::new(matrix(&[&[2.0, 0.5], &[0.5, 1.0]]));
    let cases: Vec<Case> = vec![
        ("singular, consistent", singular.clone(), vec![1.0, -1.0], "Rtol"),
        ("singular, inconsistent", singular.clone(), vec![1.0, 1.0], "Inconsistent"),
        ("an empty row, consistent", Arc::new(matrix(&[&[1.0, 0.0], &[0.0, 0.0]])), vec![1.0, 0.0], "Rtol"),
        (
            "an empty row, inconsistent",
            Arc::new(matrix(&[&[1.0, 0.0], &[0.0, 0.0]])),
            vec![1.0, 1.0],
            "Inconsistent",
        ),
        ("pure Neumann, consistent", neumann.clone(), consistent_mean_zero, "Rtol"),
        ("pure Neumann, inconsistent", neumann.clone(), vec![1.0; 63], "Inconsistent"),
        ("rank deficient, inconsistent", Arc::new(gram(40, 25)), vec![1.0; 40], "Inconsistent"),
        (
            "a negative entry on the diagonal",
            Arc::new(matrix(&[&[1.0, 0.0], &[0.0, -1.0]])),
            vec![1.0; 2],
            "IndefiniteOperator",
        ),
        (
            "a zero on the diagonal",
            Arc::new(matrix(&[&[0.0, 1.0], &[1.0, 0.0]])),
            vec![1.0; 2],
            "IndefiniteOperator",
        ),
        (
            "indefinite with a positive diagonal",
            Arc::new(matrix(&[&[1.0, 0.9, 0.9], &[0.9, 1.0, -0.9], &[0.9, -0.9, 1.0]])),
            vec![1.0, 2.0, 3.0],
            "IndefiniteOperator",
        ),
        (
            "not symmetric",
            Arc::new(matrix(&[&[1.0, 0.5], &[0.0, 1.0]])),
            vec![1.0, 2.0],
            "NonSymmetricOperator",
        ),
        ("zero right-hand side", spd.clone(), vec![0.0, 0.0], "ZeroRhs"),
        ("NaN in b", spd.clone(), vec![f64::NAN, 0.0], "NonFinite"),
        ("infinity in b", spd.clone(), vec![f64::INFINITY, 0.0], "NonFinite"),
        ("NaN in A", Arc::new(matrix(&[&[1.0, f64::NAN], &[f64::NAN, 1.0]])), vec![1.0, 0.0], "NonFinite"),
        ("b of 1e30", spd.clone(), vec![1e30, 2e30], "Rtol"),
        ("b of 1e-30", spd.clone(), vec![1e-30, 2e-30], "Rtol"),
        ("b of 1e-300", spd.clone(), vec![1e-300, 2e-300], "Rtol"),
        ("A of 1e30", Arc::new(matrix(&[&[2e30, 5e29], &[5e29, 1e30]])), vec![1.0, 2.0], "Rtol"),
        ("A of 1e-30", Arc::new(matrix(&[&[2e-30, 5e-31], &[5e-31, 1e-30]])), vec![1.0, 2.0], "Rtol"),
        ("one unknown", Arc::new(matrix(&[&[3.0]])), vec![2.0], "Rtol"),
    ];
    each(|gpu| {
        for (name, a, b, reason) in &cases {
            for preconditioner in [Preconditioner::Jacobi, Preconditioner::None] {
                let options = SolveOptions { rtol: 1e-10, preconditioner, ..SolveOptions::default() };
                let outcome = solve_one(gpu, &**a, b, &options);
                assert_eq!(outcome.reason.name(), *reason, "{name}, {preconditioner}: {outcome:?}");
                assert!(!outcome.reason.hint().is_empty());
                if outcome.converged() && outcome.reason != Reason::ZeroRhs {
                    assert!(relative_residual(&**a, &outcome.x, b) <= 1e-10, "{name}");
                }
            }
        }
    });
}

/// What SciPy promises of its iterative solvers.
#[test]
fn contracts_of_scipy() {
    each(|gpu| {
        let (a, b) = (poisson(31), vec![1.0; 31 * 31]);
        let base = SolveOptions { rtol: 1e-8, ..SolveOptions::default() };

        let capped = solve_one(gpu, &a, &b, &SolveOptions { max_iterations: Some(1), ..base.clone() });
        assert_eq!((capped.reason, capped.iterations), (Reason::MaxIterations, 1));
        let capped = solve_one(gpu, &a, &b, &SolveOptions { max_iterations: Some(3), ..base.clone() });
        assert_eq!((capped.reason, capped.iterations), (Reason::MaxIterations, 3));
        let truth = relative_residual(&a, &capped.x, &b);
        assert!((truth - capped.true_relative_residual).abs() <= 1e-12 * truth);
        assert!(capped.x.iter().any(|&x| x != 0.0), "the iterate is kept");

        let loose = solve_one(gpu, &a, &b, &SolveOptions { rtol: 0.0, atol: 0.5, ..base.clone() });
        assert_eq!(loose.reason, Reason::Atol);
        assert!(loose.true_relative_residual * norm(&b) <= 0.5);

        let exact = solve_one(gpu, &a, &b, &base).x;
        let again =
            solve(gpu, &a, std::slice::from_ref(&b), Some(std::slice::from_ref(&exact)), &base, &mut go_on)
                .unwrap();
        assert_eq!((again.outcomes[0].reason, again.outcomes[0].iterations), (Reason::Rtol, 0));
        let near: Vec<f64> = exact.iter().map(|x| x * (1.0 + 1e-3)).collect();
        let warm = solve(gpu, &a, std::slice::from_ref(&b), Some(&[near]), &base, &mut go_on).unwrap();
        assert!(warm.outcomes[0].converged());

        let diagonal: Vec<_> = (0..50).map(|i| (i, i, 1.0 + i as f64)).collect();
        let diagonal = Csr::from_triplets(50, 50, &diagonal).unwrap();
        let perfect = solve_one(gpu, &diagonal, &[1.0; 50], &base);
        assert!(
            perfect.converged() && perfect.iterations <= 3,
            "a perfect preconditioner: {}",
            perfect.iterations
        );

        let impossible = solve_one(gpu, &a, &b, &SolveOptions { rtol: 0.0, ..base.clone() });
        assert!(matches!(impossible.reason, Reason::AttainableAccuracy { .. }), "{}", impossible.reason);
        let backward = SolveOptions { rtol: 0.0, backward: Some(1e-13), ..base };
        let backward = solve_one(gpu, &a, &b, &backward);
        assert!(backward.reason == Reason::Backward && backward.backward_error <= 1e-13);
    });
}

#[test]
fn preconditioners_and_formats_agree() {
    each(|gpu| {
        for text in [
            "poisson:37x21",
            "poisson:11x7x5",
            "aniso:24x24:0.01",
            "contrast:12x12x12:100",
            "obstacles:20x20x20",
        ] {
            let generated = generate::parse(text, 3).unwrap();
            let stencil = generated.operator;
            let csr = match stencil.form() {
                Form::Stencil(stencil) => stencil.to_csr().unwrap(),
                Form::Variable(stencil) => stencil.to_csr().unwrap(),
                Form::Csr(matrix) => matrix.clone(),
            };
            // A matrix has no inactive cells: their rows are empty, and their right-hand side zero.
            let b: Vec<f64> = (0..stencil.dimension())
                .map(|i| if stencil.is_active(i) { generate::random(1, i as u64) } else { 0.0 })
                .collect();
            let mut iterations = Vec::new();
            for preconditioner in [
                Preconditioner::None,
                Preconditioner::Jacobi,
                Preconditioner::BlockJacobi { size: 4 },
                Preconditioner::BlockJacobi { size: 2 },
                Preconditioner::Chebyshev { degree: 4 },
            ] {
                for flexible in [false, true] {
                    let options =
                        SolveOptions { rtol: 1e-9, preconditioner, flexible, ..SolveOptions::default() };
                    for (name, a) in [("stencil", &*stencil), ("matrix", &csr as &dyn Operator)] {
                        let outcome = solve_one(gpu, a, &b, &options);
                        assert!(outcome.converged(), "{text}, {name}, {preconditioner}: {}", outcome.reason);
                        let truth = relative_residual(&csr, &outcome.x, &b);
                        assert!(truth <= 1e-9, "{text}, {name}, {preconditioner}: {truth:e}");
                        iterations.push((preconditioner, outcome.iterations));
                    }
                }
            }
            let most =
                |wanted: Preconditioner| iterations.iter().filter(|i| i.0 == wanted).map(|i| i.1).max();
            assert!(most(Preconditioner::Chebyshev { degree: 4 }) < most(Preconditioner::Jacobi), "{text}");
        }
    });
}

#[test]
fn several_right_hand_sides_are_solved_at_once() {
    each(|gpu| {
        let a = poisson(33);
        let n = a.dimension();
        let mut rhs: Vec<Vec<f64>> =
            (0..6).map(|column| (0..n).map(|i| generate::random(column, i as u64)).collect()).collect();
        rhs[2] = vec![0.0; n];
        rhs[4].iter_mut().for_each(|b| *b *= 1e20);
        let options = SolveOptions { rtol: 1e-9, ..SolveOptions::default() };
        let together = solve(gpu, &a, &rhs, None, &options, &mut go_on).unwrap();
        for (b, outcome) in rhs.iter().zip(&together.outcomes) {
            let alone = solve_one(gpu, &a, b, &options);
            assert_eq!(outcome.reason, alone.reason);
            if norm(b) > 0.0 {
                assert!(relative_residual(&a, &outcome.x, b) <= 1e-9);
            }
            // In f32 the columns wait for each other between refinements, but each takes its own iterations.
            assert!(
                outcome.iterations.abs_diff(alone.iterations) <= 2,
                "{} {}",
                outcome.iterations,
                alone.iterations
            );
        }
        let one_bad = [rhs[0].clone(), vec![f64::NAN; n]];
        let mixed = solve(gpu, &a, &one_bad, None, &options, &mut go_on).unwrap().outcomes;
        assert_eq!((mixed[0].reason, mixed[1].reason), (Reason::Rtol, Reason::NonFinite));
        assert!(solve(gpu, &a, &[], None, &options, &mut go_on).unwrap().outcomes.is_empty());
    });
}

#[test]
fn a_solve_can_be_watched_and_stopped() {
    each(|gpu| {
        let (a, b) = (poisson(63), vec![1.0; 63 * 63]);
        let options = SolveOptions { rtol: 1e-10, precision: Precision::F32, ..SolveOptions::default() };
        let mut seen = Vec::new();
        let mut watch = |progress: &Progress| {
            seen.push(progress.iterations);
            if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome =
            solve(gpu, &a, std::slice::from_ref(&b), None, &options, &mut watch).unwrap().outcomes.remove(0);
        assert_eq!(outcome.reason, Reason::Stopped);
        assert!(seen.windows(2).all(|pair| pair[0] <= pair[1]), "{seen:?}");
        let truth = relative_residual(&a, &outcome.x, &b);
        assert!((truth - outcome.true_relative_residual).abs() <= 1e-12 * truth.max(1e-12));
    });
}

#[test]
fn misuse_is_an_error() {
    let gpu = Gpu::cpu();
    let a = poisson(4);
    let options = SolveOptions::default();
    let call = |b: &[Vec<f64>], x0: Option<&[Vec<f64>]>, options: &SolveOptions| {
        solve(&gpu, &a, b, x0, options, &mut go_on)
    };
    let b = vec![vec![1.0; 16]];
    assert!(matches!(
        call(&[vec![1.0; 15]], None, &options),
        Err(KrylovError::Length { found: 15, expected: 16, .. })
    ));
    assert!(matches!(call(&b, Some(&[vec![1.0; 3]]), &options), Err(KrylovError::Length { .. })));
    assert!(matches!(call(&b, Some(&[]), &options), Err(KrylovError::Length { .. })));
    for wrong in [
        SolveOptions { rtol: f64::NAN, ..options.clone() },
        SolveOptions { rtol: -1.0, ..options.clone() },
        SolveOptions { atol: f64::INFINITY, ..options.clone() },
        SolveOptions { backward: Some(-1.0), ..options.clone() },
        SolveOptions { look_every: 0, ..options.clone() },
        SolveOptions { preconditioner: Preconditioner::BlockJacobi { size: 3 }, ..options.clone() },
        SolveOptions { preconditioner: Preconditioner::Chebyshev { degree: 0 }, ..options.clone() },
        SolveOptions { inner_rtol: 2.0, ..options.clone() },
    ] {
        assert!(matches!(call(&b, None, &wrong), Err(KrylovError::Setting { .. })), "{wrong:?}");
    }
}

/// The loop does nothing per iteration but its launches, and the host looks once in 32 iterations at most.
#[test]
fn the_loop_allocates_nothing() {
    for device in devices() {
        // A device of its own, since the other tests count on the shared ones.
        let gpu = &device.reopen(|_| ());
        let (a, b) = (poisson(95), vec![1.0; 95 * 95]);
        let run = |max_iterations: u64| {
            // f32 with a tolerance that is not reached: every iteration is done.
            let options = SolveOptions {
                rtol: 1e-30,
                inner_rtol: 1e-6,
                max_iterations: Some(max_iterations),
                precision: Precision::F32,
                ..SolveOptions::default()
            };
            let before = gpu.counters();
            let solution = solve(gpu, &a, std::slice::from_ref(&b), None, &options, &mut go_on).unwrap();
            assert_eq!(solution.outcomes[0].iterations, max_iterations);
            assert!(solution.launches_per_iteration <= 3);
            let after = gpu.counters();
            (after.dispatches - before.dispatches, after.read_backs - before.read_backs, after)
        };
        // The first run compiles the pipelines and fills the pool.
        run(128);
        let (_, _, before) = run(64);
        let (few_dispatches, few_looks, middle) = run(64);
        let (many_dispatches, many_looks, after) = run(128);
        // Three launches per iteration, and at most the rounds of the two batches under way at the end.
        assert!(many_dispatches - few_dispatches <= 3 * (64 + 2 * 32), "{few_dispatches} {many_dispatches}");
        assert!(many_looks - few_looks <= 64 / 32 + 1, "{few_looks} {many_looks}");
        // Each run makes its plans anew; what that takes does not grow with the iterations.
        assert_eq!(after.pipelines, before.pipelines);
        assert_eq!(after.buffers - middle.buffers, middle.buffers - before.buffers);
        assert_eq!(after.bind_groups - middle.bind_groups, middle.bind_groups - before.bind_groups);
        if !gpu.is_cpu() {
            assert_eq!(after.buffers, before.buffers, "the pool gives them again");
        }
    }
}

#[test]
fn a_lost_device_is_an_error_and_the_solve_goes_on_elsewhere() {
    for device in adapters() {
        let gpu = device.reopen(|_| ());
        let (a, b) = (poisson(127), vec![1.0; 127 * 127]);
        let options = SolveOptions { rtol: 1e-10, precision: Precision::F32, ..SolveOptions::default() };
        let start = Instant::now();
        let mut destroy = |progress: &Progress| {
            if progress.outer_iterations == 1 {
                gpu.destroy();
            }
            ControlFlow::Continue(())
        };
        let lost = solve(&gpu, &a, std::slice::from_ref(&b), None, &options, &mut destroy);
        let Err(KrylovError::Interrupted { source: GpuError::DeviceLost { .. }, iterates, outer_iterations }) =
            lost
        else {
            panic!("{}: {lost:?}", device.label);
        };
        assert!(outer_iterations >= 1 && start.elapsed().as_secs() < 60);
        let held = relative_residual(&a, &iterates[0], &b);
        assert!(held < 1e-2, "{}: the host holds the first refinement: {held:e}", device.label);
        assert!(
            solve(&gpu, &a, std::slice::from_ref(&b), None, &options, &mut go_on).is_err(),
            "it stays lost"
        );

        let again = device.reopen(|_| ());
        let resumed =
            solve(&again, &a, std::slice::from_ref(&b), Some(&iterates), &options, &mut go_on).unwrap();
        assert!(resumed.outcomes[0].converged());
        let fresh = solve_one(&again, &a, &b, &options);
        assert!(resumed.outcomes[0].iterations < fresh.iterations, "what was done is not done again");
    }
}

/// All matrices of the folder that ANSATZ_MATRICES names, to 1e-10.
#[test]
fn real_matrices() {
    let Some(folder) = std::env::var_os("ANSATZ_MATRICES") else {
        println!("skipped: ANSATZ_MATRICES names no folder of matrices");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "mtx"));
    files.sort();
    assert!(!files.is_empty());
    each(|gpu| {
        for file in &files {
            let system = ansatz::LinearSystem::read(file).unwrap();
            for preconditioner in [Preconditioner::Jacobi, Preconditioner::Amg(Amg::default())] {
                let options = SolveOptions { rtol: 1e-10, preconditioner, ..SolveOptions::default() };
                let run = system.solve(gpu, &options).unwrap();
                let name = format!("{}, {preconditioner}", file.display());
                assert!(run.converged(), "{name}: {}", run.report.reason);
                let truth = relative_residual(system.operator(), run.x(), &system.rhs()[0]);
                assert!(truth <= 1e-10, "{name}: {truth:e}");
            }
        }
    });
}

/// Small entries are no zeros: over 24 orders of magnitude the tolerance may be out of reach, but no b is inconsistent.
#[test]
fn a_matrix_of_many_scales_is_not_taken_for_singular() {
    let n = 600;
    let scale = |i: usize| 10f64.powi((i * 7 % 25) as i32 - 12);
    let chain = |i: usize| -0.49 * (scale(i) * scale(i + 1)).sqrt();
    let entries = (0..n).flat_map(|i| {
        let beside = (i + 1 < n).then(|| [(i, i + 1, chain(i)), (i + 1, i, chain(i))]);
        [(i, i, scale(i))].into_iter().chain(beside.into_iter().flatten())
    });
    let a = Csr::from_triplets(n, n, &entries.collect::<Vec<_>>()).unwrap();
    each(|gpu| {
        for preconditioner in [Preconditioner::None, Preconditioner::Jacobi, "amg".parse().unwrap()] {
            let options = SolveOptions {
                rtol: 1e-9,
                preconditioner,
                max_iterations: Some(3000),
                ..SolveOptions::default()
            };
            let outcome =
                solve(gpu, &a, &[vec![1.0; n]], None, &options, &mut go_on).unwrap().outcomes.remove(0);
            assert_ne!(outcome.reason, Reason::Inconsistent, "{preconditioner}");
        }
    });
}

/// So many right-hand sides that their workgroups need a second dimension: each is solved as if it were alone, to the bit.
#[test]
fn workgroups_beyond_one_dimension() {
    each(|gpu| {
        const COLUMNS: usize = 16_500;
        let a = poisson(32);
        let n = a.dimension();
        if gpu.is_cpu() {
            return;
        }
        // Four workgroups for each of the columns.
        if ((4 * COLUMNS * n) as u64) > gpu.capabilities().binding_bytes {
            eprintln!("skipped: a vector of {COLUMNS} columns does not fit into a binding");
            return;
        }
        let random = |column: usize| (0..n).map(|i| generate::random(column as u64, i as u64)).collect();
        let b: Vec<Vec<f64>> = (0..COLUMNS).map(random).collect();
        let options = SolveOptions {
            preconditioner: "multigrid".parse().unwrap(),
            precision: Precision::F32,
            max_iterations: Some(2),
            ..SolveOptions::default()
        };
        let outcomes = solve(gpu, &a, &b, None, &options, &mut go_on).unwrap().outcomes;
        for column in [0, 1, COLUMNS / 2, 16_383, 16_384, COLUMNS - 1] {
            let alone = solve_one(gpu, &a, &b[column], &options);
            assert!(alone.x == outcomes[column].x, "right-hand side {column}");
            assert!(alone.x.iter().any(|&x| x != 0.0));
        }
    });
}
