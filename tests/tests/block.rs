//! Block conjugate gradients on each device: known answers, what shared Krylov spaces gain, and right-hand sides of all kinds.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::ops::ControlFlow;
use std::sync::Arc;

use ansatz::gpu::{Gpu, Real};
use ansatz::krylov::cg::control::Status;
use ansatz::krylov::cg::inverse::Inverse;
use ansatz::krylov::cg::{ColumnState, Loop, LoopOptions, Start};
use ansatz::krylov::deflation::Deflation;
use ansatz::krylov::device::{DeviceOperator, DeviceSell};
use ansatz::krylov::operator::{Csr, Form, Operator, Sell, SellLayout};
use ansatz::krylov::{DevicePreconditioner, KrylovError, generate, solve};
use ansatz::{Method, Outcome, Precision, Preconditioner, Progress, Reason, SolveOptions};
use ansatz_tests::each;

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn random(seed: u64, n: usize) -> Vec<f64> {
    (0..n as u64).map(|i| generate::random(seed, i)).collect()
}

fn several(count: u64, n: usize) -> Vec<Vec<f64>> {
    (0..count).map(|seed| random(seed, n)).collect()
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
    norm(&product(a, x).iter().zip(b).map(|(ax, b)| b - ax).collect::<Vec<_>>()) / norm(b)
}

fn with(method: Method) -> SolveOptions {
    SolveOptions { method, rtol: 1e-10, ..SolveOptions::default() }
}

fn outcomes(gpu: &Gpu, a: &dyn Operator, b: &[Vec<f64>], options: &SolveOptions) -> Vec<Outcome> {
    solve(gpu, a, b, None, options, &mut go_on).unwrap().outcomes
}

/// The outcomes, all of which are verified here once more, and their iterations.
fn solved(gpu: &Gpu, a: &dyn Operator, b: &[Vec<f64>], options: &SolveOptions) -> u64 {
    let found = outcomes(gpu, a, b, options);
    for (outcome, b) in found.iter().zip(b) {
        let residual = relative_residual(a, &outcome.x, b);
        let what = format!("{} with {}: {}", options.method, options.preconditioner, outcome.reason);
        assert!(outcome.converged() && residual <= options.rtol, "{what}, {residual:e}");
    }
    found.iter().map(|outcome| outcome.iterations).max().unwrap()
}

#[test]
fn systems_are_solved_with_every_preconditioner() {
    each(|gpu| {
        for (text, count) in [("poisson:37x21", 5), ("contrast:24x20:1e3", 9), ("obstacles:9x8x11", 32)] {
            let a = generate::parse(text, 1).unwrap().operator;
            // Inactive cells have no right-hand side.
            let rhs: Vec<_> = several(count, a.dimension()).iter().map(|x| product(&*a, x)).collect();
            for pc in ["none", "jacobi", "block-jacobi", "chebyshev", "multigrid", "amg", "additive"] {
                for precision in [Precision::Auto, Precision::F32] {
                    let preconditioner = pc.parse().unwrap();
                    let options =
                        SolveOptions { preconditioner, precision, rtol: 1e-9, ..with(Method::BlockCg) };
                    solved(gpu, &*a, &rhs, &options);
                }
            }
        }
    });
}

/// The Krylov space of s vectors grows by s dimensions a step: after n/s steps nothing is left.
#[test]
fn the_whole_space_is_searched_after_n_over_s_steps() {
    each(|gpu| {
        if !gpu.capabilities().f64 {
            return;
        }
        // Distinct eigenvalues 1 to 61, so that plain conjugate gradients need about as many steps.
        let n = 61;
        let a: Vec<_> = (0..n).map(|i| (i, i, 1.0 + i as f64)).collect();
        let a = Csr::from_triplets(n, n, &a).unwrap();
        let none = SolveOptions { preconditioner: Preconditioner::None, ..with(Method::BlockCg) };
        for (count, most) in [(1, 61), (4, 16), (8, 8), (31, 2), (32, 2)] {
            let rhs: Vec<_> = (0..count).map(|seed| random(seed, n)).collect();
            let iterations = solved(gpu, &a, &rhs, &none);
            assert!(iterations <= most + 1, "{count} right-hand sides: {iterations}");
        }
    });
}

