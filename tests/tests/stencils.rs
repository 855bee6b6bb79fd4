//! Learned stencils on each device: what holds for any weights, and the gradient that trains them.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::sync::Arc;

use ansatz::gpu::{Gpu, Plan, Real};
use ansatz::krylov::cg::control::Params;
use ansatz::krylov::operator::Operator;
use ansatz::krylov::stencils::{DeviceStencils, LearnedStencils, StencilNetwork, StencilTraining};
use ansatz::krylov::{generate, solve};
use ansatz::optim::{AdamOptions, Schedule};
use ansatz::pde::Checkpoint;
use ansatz::train::{StencilWeights, StencilsTraining, TrainProgress, TrainStop, train_stencils};
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
fn apply<T: Real>(
    gpu: &Gpu,
    a: &dyn Operator,
    stencils: &DeviceStencils<T>,
    r: &[Vec<f64>],
) -> Vec<Vec<f64>> {
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
                assert!(
                    (dot(x, my) - dot(y, mx)).abs() <= 1e-5 * size,
                    "{text}: {} {}",
                    dot(x, my),
                    dot(y, mx)
                );
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
        // Outputs of the size that training leads to.
        let noise_of =
            |scale: f64, seed| noise::<f64>(network.numbers(), seed).into_iter().map(move |x| scale * x);
        let theta: Vec<f64> =
            network.initial(4).into_iter().zip(noise_of(0.05, 7)).map(|(a, b)| a + b).collect();
        let direction: Vec<f64> = noise_of(1.0, 8).collect();
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
        let middle = loss(0.0);
        assert!((0.0..1.0).contains(&middle), "{middle}");
        let found = dot(&gpu.read(&gradient).unwrap(), &direction);
        // The coefficients have 8 bits, which the mean over some thousands of them smooths; |n| and max(·, 0) have corners.
        let step = 3e-3;
        let difference = (loss(step) - loss(-step)) / (2.0 * step);
        assert!((found - difference).abs() <= 0.03 * difference.abs(), "{text}: {found}, not {difference}");
    }
}

/// NaN and infinite weights end in a status that says so, and so do weights that are merely bad, once the iterations are used up.
#[test]
fn weights_that_are_not_finite_are_named() {
    each(|gpu| {
        for (text, dimensions) in [("obstacles:41x38:0.2", 2), ("obstacles:14x13x12:0.2", 3)] {
            let (a, network) = (operator(text), network(dimensions));
            for bad in [f64::NAN, f64::INFINITY] {
                let learned = LearnedStencils::new(network, vec![bad; network.numbers()]).unwrap();
                let outcome = run(gpu, &*a, &rhs(&*a, 4), &with(Some(learned.clone())));
                assert_eq!(outcome.reason, Reason::IndefinitePreconditioner, "{text}, {bad}");
                // f32 alone may be at fault itself.
                let options = SolveOptions { precision: Precision::F32, ..with(Some(learned)) };
                assert_eq!(run(gpu, &*a, &rhs(&*a, 4), &options).reason, Reason::Stagnated, "{text}, {bad}");
            }
        }
    });
}

/// Plain conjugate gradients with weights that are all random: no good, but never wrong.
#[test]
fn wild_weights_still_end_in_a_verified_answer() {
    each(|gpu| {
        for (text, dimensions) in SYSTEMS {
            let a = operator(text);
            let small = LearnedStencils::new(
                network(dimensions),
                wild(network(dimensions), 3).parameters().iter().map(|p| 0.2 * p).collect(),
            );
            let outcome = run(gpu, &*a, &rhs(&*a, 6), &with(Some(small.unwrap())));
            assert!(outcome.reason.converged(), "{text}: {}", outcome.reason);
            assert!(outcome.true_relative_residual <= 1e-8);
        }
    });
}

