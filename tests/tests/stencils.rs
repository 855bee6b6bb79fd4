//! Learned stencils on each device: what holds for any weights, and the gradient that trains them.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::sync::Arc;

use ansatz::gpu::{Gpu, Plan, Real};
use ansatz::krylov::cg::control::Params;
use ansatz::krylov::operator::Operator;
use ansatz::krylov::stencils::{DeviceStencils, LearnedStencils, StencilNetwork, StencilTraining};
use ansatz::krylov::{generate, solve};
use ansatz::{Outcome, Precision, Preconditioner, Reason, SolveOptions};
use ansatz_tests::{each, noise};

/// Odd, with walls and air, with jumps of the coefficient, without a link to the value zero.
const SYSTEMS: [(&str, usize); 5] = [
    ("poisson:37x23", 2),
    ("obstacles:41x38:0.2", 2),
    ("obstacles:14x13x12:0.2", 3),
    ("contrast:18x9x11:100", 3),
    ("neumann:30x31", 2),
];

fn network(dimensions: usize) -> StencilNetwork {
    StencilNetwork { dimensions, channels: 6, layers: 3 }
}

/// Weights that are nothing like those of a training: all random, the last layer's too.
fn wild(network: StencilNetwork, seed: u64) -> LearnedStencils {
    LearnedStencils::new(network, noise::<f64>(network.numbers(), seed)).unwrap()
}

fn operator(text: &str) -> Arc<dyn Operator> {
    generate::parse(text, 1).unwrap().operator
}

fn run(gpu: &Gpu, a: &dyn Operator, b: &[f64], options: &SolveOptions) -> Outcome {
    let b = [b.to_vec()];
    solve(gpu, a, &b, None, options, &mut |_| ControlFlow::Continue(())).unwrap().outcomes.remove(0)
}

fn with(stencils: Option<LearnedStencils>) -> SolveOptions {
    let preconditioner = if stencils.is_some() { Preconditioner::Stencils } else { Preconditioner::Additive };
    SolveOptions { preconditioner, stencils: stencils.map(Arc::new), ..SolveOptions::default() }
}

/// A right-hand side for which there is a solution.
fn rhs(a: &dyn Operator, seed: u64) -> Vec<f64> {
    let numbers = noise::<f64>(a.dimension(), seed);
    let mut b: Vec<f64> = (0..numbers.len()).map(|i| if a.is_active(i) { numbers[i] } else { 0.0 }).collect();
    a.null_components().project(&mut b);
    b
}

