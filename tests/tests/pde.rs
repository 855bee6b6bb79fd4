//! Problems whose solutions are known, solved on every device; and problems that cannot be solved, which must be said.
//!
//! The bounds on errors are ten to a hundred times what these sizes reach; a wrong equation, weight or row misses them by
//! orders of magnitude.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::f64::consts::PI;
use std::ops::ControlFlow;

use ansatz::linalg::Place;
use ansatz::pde::{FitPrecision, Gaussians, Method, Pde, PdeError, PdeOptions, PdeRun, Pig, RandomFeatures};
use ansatz_expr::{Expr, Jet, Leaf};
use ansatz_problem::{Domain, PointSet, Problem, ProblemBuilder, Sampler, Shape};
use ansatz_random_features::Activation;
use ansatz_tests::each;

fn square() -> Shape {
    Shape::rectangle([-1.0, 1.0], [-1.0, 1.0])
}

/// Δu + u = f, u = sin(πx) sin(a πy).
fn helmholtz(a: f64) -> Pde {
    let builder = Problem::on(square())
        .field("u")
        .parameter("a", a)
        .exact("u", "sin(pi*x)*sin(a*pi*y)")
        .equation("laplacian(u) + u = laplacian(u_exact) + u_exact")
        .boundary("all", "u = u_exact")
        .evaluate(&[31, 31]);
    pde(builder)
}

fn pde(builder: ProblemBuilder) -> Pde {
    builder.build().unwrap().into()
}

fn options(points: usize) -> PdeOptions {
    PdeOptions {
        points: Some(points),
        boundary_points: Some(points / 4),
        boundary_weight: Some(1.0),
        baseline: false,
        ..PdeOptions::default()
    }
}

fn sines(features: usize, bandwidth: f64) -> RandomFeatures {
    RandomFeatures::new(features).with_bandwidth(&[bandwidth])
}

/// Forty steps from a random network bring the residual down twentyfold; the same seed gives the same bits.
#[test]
fn gaussians_are_trained() {
    each(|gpu| {
        let method = Pig { embeddings: 2, units: 8, ..Pig::new(12) };
        let options = PdeOptions { max_steps: Some(40), precision: FitPrecision::F32, ..options(600) };
        let [run, again] = [(), ()].map(|()| helmholtz(1.0).solve(gpu, &method, &options).unwrap());
        let history = &run.report.history;
        assert!(history.last().unwrap() * 20.0 < history[0], "{history:?}");
        assert!(error(&run) < 0.2, "{}", run.report);
        assert_eq!(run.report.parameters, 9 + 8 + 16 + 2 * 12 * 5);
        assert_eq!(run.report.optimizer, "Levenberg–Marquardt");
        assert_eq!(history, &again.report.history);
        assert_eq!(run.solutions[0].values(0, &[0.3, 0.1]), again.solutions[0].values(0, &[0.3, 0.1]));
    });
}

fn error(run: &PdeRun) -> f64 {
    run.report.relative_l2_error.unwrap()
}

/// A point set of the square that no sampler draws, point after point.
fn lattice(count: usize) -> Vec<f64> {
    let at = |i: usize| -0.95 + 1.9 * i as f64 / (count - 1) as f64;
    (0..count * count).flat_map(|p| [at(p / count), at(p % count)]).collect()
}

#[track_caller]
fn assert_solved(run: &PdeRun, bound: f64) {
    println!("{}", run.report);
    assert!(run.converged(), "{}", run.report.reason);
    assert_eq!(run.report.reason, "Residual");
    assert!(run.report.relative_residual <= run.report.rtol);
    assert!(error(run) <= bound, "error {:e}, not {bound:e}", error(run));
}

#[track_caller]
fn assert_failed(run: &PdeRun, reason: &str) {
    println!("{}", run.report);
    assert!(!run.converged());
    assert_eq!(run.report.reason, reason);
    assert!(!run.report.hint.is_empty());
}

