//! Conjugate directions with a window, on each device: the iterations of conjugate gradients where both are the same method,
//! preconditioners that are neither symmetric nor linear, and networks that give nonsense.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::sync::Arc;

use ansatz::gpu::Gpu;
use ansatz::krylov::learned::LearnedDirections;
use ansatz::krylov::operator::Operator;
use ansatz::krylov::{generate, solve};
use ansatz::layers::convolution::DirectionNetwork;
use ansatz::{Method, Outcome, Precision, Preconditioner, SolveOptions};
use ansatz_tests::{each, noise};

fn run(gpu: &Gpu, a: &dyn Operator, b: &[f64], options: &SolveOptions) -> Outcome {
    let b = [b.to_vec()];
    solve(gpu, a, &b, None, options, &mut |_| ControlFlow::Continue(())).unwrap().outcomes.remove(0)
}

fn with(window: u32, preconditioner: Preconditioner) -> SolveOptions {
    SolveOptions { method: Method::Directions { window }, preconditioner, ..SolveOptions::default() }
}

#[test]
fn without_a_network_they_are_conjugate_gradients() {
    let a = generate::parse("poisson:31x31", 0).unwrap().operator;
    let b = noise::<f64>(31 * 31, 1);
    each(|gpu| {
        for preconditioner in [Preconditioner::None, Preconditioner::Chebyshev { degree: 3 }] {
            let plain = SolveOptions { preconditioner, ..SolveOptions::default() };
            let iterations = run(gpu, &*a, &b, &plain).iterations as f64;
            for window in [1, 2, 5] {
                let outcome = run(gpu, &*a, &b, &with(window, preconditioner));
                assert!(outcome.reason.converged(), "{}", outcome.reason);
                // More of them are conjugate than in exact arithmetic need to be, which rounding makes no worse.
                let found = outcome.iterations as f64;
                assert!(
                    (0.6 * iterations..1.1 * iterations).contains(&found),
                    "{window}: {found}, not {iterations}"
                );
                assert_eq!(outcome.refused_directions, 0);
            }
        }
    });
}

/// An F cycle is not symmetric.
#[test]
fn a_preconditioner_that_is_not_symmetric_is_borne() {
    let a = generate::parse("obstacles:16x15x14:0.2", 1).unwrap().operator;
    let b: Vec<f64> = noise::<f64>(a.dimension(), 2);
    each(|gpu| {
        let outcome = run(gpu, &*a, &b, &with(2, "multigrid:f:jacobi:1".parse().unwrap()));
        assert!(
            outcome.reason.converged() && outcome.iterations < 40,
            "{} after {}",
            outcome.reason,
            outcome.iterations
        );
    });
}

/// Zeros, NaN and noise: each ends in a verified answer, and says how many directions were refused.
#[test]
fn a_network_that_gives_nonsense_still_ends_in_an_answer() {
    for (text, dimensions) in [("poisson:16x17", 2), ("obstacles:8x7x9:0.2", 3)] {
        let a = generate::parse(text, 1).unwrap().operator;
        let b: Vec<f64> = noise::<f64>(a.dimension(), 3);
        let network = DirectionNetwork { dimensions, channels: 4, coarsenings: 1 };
        let parameters =
            [vec![0.0; network.numbers()], vec![f64::NAN; network.numbers()], network.initial(7)];
        each(|gpu| {
            for (kind, parameters) in parameters.iter().enumerate() {
                let learned = Some(Arc::new(LearnedDirections::new(network, parameters.clone()).unwrap()));
                for precision in [Precision::F32, Precision::Auto] {
                    let options = SolveOptions {
                        directions: learned.clone(),
                        precision,
                        ..with(2, Preconditioner::Network)
                    };
                    let outcome = run(gpu, &*a, &b, &options);
                    assert!(
                        outcome.reason.converged(),
                        "{text}, {kind}: {} {}",
                        outcome.reason,
                        outcome.iterations
                    );
                    assert!(outcome.true_relative_residual <= 1e-8);
                    // Every other direction at least, where the network gives none.
                    let (refused, half) = (outcome.refused_directions, outcome.iterations / 2);
                    assert!(refused >= half, "{text}, {kind}: {refused} of {}", outcome.iterations);
                }
            }
        });
    }
}

/// After each iteration the error is no larger in the norm of A, whatever direction the network gave.
#[test]
fn the_error_never_rises_in_the_norm_of_the_matrix() {
    let a = generate::parse("poisson:12x11", 0).unwrap().operator;
    let exact: Vec<f64> = noise::<f64>(a.dimension(), 4);
    let mut b = vec![0.0; exact.len()];
    a.apply(&exact, &mut b);
    let network = DirectionNetwork { dimensions: 2, channels: 4, coarsenings: 1 };
    let directions = Some(Arc::new(LearnedDirections::new(network, network.initial(5)).unwrap()));
    each(|gpu| {
        let mut before = f64::INFINITY;
        for iterations in 1..12 {
            let options = SolveOptions {
                directions: directions.clone(),
                max_iterations: Some(iterations),
                precision: Precision::F64,
                ..with(2, Preconditioner::Network)
            };
            let x = run(gpu, &*a, &b, &options).x;
            let e: Vec<f64> = x.iter().zip(&exact).map(|(x, exact)| x - exact).collect();
            let mut ae = vec![0.0; e.len()];
            a.apply(&e, &mut ae);
            let energy: f64 = e.iter().zip(&ae).map(|(e, ae)| e * ae).sum();
            assert!(energy <= before * (1.0 + 1e-12), "{iterations}: {energy} after {before}");
            before = energy;
        }
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    let gpu = Gpu::cpu();
    let network = DirectionNetwork { dimensions: 3, channels: 4, coarsenings: 1 };
    assert!(LearnedDirections::new(network, vec![0.0; 3]).is_err());
    let directions = Some(Arc::new(LearnedDirections::new(network, network.initial(0)).unwrap()));
    let flat = generate::parse("poisson:8x8", 0).unwrap().operator;
    let solve = |options: &SolveOptions| {
        solve(&gpu, &*flat, &[vec![1.0; 64]], None, options, &mut |_| ControlFlow::Continue(())).map(|_| ())
    };
    assert!(solve(&with(2, Preconditioner::Network)).is_err());
    assert!(solve(&with(0, Preconditioner::None)).is_err());
    assert!(solve(&with(17, Preconditioner::None)).is_err());
    assert!(
        solve(&SolveOptions { directions: directions.clone(), ..with(2, Preconditioner::Network) }).is_err()
    );
    let method = Method::Gmres { restart: 5 };
    assert!(solve(&SolveOptions { method, directions, ..with(2, Preconditioner::Network) }).is_err());
}