/// The weights in `weights/` on geometries and sizes that they were not trained with.
#[test]
fn trained_stencils_need_fewer_iterations() {
    each(|gpu| {
        for (file, text) in
            [("stencils-2d", "obstacles:96x80:0.2"), ("stencils-3d", "obstacles:20x24x22:0.2")]
        {
            let path = format!("{}/../weights/{file}.safetensors", env!("CARGO_MANIFEST_DIR"));
            let weights = StencilWeights::read(path.as_ref()).unwrap();
            let a = generate::parse(text, 77).unwrap().operator;
            let b = rhs(&*a, 7);
            let [jacobi, learned] =
                [None, Some(weights.learned)].map(|stencils| run(gpu, &*a, &b, &with(stencils)));
            assert!(jacobi.reason.converged() && learned.reason.converged());
            assert!(
                10 * learned.iterations <= 9 * jacobi.iterations,
                "{text}: {}, with Jacobi's scaling {}",
                learned.iterations,
                jacobi.iterations
            );
        }
    });
}

fn training(steps: usize) -> StencilsTraining {
    StencilsTraining {
        network: StencilNetwork { dimensions: 2, channels: 4, layers: 2 },
        from: None,
        grid: "36x33".to_owned(),
        geometries: 3,
        steps,
        batch: 2,
        rounds: 4,
        adam: AdamOptions { schedule: Schedule::constant(1e-2), ..AdamOptions::default() },
        seed: 5,
        checkpoint: None,
        resume: None,
    }
}

/// Stopped halfway and resumed, training ends with the same bits; what is of another training is refused.
#[test]
fn training_lowers_the_loss_and_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("half.safetensors");
    each(|gpu| {
        let train = |options: &StencilsTraining, stop_after: usize| {
            train_stencils(gpu, options, |progress| match progress {
                TrainProgress::Training { step, .. } if step >= stop_after => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            })
        };
        let whole = train(&training(60), usize::MAX).unwrap();
        assert_eq!((whole.losses.len(), whole.stop), (60, TrainStop::MaxSteps));
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        assert!(mean(&whole.losses[40..]) < 0.9 * mean(&whole.losses[..20]), "{:?}", whole.losses);
        let halfway = StencilsTraining { checkpoint: Some(Checkpoint::new(&file)), ..training(60) };
        assert_eq!(train(&halfway, 30).unwrap().stop, TrainStop::Stopped);
        let resumed = StencilsTraining { resume: Some(file.clone()), ..training(60) };
        assert_eq!(train(&resumed, usize::MAX).unwrap().weights.learned, whole.weights.learned);
        assert!(train(&StencilsTraining { seed: 6, ..resumed }, usize::MAX).is_err());
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    let gpu = Gpu::cpu();
    let learned = wild(network(3), 1);
    let solve = |text: &str, options: &SolveOptions| {
        let a = operator(text);
        let b = [vec![1.0; a.dimension()]];
        solve(&gpu, &*a, &b, None, options, &mut |_| ControlFlow::Continue(()))
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let told = |text: &str, options: &SolveOptions, part: &str| {
        let error = solve(text, options).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    let without = SolveOptions { stencils: None, ..with(Some(learned.clone())) };
    told("poisson:30x30", &without, "without weights");
    told("poisson:30x30", &with(Some(learned.clone())), "one for 2 dimensions");
    told("elasticity:8x8", &with(Some(learned.clone())), "needs the grid of a stencil");
    told("elasticity:8x8", &with(None), "needs the grid of a stencil");
    // So small that it is solved directly, whatever the weights.
    assert_eq!(solve("poisson:7x6x5", &with(Some(learned))), Ok(()));

    for (dimensions, channels, layers) in [(4, 8, 3), (2, 0, 3), (2, 65, 3), (2, 8, 0), (2, 8, 9)] {
        let network = StencilNetwork { dimensions, channels, layers };
        assert!(network.check().is_err());
        assert!(LearnedStencils::new(network, Vec::new()).is_err());
    }
    assert!(LearnedStencils::new(network(2), vec![0.0; 3]).is_err());
    let train = |text: &str, dimensions, columns| {
        StencilTraining::<f32>::new(&gpu, &*operator(text), network(dimensions), columns).map(|_| ())
    };
    assert!(train("poisson:8x8", 2, 1).is_err());
    assert!(train("poisson:40x40", 3, 1).is_err());
    assert!(train("poisson:40x40", 2, 0).is_err());
    assert!(train("poisson:40x40", 2, 1).is_ok());
}