#[test]
fn a_linear_problem_in_both_precisions_and_everywhere() {
    each(|gpu| {
        let run = helmholtz(1.0).solve(gpu, &sines(250, 4.0), &options(800)).unwrap();
        assert_solved(&run, 1e-8);
        assert_eq!(run.report.steps, 1);
        // f64 needs a device that has it.
        let executor = if gpu.capabilities().f64 { gpu.executor() } else { "cpu" };
        assert_eq!(run.report.executor, executor);
        for place in [Place::Auto, Place::Device, Place::Host] {
            let options = PdeOptions { precision: FitPrecision::F32, place, ..options(800) };
            let run = helmholtz(1.0).solve(gpu, &sines(250, 4.0), &options).unwrap();
            assert_solved(&run, 1e-4);
            assert_eq!(run.report.executor, gpu.executor());
        }
    });
}

#[test]
fn gaussians_solve_it_too() {
    each(|gpu| {
        let method = Gaussians::new(250).with_width(&[0.5]);
        assert_solved(&helmholtz(1.0).solve(gpu, &method, &options(800)).unwrap(), 1e-4);
    });
}

/// −Δu + u³ = f.
fn cubic() -> Pde {
    let builder = Problem::on(Shape::rectangle([0.0, 1.0], [0.0, 1.0]))
        .field("u")
        .exact("u", "3*sin(pi*x)*sin(pi*y)")
        .equation("-laplacian(u) + u^3 = -laplacian(u_exact) + u_exact^3")
        .boundary("all", "u = 0")
        .evaluate(&[31, 31]);
    pde(builder)
}

#[test]
fn a_nonlinear_problem_by_gauss_newton() {
    each(|gpu| {
        let run = cubic().solve(gpu, &sines(150, 2.0), &options(500)).unwrap();
        assert_solved(&run, 1e-6);
        // Newton squares the error: a handful of steps, each of them a decrease.
        assert!((3..=9).contains(&run.report.steps), "{} steps", run.report.steps);
        assert_eq!(run.report.history.len(), run.report.steps + 1);
        assert!(run.report.history.windows(2).all(|pair| pair[1] < pair[0]), "{:?}", run.report.history);
        let run =
            cubic().solve(gpu, &sines(150, 2.0), &PdeOptions { max_steps: Some(1), ..options(500) }).unwrap();
        assert_failed(&run, "MaxSteps");
        assert_eq!(run.report.steps, 1);
    });
}

/// −u″ + u = f on a circle, u = exp(sin πx).
fn on_a_circle() -> Pde {
    let builder = Problem::on(Shape::interval(-1.0, 1.0))
        .field("u")
        .exact("u", "exp(sin(pi*x))")
        .equation("-u_xx + u = -laplacian(u_exact) + u_exact")
        .periodic("x")
        .evaluate(&[101]);
    pde(builder)
}

#[test]
fn periodic_sides() {
    let jumps = |run: &PdeRun| -> Vec<f64> {
        let jets = [[0u8; 8], [1, 0, 0, 0, 0, 0, 0, 0]].map(|orders| Jet { field: 0, orders });
        run.solutions[0].jets(&[-1.0, 1.0], &jets).iter().map(|side| (side[1] - side[0]).abs()).collect()
    };
    each(|gpu| {
        let methods: [(&dyn Method, f64); 2] =
            [(&sines(120, 20.0), 1e-4), (&Gaussians::new(60).with_width(&[0.1]), 1e-4)];
        for (method, bound) in methods {
            let run = on_a_circle().solve(gpu, method, &options(480)).unwrap();
            assert_solved(&run, bound);
            // The features repeat themselves: nothing is left to ask for.
            assert_eq!(run.report.conditions.len(), 1);
            // What is left is the rounding of large coefficients that cancel.
            assert!(jumps(&run).iter().all(|jump| *jump < 1e-5), "{:?}", jumps(&run));
        }
        // tanh cannot; so u and u′ are asked to be equal.
        let method = RandomFeatures::new(100).with_activation(Activation::Tanh).with_bandwidth(&[6.0]);
        let run = on_a_circle().solve(gpu, &method, &options(400)).unwrap();
        assert_solved(&run, 1e-3);
        assert_eq!(run.report.conditions.len(), 3);
        assert!(jumps(&run).iter().all(|jump| *jump < 1e-2), "{:?}", jumps(&run));
    });
}