#[test]
fn one_right_hand_side_is_plain_conjugate_gradients() {
    each(|gpu| {
        let a = generate::parse("poisson:45x40", 0).unwrap().operator;
        let rhs = several(1, a.dimension());
        for pc in ["jacobi", "chebyshev", "multigrid"] {
            let [plain, block] = [Method::Cg, Method::BlockCg].map(|method| {
                let preconditioner = pc.parse().unwrap();
                solved(gpu, &*a, &rhs, &SolveOptions { preconditioner, ..with(method) })
            });
            // In f32 each refinement may take one more or less.
            let slack = if gpu.capabilities().f64 { 2 } else { 12 };
            assert!(plain.abs_diff(block) <= slack, "{pc}: {plain} and {block}");
        }
    });
}

/// Eight right-hand sides find the eight smallest eigenvalues together, where each alone has to find all of them.
#[test]
fn a_shared_space_needs_fewer_iterations() {
    each(|gpu| {
        // About 215 and 115, and 119 and 45.
        for (text, factor) in [("poisson:64x64", 1.7), ("contrast:24x24:1e3", 2.2)] {
            let a = generate::parse(text, 0).unwrap().operator;
            let rhs = several(8, a.dimension());
            let [plain, block] = [Method::Cg, Method::BlockCg].map(|method| {
                let options = SolveOptions { rtol: 1e-9, precision: Precision::F64, ..with(method) };
                solved(gpu, &*a, &rhs, &options)
            });
            assert!(plain as f64 >= factor * block as f64, "{text}: {plain} and {block}");
        }
    });
}

#[test]
fn right_hand_sides_may_depend_on_each_other() {
    each(|gpu| {
        let a = generate::parse("poisson:30x20", 0).unwrap().operator;
        let n = a.dimension();
        let mut rhs = several(3, n);
        let independent = solved(gpu, &*a, &rhs, &with(Method::BlockCg));
        // Two that are the same, a multiple, zero, a sum, and one that differs in the last places.
        rhs.push(rhs[0].clone());
        rhs.push(rhs[1].iter().map(|b| -1e5 * b).collect());
        rhs.push(vec![0.0; n]);
        rhs.push(rhs[0].iter().zip(&rhs[2]).map(|(a, b)| a + 3.0 * b).collect());
        rhs.push(rhs[2].iter().enumerate().map(|(i, b)| b + 1e-12 * generate::random(9, i as u64)).collect());
        for precision in [Precision::Auto, Precision::F32] {
            let found = outcomes(gpu, &*a, &rhs, &SolveOptions { precision, ..with(Method::BlockCg) });
            assert_eq!((found[5].reason, found[5].iterations), (Reason::ZeroRhs, 0));
            assert!(found[5].x.iter().all(|&x| x == 0.0));
            for (index, (outcome, b)) in found.iter().zip(&rhs).enumerate().filter(|(i, _)| *i != 5) {
                let residual = relative_residual(&*a, &outcome.x, b);
                assert!(outcome.reason == Reason::Rtol && residual <= 1e-10, "{index}: {}", outcome.reason);
                // What depends on others adds nothing, nor does it take anything away.
                let most = if gpu.capabilities().f64 && precision == Precision::Auto { 4 } else { 40 };
                assert!(
                    outcome.iterations <= independent + most,
                    "{} after {independent}",
                    outcome.iterations
                );
            }
        }
        // All the same.
        let same = vec![rhs[0].clone(); 32];
        solved(gpu, &*a, &same, &with(Method::BlockCg));
    });
}