/// M⁻¹ of each column of r.
fn apply<T: Real>(gpu: &Gpu, a: &dyn Operator, stencils: &DeviceStencils<T>, r: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let ordering = a.form().grid().unwrap().ordering();
    let params = Params::new(stencils.length() / 4, r.len(), 1, 1, 1, true);
    let control = gpu.upload("control", &vec![T::zero(); params.control_words()]).unwrap();
    let r: Vec<T> = r.iter().flat_map(|r| ordering.scatter::<T>(r)).collect();
    let (r, z) = (gpu.upload("r", &r).unwrap(), gpu.upload("z", &vec![T::nan(); r.len()]).unwrap());
    let mut plan = Plan::new(gpu, "stencils");
    stencils.record(&mut plan, &params, &control, &r, &z).unwrap();
    plan.run().unwrap();
    gpu.read(&z).unwrap().chunks(stencils.length()).map(|z| ordering.gather(z)).collect()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// x·My = y·Mx and x·Mx > 0, whatever the weights are.
#[test]
fn any_weights_give_a_symmetric_positive_definite_operator() {
    each(|gpu| {
        for (number, (text, dimensions)) in SYSTEMS.into_iter().enumerate() {
            let a = operator(text);
            let learned = wild(network(dimensions), 10 + number as u64);
            let vectors = [rhs(&*a, 1), rhs(&*a, 2)];
            for learned in [None, Some(&learned)] {
                let stencils = DeviceStencils::<f32>::new(gpu, &*a, 0.5, learned, 2).unwrap();
                assert!(stencils.levels() > 1, "{text}");
                let m = apply(gpu, &*a, &stencils, &vectors);
                let ([x, y], [mx, my]) = (&vectors, [&m[0], &m[1]]);
                // Rounding of f32 in sums that are as large as the two norms.
                let size = (dot(x, mx) * dot(y, my)).sqrt();
                assert!(dot(x, mx) > 0.0 && dot(y, my) > 0.0, "{text}");
                assert!((dot(x, my) - dot(y, mx)).abs() <= 1e-5 * size, "{text}: {} {}", dot(x, my), dot(y, mx));
            }
        }
    });
}

/// With n = 0 a network is Jacobi's scaling, to the rounding of f32 in the sums of κ and 1 − κ.
#[test]
fn untrained_weights_are_jacobi_scaling() {
    let gpu = Gpu::cpu();
    for (text, dimensions) in SYSTEMS {
        let (a, network) = (operator(text), network(dimensions));
        let learned = LearnedStencils::new(network, network.initial(3)).unwrap();
        let r = [rhs(&*a, 5)];
        let [mine, jacobi] = [Some(&learned), None].map(|learned| {
            let stencils = DeviceStencils::<f64>::new(&gpu, &*a, 1.0, learned, 1).unwrap();
            apply(&gpu, &*a, &stencils, &r).remove(0)
        });
        let error: Vec<f64> = mine.iter().zip(&jacobi).map(|(x, y)| x - y).collect();
        assert!(dot(&error, &error).sqrt() <= 1e-6 * dot(&jacobi, &jacobi).sqrt(), "{text}");
    }
}

/// Against differences of the mean loss along a direction.
#[test]
fn the_gradient_is_that_of_the_loss() {
    let gpu = Gpu::cpu();
    for (text, dimensions) in [("obstacles:41x38:0.2", 2), ("obstacles:14x13x12:0.2", 3)] {
        let (a, network) = (operator(text), network(dimensions));
        let training = StencilTraining::<f64>::new(&gpu, &*a, network, 3).unwrap();
        let theta: Vec<f64> = noise::<f64>(network.numbers(), 7).iter().map(|x| 0.3 * x).collect();
        let direction = noise::<f64>(network.numbers(), 8);
        let parameters = gpu.upload("θ", &theta).unwrap();
        let gradient = gpu.upload("g", &vec![f64::NAN; network.numbers()]).unwrap();
        let mut plan = Plan::new(&gpu, "training");
        training.record(&mut plan, &parameters, &gradient).unwrap();
        let mut loss = |step: f64| {
            let moved: Vec<f64> = theta.iter().zip(&direction).map(|(t, d)| t + step * d).collect();
            gpu.write(&parameters, 0, &moved).unwrap();
            training.draw(&gpu, 9).unwrap();
            plan.run().unwrap();
            gpu.read(training.losses()).unwrap().iter().sum::<f64>() / 3.0
        };
        // The coefficients are rounded to f32, some 1e-8 of the loss, and |n| has corners.
        let step = 5e-4;
        let difference = (loss(step) - loss(-step)) / (2.0 * step);
        let middle = loss(0.0);
        assert!((0.0..1.0).contains(&middle), "{middle}");
        let found = dot(&gpu.read(&gradient).unwrap(), &direction);
        assert!((found - difference).abs() <= 5e-3 * difference.abs(), "{text}: {found}, not {difference}");
    }
}

#[test]
fn baseline_counts() {
    let gpu = Gpu::cpu();
    for (text, _) in SYSTEMS {
        let a = operator(text);
        for pc in ["jacobi", "additive", "multigrid:v:jacobi:1"] {
            let o = run(&gpu, &*a, &rhs(&*a, 3), &SolveOptions { preconditioner: pc.parse().unwrap(), ..SolveOptions::default() });
            println!("{text} {pc} {} {}", o.reason, o.iterations);
        }
    }
}