/// u_t + u_x = 0, u = sin π(x − t).
fn transport() -> Pde {
    let builder = Problem::on(Domain::from(Shape::interval(-1.0, 1.0)).over("t", [0.0, 2.0]))
        .field("u")
        .exact("u", "sin(pi*(x - t))")
        .equation("u_t + u_x = 0")
        .boundary("x_min", "u = u_exact")
        .initial("u = sin(pi*x)")
        .evaluate(&[31, 41]);
    pde(builder)
}

#[test]
fn time_windows_agree_with_space_time() {
    each(|gpu| {
        let solve = |windows| {
            let options = PdeOptions { windows: Some(windows), ..options(500) };
            let run = transport().solve(gpu, &sines(120, 3.0), &options).unwrap();
            assert_solved(&run, 1e-4);
            assert_eq!(run.report.windows, windows);
            run
        };
        let (whole, parts) = (solve(1), solve(4));
        let points = lattice(20).chunks(2).flat_map(|x| [x[0], 1.0 + x[1]]).collect::<Vec<_>>();
        let pairs =
            whole.solutions[0].values(0, &points).into_iter().zip(parts.solutions[0].values(0, &points));
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(difference < 1e-3, "{difference:e}");
        // Each window goes on where the one before ended, after 0.5, 1 and 1.5.
        for end in [0.5, 1.0, 1.5] {
            let both: Vec<f64> =
                (0..20).map(|i| -1.0 + 0.1 * f64::from(i)).flat_map(|x| [x, end, x, end + 1e-9]).collect();
            let values = parts.solutions[0].values(0, &both);
            let jump = values.chunks(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
            assert!(jump > 0.0 && jump < 1e-4, "at t = {end}: {jump:e}");
        }
    });
}

#[test]
fn several_fields() {
    // A wave as two equations of order 1.
    let wave = Problem::on(Domain::from(Shape::interval(0.0, 1.0)).over("t", [0.0, 1.0]))
        .field("u")
        .field("v")
        .exact("u", "sin(pi*x)*cos(pi*t)")
        .exact("v", "cos(pi*x)*sin(pi*t)")
        .equation("u_t = v_x")
        .equation("v_t = u_x")
        .boundary("all", "u = 0")
        .initial("u = sin(pi*x)")
        .initial("v = 0")
        .evaluate(&[21, 21]);
    let wave = pde(wave);
    each(|gpu| {
        let run = wave.solve(gpu, &sines(100, 2.0), &options(600)).unwrap();
        assert_solved(&run, 1e-5);
        assert_eq!((run.report.unknowns, run.report.conditions.len()), (200, 5));
    });
}

#[test]
fn neumann_conditions_on_a_disk() {
    let neumann = Problem::on(Shape::disk([0.5, 0.0], 1.0))
        .field("u")
        .exact("u", "exp(x)*cos(2*y)")
        .equation("-laplacian(u) + u = 4*u_exact")
        .boundary("circle", "dn(u) = dn(u_exact)")
        .evaluate(&[31, 31]);
    let neumann = pde(neumann);
    each(|gpu| {
        assert_solved(&neumann.solve(gpu, &sines(120, 2.0), &options(500)).unwrap(), 1e-6);
    });
}

#[test]
fn what_is_not_resolved_is_not_converged() {
    each(|gpu| {
        let few = helmholtz(4.0).solve(gpu, &sines(40, 4.0), &options(400)).unwrap();
        assert_failed(&few, "Underresolved");
        assert!(error(&few) > 1e-2);
        // Fewer points than features: the residual vanishes at the points, and only there.
        let overfitted = helmholtz(4.0).solve(gpu, &sines(150, 6.0), &options(80)).unwrap();
        assert_failed(&overfitted, "Underresolved");
        let history = &overfitted.report.history;
        assert!(history[history.len() - 1] < 1e-6 * history[0], "{history:?}");
    });
}

#[test]
fn no_tolerance_below_the_residual_is_converged() {
    // Where u is sin(πx) sin(πy), by differences of the solution's own values: no residual code is used.
    let (h, x) = (1e-3, lattice(15));
    let moved = |dx: f64, dy: f64| x.chunks(2).flat_map(|x| [x[0] + dx, x[1] + dy]).collect::<Vec<_>>();
    let residual = |run: &PdeRun| {
        let at = |dx, dy| run.solutions[0].values(0, &moved(dx, dy));
        let (here, sides) = (at(0.0, 0.0), [at(h, 0.0), at(-h, 0.0), at(0.0, h), at(0.0, -h)]);
        let source = |x: &[f64]| (1.0 - 2.0 * PI * PI) * (PI * x[0]).sin() * (PI * x[1]).sin();
        let of = |p: usize| {
            let laplacian = (sides.iter().map(|side| side[p]).sum::<f64>() - 4.0 * here[p]) / (h * h);
            laplacian + here[p] - source(&x[2 * p..])
        };
        (0..here.len()).map(|p| of(p).powi(2)).sum::<f64>().sqrt() / (here.len() as f64).sqrt()
    };
    each(|gpu| {
        let mut seen = [false; 2];
        for rtol in [1e-2, 1e-4, 1e-6, 1e-8] {
            for precision in [FitPrecision::F32, FitPrecision::F64] {
                let options = PdeOptions { rtol, precision, ..options(300) };
                let run = helmholtz(1.0).solve(gpu, &sines(90, 2.5), &options).unwrap();
                assert_eq!(run.converged(), run.report.relative_residual <= rtol);
                // The terms of the equation sum up to about 4π² in size; differences err by h²π⁴/6.
                let found = residual(&run);
                assert!(!run.converged() || found <= rtol * 4.0 * PI * PI + 4e-5, "{found:e} at {rtol:e}");
                seen[usize::from(run.converged())] = true;
            }
        }
        assert_eq!(seen, [true; 2]);
    });
}

#[test]
fn too_few_points_without_regularisation() {
    each(|gpu| {
        let options = PdeOptions { tikhonov: Some(0.0), ..options(80) };
        assert_failed(&helmholtz(1.0).solve(gpu, &sines(150, 2.5), &options).unwrap(), "TooFewPoints");
    });
}

#[test]
fn sources_that_are_no_numbers() {
    let with_source = |source: &str| {
        let builder = Problem::on(square())
            .field("u")
            .equation(&format!("laplacian(u) + u = {source}"))
            .boundary("all", "u = 0")
            .evaluate(&[5, 5]);
        pde(builder)
    };
    each(|gpu| {
        let run = with_source("sqrt(x - 2)").solve(gpu, &sines(50, 2.0), &options(300)).unwrap();
        assert_failed(&run, "NonFinite");
        // The fit's grid misses the strip where there is no number; the fresh points do not.
        let options = PdeOptions { sampler: Sampler::Grid, ..options(300) };
        let run = with_source("sqrt(1 - 1.5*exp(-1e4*(x - 0.0123)^2))")
            .solve(gpu, &sines(50, 2.0), &options)
            .unwrap();
        assert!(run.report.history.iter().all(|norm| norm.is_finite()), "the fit saw it");
        assert_failed(&run, "NonFinite");
        assert!(run.report.residual_max.is_nan() && run.report.relative_residual.is_nan());
    });
}

#[test]
fn derivatives_that_features_have_not() {
    each(|gpu| {
        let method = RandomFeatures::new(50).with_activation(Activation::Relu).with_bandwidth(&[2.0]);
        match helmholtz(1.0).solve(gpu, &method, &options(100)) {
            Err(PdeError::Order { order: 2, most: 1, .. }) => {}
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn the_caller_stops_it() {
    each(|gpu| {
        let stop_at = |stage: &'static str, step: usize, seeds: usize| {
            let mut told = 0;
            let options = PdeOptions { seeds, ..options(300) };
            let run = cubic().solve_watched(gpu, &sines(60, 2.0), &options, |now| {
                told += 1;
                if now.stage == stage && now.step == step {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            (run.unwrap(), told)
        };
        let (run, _) = stop_at("fitting", 2, 1);
        assert_failed(&run, "Stopped");
        assert_eq!(run.report.steps, 1);
        // After the first of three seeds.
        let (run, _) = stop_at("verifying", 0, 3);
        assert_failed(&run, "Stopped");
        assert_eq!(run.solutions.len(), 1);
        // Late: what there is stands, and the baseline is left out.
        for stage in ["verifying", "solving the baseline"] {
            let options = PdeOptions { baseline: true, ..options(300) };
            let run = helmholtz(1.0).solve_watched(gpu, &sines(150, 2.5), &options, |now| {
                if now.stage == stage { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let run = run.unwrap();
            assert!(run.converged() && run.report.baseline.is_none(), "{}", run.report);
            let note = format!("stopped by the caller while {stage}");
            assert!(run.report.notes.iter().any(|found| found.starts_with(&note)), "{:?}", run.report.notes);
        }
        // While scales are chosen.
        let mut calls = 0;
        let run = cubic().solve_watched(gpu, &RandomFeatures::new(60), &options(300), |_| {
            calls += 1;
            if calls > 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_failed(&run.unwrap(), "Stopped");
    });
}

#[test]
fn seeds() {
    each(|gpu| {
        let solve = |seed, seeds| {
            let options = PdeOptions { seed, seeds, ..options(300) };
            helmholtz(1.0).solve(gpu, &sines(80, 2.5), &options).unwrap()
        };
        let bits = |run: &PdeRun, k: usize| -> Vec<u64> {
            run.solutions[k].values(0, &lattice(9)).into_iter().map(f64::to_bits).collect()
        };
        let (three, again, second) = (solve(5, 3), solve(5, 3), solve(6, 1));
        assert_eq!(three.report.seeds, [5, 6, 7]);
        for k in 0..3 {
            assert_eq!(bits(&three, k), bits(&again, k), "the same seed gives the same bits");
        }
        assert_eq!(bits(&three, 1), bits(&second, 0), "a seed does not depend on those before it");
        assert_ne!(bits(&three, 0), bits(&three, 1));
        let mut errors = three.report.relative_l2_errors.clone();
        errors.sort_by(f64::total_cmp);
        assert_eq!((errors.len(), Some(errors[1])), (3, three.report.relative_l2_error));
    });
}

/// The same problem without its exact solution, and with a wrong one.
#[test]
fn scales_are_chosen_without_the_exact_solution() {
    let with = |exact: Option<Expr>| {
        let mut problem = Problem::on(square())
            .field("u")
            .equation("laplacian(u) + u = (1 - 2*pi^2)*sin(pi*x)*sin(pi*y)")
            .boundary("all", "u = 0")
            .evaluate(&[11, 11])
            .build()
            .unwrap();
        problem.exact[0] = exact;
        Pde::from(problem)
    };
    let (x, y) = (Expr::leaf(Leaf::Coordinate(0)), Expr::leaf(Leaf::Coordinate(1)));
    let (right, wrong) = ((PI * x).sin() * (PI * y).sin(), Expr::number(7.0));
    each(|gpu| {
        let options = PdeOptions { boundary_weight: None, ..options(300) };
        let solve = |exact| with(exact).solve(gpu, &RandomFeatures::new(100), &options).unwrap();
        let (unknown, known, misled) = (solve(None), solve(Some(right.clone())), solve(Some(wrong.clone())));
        assert!(unknown.report.scales_chosen && unknown.report.relative_l2_error.is_none());
        assert!(error(&misled) > 0.5);
        for run in [&known, &misled] {
            assert_eq!(run.report.scales, unknown.report.scales);
            assert_eq!(run.report.residual_rms, unknown.report.residual_rms);
        }
        assert_solved(&known, 1e-3);
    });
}

/// Without the functions for its corners, sines leave a tenth of the terms of −Δu = 1 on the L; around holes likewise.
#[test]
fn corners_and_holes_are_resolved() {
    each(|gpu| {
        for (name, bandwidth, bound) in [("l_shape", 6.0, 1e-3), ("four_disks", 8.0, 1e-2)] {
            let pde = Pde::example(name, &[]).unwrap();
            let solve = |corners| {
                let options = PdeOptions { corners, ..options(1200) };
                pde.solve(gpu, &sines(250, bandwidth), &options).unwrap().report.relative_residual
            };
            let (with, without) = (solve(true), solve(false));
            assert!(with < bound && without > 10.0 * with, "{name}: {with:.1e}, {without:.1e} without");
        }
    });
}

/// −Δu = 1 with u = 0 on the L: ∫u = 0.2140758, known from adaptive finite elements; u at the middle of a square from
/// extrapolated differences. f32 leaves 1e-6.
#[test]
fn the_l_agrees_with_what_is_known_of_it() {
    let pde = Pde::example("l_shape", &[]).unwrap();
    // Gauss's points and weights on [0, 1] from the Legendre polynomial of degree 3, on 20² cells of each of the squares.
    let gauss = [(0.5 - 0.15f64.sqrt(), 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.5 + 0.15f64.sqrt(), 5.0 / 18.0)];
    let along = |low: f64| {
        (0..20).flat_map(move |cell| {
            gauss.map(|(x, weight)| (low + (f64::from(cell) + x) / 20.0, weight / 20.0))
        })
    };
    let squares = [(-1.0, -1.0), (-1.0, 0.0), (0.0, 0.0)];
    let rule: Vec<([f64; 2], f64)> = squares
        .into_iter()
        .flat_map(|(x, y)| along(x).flat_map(move |(x, a)| along(y).map(move |(y, b)| ([x, y], a * b))))
        .collect();
    let points: Vec<f64> = rule.iter().flat_map(|(x, _)| *x).collect();
    each(|gpu| {
        for (precision, bound) in [(FitPrecision::F64, 1e-6), (FitPrecision::F32, 1e-5)] {
            let options = PdeOptions { precision, ..options(1200) };
            let run = pde.solve(gpu, &sines(250, 6.0), &options).unwrap();
            let values = run.solutions[0].values(0, &points);
            let integral: f64 = values.iter().zip(&rule).map(|(u, (_, weight))| u * weight).sum();
            assert!(run.converged() && (integral / 0.214075803 - 1.0).abs() < bound, "{integral}");
            let middle = run.solutions[0].values(0, &[-0.5, 0.5])[0];
            assert!((middle / 0.13105296 - 1.0).abs() < bound, "{middle}");
        }
    });
}

/// A square with a square hole, whose four corners of 270° see the domain behind them whichever way one looks: a cut that
/// went on would make u jump where no residual tells. Known from second-order differences on up to 800 intervals,
/// extrapolated twice: to 1e-7 with values given all around, to 1e-5 where two sides of the hole are insulated.
#[test]
fn corners_of_a_hole() {
    let frame = || {
        let square = |half: f64| Shape::rectangle([-half, half], [-half, half]);
        Problem::on(square(1.0).minus(square(0.3).called("hole"))).field("u").equation("-laplacian(u) = 1")
    };
    let all = frame().boundary("all", "u = 0");
    let insulated = ["x_min", "x_max", "y_min", "y_max", "hole.x_min", "hole.x_max"]
        .into_iter()
        .fold(frame(), |problem, side| problem.boundary(side, "u = 0"))
        .boundary("hole.y_min", "dn(u) = 0")
        .boundary("hole.y_max", "dn(u) = 0");
    let points = [0.6, 0.6, 0.0, 0.4, 0.4, 0.0, 0.4, 0.4, 0.7, -0.2];
    let cases = [
        (pde(all.evaluate(&[5, 5])), [0.0721514, 0.0333058, 0.0333058, 0.0602664, 0.0665167], 1e-6, "0.667"),
        (pde(insulated.evaluate(&[5, 5])), [0.083568, 0.122151, 0.036492, 0.085788, 0.072552], 1e-5, "0.333"),
    ];
    each(|gpu| {
        for (pde, known, bound, exponent) in &cases {
            let run = pde.solve(gpu, &sines(250, 4.0), &options(1200)).unwrap();
            assert!(run.converged());
            for (u, known) in run.solutions[0].values(0, &points).into_iter().zip(known) {
                assert!((u - known).abs() < *bound, "{u} {known}");
            }
            let named = format!("behaves like r^{exponent}");
            let notes = run.report.notes.iter().filter(|note| note.contains(&named));
            assert_eq!(notes.count(), 4, "{:?}", run.report.notes);
        }
    });
}

/// Where a derivative is unbounded, nothing can be asked of it; and r^λ is no solution of other operators than Δ.
#[test]
fn what_is_asked_at_a_corner_itself_and_of_other_operators() {
    let on_l = || Problem::on(Pde::example("l_shape", &[]).unwrap().problem().domain.clone()).field("u");
    let at_corner = PointSet::new(2, vec![0.0, 0.0]);
    let asked = on_l().equation("-laplacian(u) = 1").boundary("all", "u = 0").at(at_corner, "u_x = 0");
    let other = on_l().equation("-2*u_xx - u_yy = 1").boundary("all", "u = 0");
    let (asked, other) = (pde(asked.evaluate(&[5, 5])), pde(other.evaluate(&[5, 5])));
    each(|gpu| {
        let solve = |pde: &Pde| pde.solve(gpu, &sines(250, 6.0), &options(1200)).unwrap();
        let run = solve(&asked);
        assert!(run.report.residual_rms < 1e-4, "{}", run.report);
        let run = solve(&other);
        assert!(!run.converged() && run.report.unknowns == 250);
        assert!(run.report.notes.iter().any(|note| note.contains("convergence is slow")));
    });
}

#[test]
fn reentrant_corners_are_named() {
    let notes = |run: &PdeRun| -> Vec<String> {
        run.report.notes.iter().filter(|note| note.starts_with("corner")).cloned().collect()
    };
    let example = |name: &str| Pde::example(name, &[]).unwrap();
    each(|gpu| {
        let solve = |pde: &Pde| pde.solve(gpu, &sines(120, 4.0), &options(500)).unwrap();
        let run = solve(&example("l_shape"));
        let found = notes(&run);
        let [note] = &found[..] else { panic!("{found:?}") };
        assert!(note.starts_with("corner at (0, 0): with 270° inside") && note.contains("r^0.667"), "{note}");
        // −Δu = 1 is hardest to fulfil where the gradient is unbounded, and that is said.
        let worst = &run.report.residual_max_at;
        let near = worst[0].hypot(worst[1]) <= 0.2;
        assert_eq!(note.ends_with("lies near it"), near, "{note}");
        assert_eq!(notes(&solve(&example("four_disks"))), [""; 0]);
        // The same domain under an equation of order 1, which has no such corners.
        let first_order = Problem::on(example("l_shape").problem().domain.clone())
            .field("u")
            .equation("u_x + u = 1")
            .boundary("x_min", "u = 0")
            .evaluate(&[5, 5]);
        assert_eq!(notes(&solve(&pde(first_order))), [""; 0]);
    });
}