#[test]
fn singular_systems_are_solved_where_they_can_be() {
    each(|gpu| {
        let a = generate::parse("neumann:17x13", 0).unwrap().operator;
        let n = a.dimension();
        let mut rhs = several(5, n);
        for b in &mut rhs {
            let mean = b.iter().sum::<f64>() / n as f64;
            b.iter_mut().for_each(|b| *b -= mean);
        }
        rhs[4] = rhs[3].clone();
        solved(gpu, &*a, &rhs, &with(Method::BlockCg));
        // One that has a part in the null space, and is told so at once, beside others.
        rhs[2].iter_mut().for_each(|b| *b += 0.1);
        let found = outcomes(gpu, &*a, &rhs, &with(Method::BlockCg));
        for (index, outcome) in found.iter().enumerate() {
            let expected = if index == 2 { Reason::Inconsistent } else { Reason::Rtol };
            assert_eq!(outcome.reason, expected, "{index}");
        }
        // A matrix of rank 1 whose null space nobody knows beforehand.
        let singular =
            Csr::from_triplets(2, 2, &[(0, 0, 1.0), (0, 1, 2.0), (1, 0, 2.0), (1, 1, 4.0)]).unwrap();
        let rhs = [vec![1.0, 2.0], vec![2.0, -1.0]];
        let found = outcomes(gpu, &singular, &rhs, &with(Method::BlockCg));
        assert!(found[0].converged(), "{}", found[0].reason);
        assert!(!found[1].converged() && found[1].x.iter().all(|x| x.is_finite()), "{}", found[1].reason);
    });
}

#[test]
fn indefinite_matrices_are_named() {
    each(|gpu| {
        for text in ["shifted:20x20:0.5", "shifted:9x8x7:1.5"] {
            // No entry and no minor tells.
            let a = generate::parse(text, 0).unwrap().operator;
            for count in [1, 3, 8] {
                for outcome in outcomes(gpu, &*a, &several(count, a.dimension()), &with(Method::BlockCg)) {
                    assert_eq!(outcome.reason, Reason::IndefiniteOperator, "{text}, {count}");
                }
            }
        }
    });
}

#[test]
fn what_is_not_finite_spoils_nothing_else() {
    each(|gpu| {
        let a = generate::parse("poisson:20x20", 0).unwrap().operator;
        let mut rhs = several(6, a.dimension());
        rhs[0][7] = f64::NAN;
        rhs[4][3] = f64::INFINITY;
        rhs[5].iter_mut().for_each(|b| *b *= 1e25);
        for (index, outcome) in outcomes(gpu, &*a, &rhs, &with(Method::BlockCg)).iter().enumerate() {
            let expected = if index % 4 == 0 { Reason::NonFinite } else { Reason::Rtol };
            assert_eq!(outcome.reason, expected, "{index}");
        }
    });
}

#[test]
fn what_it_cannot_do_is_refused() {
    let gpu = Gpu::cpu();
    let a = generate::parse("poisson:8x8", 0).unwrap().operator;
    let refusal = |count, options: &SolveOptions| match solve(
        &gpu,
        &*a,
        &several(count, 64),
        None,
        options,
        &mut go_on,
    ) {
        Err(error @ KrylovError::Setting { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    solved(&gpu, &*a, &several(32, 64), &with(Method::BlockCg));
    let message = refusal(33, &with(Method::BlockCg));
    assert!(message.contains("33") && message.contains("groups"), "{message}");
    let deflation = Some(Arc::new(Deflation::new(&*a, &[vec![1.0; 64]]).unwrap()));
    let message = refusal(2, &SolveOptions { deflation, ..with(Method::BlockCg) });
    assert!(message.contains("block-cg, with deflation"), "{message}");
    assert_eq!("block-cg".parse(), Ok(Method::BlockCg));
    assert_eq!(Method::BlockCg.to_string(), "block-cg");
    assert!("block-cg:3".parse::<Method>().is_err_and(|message| message.contains("block-cg")));
}

/// A loop for columns of `rhs`, and how they are laid out.
fn recorded<T: Real>(
    gpu: &Gpu,
    a: &Csr,
    inverse: Inverse<T>,
    rhs: &[Vec<f64>],
) -> (Loop<T>, DeviceSell<T>, Vec<T>) {
    let layout = SellLayout { sort_window: 1, ..SellLayout::default() };
    let operator = DeviceSell::new(gpu, &Sell::<T>::new(a, layout).unwrap()).unwrap();
    let options = LoopOptions { flexible: false, look_every: 4, history: 1000 };
    let solver = Method::BlockCg
        .record(gpu, &operator, &DevicePreconditioner::Fused(inverse), rhs.len(), options)
        .unwrap();
    let r = rhs.iter().flat_map(|b| {
        let length = norm(b);
        operator.ordering().scatter::<T>(&b.iter().map(|b| b / length).collect::<Vec<_>>())
    });
    let r = r.collect();
    (solver, operator, r)
}

fn poisson(text: &str) -> Csr {
    match generate::parse(text, 0).unwrap().operator.form() {
        Form::Stencil(stencil) => stencil.to_csr().unwrap(),
        _ => panic!("{text} is a stencil"),
    }
}

/// Interrupted five times, and with a column that rests from the second time on, the others take as many iterations as at a stretch.
#[test]
fn directions_are_kept_where_a_solve_goes_on() {
    each(|gpu| {
        let a = poisson("poisson:24x18");
        let rhs = several(6, a.rows());
        let start = |goal, limit, idle| Start { goal, limit, idle };
        let goal = 1e-10; // ‖r‖ ≤ 1e-5, which f32 reaches too.
        let run = |solver: &mut Loop<f32>| -> Vec<ColumnState> {
            solver.run(|_| ControlFlow::Continue(())).unwrap()
        };
        let (mut solver, operator, r) = recorded::<f32>(gpu, &a, Inverse::Identity, &rhs);
        solver.start(&r, &[start(goal, 1000, false); 6]).unwrap();
        let stretch = run(&mut solver);
        assert!(stretch.iter().all(|state| state.status == Status::Reached));
        solver.start(&r, &[start(goal, 5, false); 6]).unwrap();
        let mut states = run(&mut solver);
        for limit in [10, 15, 20, 25, 1000] {
            let first = limit == 10;
            assert!(states.iter().enumerate().all(|(column, state)| match state.status {
                Status::Exhausted => state.iterations <= 25 && state.iterations.is_multiple_of(5),
                status => column == 2 && status == Status::Idle && !first,
            }));
            let tasks: Vec<_> = (0..6).map(|column| start(goal, limit, column == 2)).collect();
            solver.resume(&tasks).unwrap();
            states = run(&mut solver);
        }
        let (at_a_stretch, in_parts) = (stretch[0].iterations, states[0].iterations);
        assert!(at_a_stretch > 25 && in_parts <= at_a_stretch + 2, "{at_a_stretch} and {in_parts}");
        let x = solver.x().unwrap();
        let length = operator.ordering().device_len();
        for column in [0, 1, 3, 4, 5] {
            let x = operator.ordering().gather(&x[column * length..][..length]);
            let unit: Vec<f64> = rhs[column].iter().map(|b| b / norm(&rhs[column])).collect();
            // Within what f32 leaves of the recursion after some dozens of steps.
            assert!(relative_residual(&a, &x, &unit) <= 1e-4, "{column}");
        }
    });
}

/// Blocks I + K with K = −Kᵀ: plain conjugate gradients take M for symmetric, and never get far.
#[test]
fn a_preconditioner_need_not_be_symmetric() {
    each(|gpu| {
        if !gpu.capabilities().f64 {
            return;
        }
        let a = poisson("poisson:40x40");
        let entry = |k: usize| match (k % 16 / 4, k % 4) {
            (column, row) if column == row => 1.0,
            (column, row) if column == row + 1 => 0.1,
            (column, row) if row == column + 1 => -0.1,
            _ => 0.0,
        };
        let blocks: Vec<f64> = (0..4 * a.rows()).map(entry).collect();
        let blocks = Inverse::Blocks(gpu.upload("blocks", &blocks).unwrap());
        let rhs = several(4, a.rows());
        let (mut solver, operator, r) = recorded::<f64>(gpu, &a, blocks, &rhs);
        solver.start(&r, &[Start { goal: 1e-22, limit: 1000, idle: false }; 4]).unwrap();
        let states = solver.run(|_| ControlFlow::Continue(())).unwrap();
        let x = solver.x().unwrap();
        for (column, state) in states.iter().enumerate() {
            let length = operator.ordering().device_len();
            let x = operator.ordering().gather(&x[column * length..][..length]);
            let unit: Vec<f64> = rhs[column].iter().map(|b| b / norm(&rhs[column])).collect();
            let residual = relative_residual(&a, &x, &unit);
            assert!(state.status == Status::Reached && residual < 1e-10, "{state:?}: {residual:e}");
        }
    });
}
