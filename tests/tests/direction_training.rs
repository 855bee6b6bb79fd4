//! Training of networks for directions on each device: Ritz vectors against the exact spectrum, gradients against differences, and what
//! trained weights are worth.

#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;
use std::ops::ControlFlow;
use std::sync::Arc;

use ansatz::gpu::{Gpu, Plan};
use ansatz::krylov::generate;
use ansatz::krylov::lanczos::RitzVectors;
use ansatz::krylov::learned::{DirectionLoss, LearnedDirections};
use ansatz::krylov::operator::Operator;
use ansatz::layers::convolution::DirectionNetwork;
use ansatz::optim::{AdamOptions, Schedule};
use ansatz::pde::Checkpoint;
use ansatz::train::{
    DirectionTraining, DirectionWeights, TrainProgress, TrainStop, Trained, train_directions,
};
use ansatz::{LinearSystem, Method, Preconditioner, SolveOptions};
use ansatz_tests::{each, noise};

fn carry_on(_: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// All eigenvalues 4 − 2cos(iπ/8) − 2cos(jπ/6) of the five-point Laplacian are simple, so that Lanczos finds each; the vectors are
/// orthonormal, and eigenvectors.
#[test]
fn ritz_vectors_are_eigenvectors_in_the_end() {
    let (nx, ny) = (7, 5);
    let a = generate::parse("poisson:7x5", 0).unwrap().operator;
    let cos = |i: usize, n: usize| 2.0 * (i as f64 * PI / (n + 1) as f64).cos();
    let mut exact: Vec<f64> =
        (1..=nx).flat_map(|i| (1..=ny).map(move |j| 4.0 - cos(i, nx) - cos(j, ny))).collect();
    exact.sort_by(f64::total_cmp);
    each(|gpu| {
        let ritz = RitzVectors::<f32>::new(gpu, &*a, 1000, 1, carry_on).unwrap();
        assert_eq!(ritz.values().len(), nx * ny);
        for (found, exact) in ritz.values().iter().zip(&exact) {
            // ‖A‖ = 8 in f32, some steps of which add up.
            assert!((found - exact).abs() < 2e-5, "{found}, not {exact}");
        }
        let (rows, basis) = (ritz.rows(), gpu.read(ritz.basis()).unwrap());
        let grid = a.form().grid().unwrap().ordering();
        let vector = |j: usize| {
            let mut unit = vec![0.0; exact.len()];
            unit[j] = 1.0;
            let coefficients = ritz.coefficients(&unit);
            let mut device = vec![0.0f64; rows];
            for (c, v) in coefficients.iter().zip(basis.chunks(rows)) {
                device.iter_mut().zip(v).for_each(|(sum, &v)| *sum += c * f64::from(v));
            }
            grid.gather(&device)
        };
        let vectors: Vec<Vec<f64>> = (0..exact.len()).map(vector).collect();
        let mut image = vec![0.0; nx * ny];
        for (j, v) in vectors.iter().enumerate() {
            a.apply(v, &mut image);
            let residual: f64 = image.iter().zip(v).map(|(y, v)| (y - exact[j] * v).powi(2)).sum();
            assert!(residual.sqrt() < 1e-4, "vector {j}: {}", residual.sqrt());
            for (k, w) in vectors.iter().enumerate() {
                let product: f64 = v.iter().zip(w).map(|(v, w)| v * w).sum();
                assert!((product - f64::from(u8::from(j == k))).abs() < 2e-5, "{j}, {k}: {product}");
            }
        }
    });
}

#[test]
fn wrong_numbers_of_steps_are_refused() {
    let a = generate::parse("poisson:4x4", 0).unwrap().operator;
    let gpu = Gpu::cpu();
    for steps in [0, 2001] {
        let error = RitzVectors::<f32>::new(&gpu, &*a, steps, 1, carry_on).unwrap_err().to_string();
        assert!(error.contains("between 1 and 2000"), "{error}");
    }
}

/// Central differences of order h² in f64, on a network whose kinks lie elsewhere.
#[test]
fn the_gradient_of_the_loss_is_that_of_differences() {
    let gpu = Gpu::cpu();
    for (text, dimensions) in [("poisson:9x6", 2), ("obstacles:5x6x7:0.2", 3)] {
        let a = generate::parse(text, 1).unwrap().operator;
        let network = DirectionNetwork { dimensions, channels: 4, coarsenings: 1 };
        let mut theta = network.initial(3);
        let ordering = a.form().grid().unwrap().ordering();
        let b: Vec<f64> = (0..2)
            .flat_map(|column| {
                let mut b = noise::<f64>(a.dimension(), column);
                b.iter_mut().enumerate().for_each(|(i, b)| *b = if a.is_active(i) { *b } else { 0.0 });
                ordering.scatter::<f64>(&b)
            })
            .collect();
        let learned = LearnedDirections::new(network, theta.clone()).unwrap();
        let loss = DirectionLoss::<f64>::new(&gpu, &*a, &learned, 2, 1).unwrap();
        gpu.write(loss.b(), 0, &b).unwrap();
        let mut plan = Plan::new(&gpu, "loss");
        loss.record(&mut plan).unwrap();
        let mut value = |theta: &[f64]| {
            gpu.write(loss.parameters(), 0, theta).unwrap();
            loss.begin().unwrap();
            plan.run().unwrap();
            loss.losses(1).unwrap()[0]
        };
        let first = value(&theta);
        assert!(first > 0.0 && first.is_finite(), "{first}");
        let gradient = gpu.read(loss.gradient()).unwrap();
        let h = 1e-6;
        let mut met = 0;
        for (layer, shape) in network.layers().iter().enumerate() {
            let places = (0..3).map(|i| shape.weight(i % shape.outputs, i % shape.inputs, i % shape.taps()));
            for place in places.chain([shape.bias(0)]) {
                let old = theta[place];
                theta[place] = old + h;
                let above = value(&theta);
                theta[place] = old - h;
                let below = value(&theta);
                theta[place] = old;
                let difference = (above - below) / (2.0 * h);
                // h² of the third derivative, and rounding over h.
                assert!(
                    (gradient[place] - difference).abs() < 1e-6 * (1.0 + difference.abs()),
                    "{text}, layer {layer}: {} and {difference}",
                    gradient[place]
                );
                met += usize::from(difference.abs() > 1e-4);
            }
        }
        assert!(met > 20, "only {met} derivatives say anything");
    }
}

fn training(steps: usize) -> DirectionTraining {
    DirectionTraining {
        network: DirectionNetwork { dimensions: 2, channels: 8, coarsenings: 1 },
        from: None,
        steps,
        batch: 4,
        ritz: 80,
        adam: AdamOptions { schedule: Schedule::constant(2e-3), ..AdamOptions::default() },
        seed: 5,
        checkpoint: None,
        resume: None,
    }
}

fn trained(
    gpu: &Gpu,
    a: &dyn Operator,
    options: &DirectionTraining,
    stop_after: usize,
) -> Trained<LearnedDirections> {
    train_directions(gpu, a, "poisson:12x11", options, |progress| match progress {
        TrainProgress::Training { step, .. } if step >= stop_after => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .unwrap()
}

/// After a few seconds of training, directions of the network are worth three of conjugate gradients.
#[test]
fn trained_directions_need_fewer_iterations() {
    let system = LinearSystem::generate("poisson:12x11", 0).unwrap();
    let rhs = noise::<f64>(132, 9);
    let system = system.with_rhs(vec![rhs]).unwrap();
    each(|gpu| {
        let Trained { weights, losses, stop } = trained(gpu, system.operator(), &training(200), usize::MAX);
        assert_eq!((stop, losses.len()), (TrainStop::MaxSteps, 200));
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        let (first, last) = (mean(&losses[..10]), mean(&losses[190..]));
        assert!(last < 0.3 * first, "{first} to {last}");
        let [plain, learned] = both(gpu, &system, weights);
        assert!(3 * learned <= 2 * plain, "{learned} and {plain}");
    });
}

/// Stopped, saved and resumed, training ends with the same bits.
#[test]
fn a_resumed_training_ends_as_if_it_had_never_stopped() {
    let system = LinearSystem::generate("poisson:12x11", 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.safetensors");
    each(|gpu| {
        let whole = trained(gpu, system.operator(), &training(40), usize::MAX);
        let again = trained(gpu, system.operator(), &training(40), usize::MAX);
        assert_eq!(whole.weights.learned, again.weights.learned);
        let stopped = DirectionTraining { checkpoint: Some(Checkpoint::new(&file)), ..training(40) };
        let half = trained(gpu, system.operator(), &stopped, 20);
        assert_eq!((half.stop, half.losses.len()), (TrainStop::Stopped, 20));
        let resumed = DirectionTraining { resume: Some(file.clone()), ..training(40) };
        let end = trained(gpu, system.operator(), &resumed, usize::MAX);
        assert_eq!(end.losses, whole.losses);
        assert_eq!(end.weights.learned, whole.weights.learned);
        // A checkpoint is a file of weights, too, and one of something else is refused.
        assert_eq!(DirectionWeights::read(&file).unwrap().learned, half.weights.learned);
        let other = DirectionTraining { seed: 6, ..resumed };
        let error =
            train_directions(gpu, system.operator(), "poisson:12x11", &other, |_| ControlFlow::Continue(()));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("with seed 5"), "{error}");
    });
}

/// A rate at which the loss is lost: the weights are the last good ones.
#[test]
fn training_that_diverges_says_so() {
    let system = LinearSystem::generate("poisson:12x11", 0).unwrap();
    each(|gpu| {
        let adam = AdamOptions { schedule: Schedule::constant(1e30), ..AdamOptions::default() };
        let Trained { weights, stop, .. } =
            trained(gpu, system.operator(), &DirectionTraining { adam, ..training(60) }, usize::MAX);
        assert_eq!(stop, TrainStop::NotFinite);
        assert!(weights.learned.parameters().iter().all(|parameter| parameter.is_finite()));
    });
}

/// The weights that are shipped, on the geometries that they were trained for: at most a quarter of the iterations of conjugate gradients
/// to 1e-4, with none refused.
#[test]
fn shipped_weights_need_a_quarter_of_the_iterations() {
    each(|gpu| {
        for size in ["64x64", "32x32x32"] {
            // The twins of so many convolutions in space take minutes.
            if gpu.is_cpu() && size == "32x32x32" {
                println!("{size} is skipped on the CPU executor");
                continue;
            }
            let file = format!("{}/../weights/dcdm-{size}.safetensors", env!("CARGO_MANIFEST_DIR"));
            let weights = DirectionWeights::read(file.as_ref()).unwrap();
            assert_eq!(weights.origin.system, format!("poisson:{size}"));
            let system = LinearSystem::generate(&weights.origin.system, 0).unwrap();
            let rhs = noise::<f64>(system.operator().dimension(), 77);
            let system = system.with_rhs(vec![rhs]).unwrap();
            let [plain, learned] = both(gpu, &system, weights);
            println!("{size}: {learned} iterations, conjugate gradients {plain}");
            assert!(4 * learned <= plain, "{size}: {learned} and {plain}");
        }
    });
}

/// Iterations to 1e-4 of conjugate gradients, and with a network.
fn both(gpu: &Gpu, system: &LinearSystem, weights: DirectionWeights) -> [u64; 2] {
    let cg = SolveOptions {
        rtol: 1e-4,
        preconditioner: Preconditioner::None,
        look_every: 1,
        ..SolveOptions::default()
    };
    let learned = SolveOptions {
        method: Method::Directions { window: 2 },
        preconditioner: Preconditioner::Network,
        directions: Some(Arc::new(weights.learned)),
        ..cg.clone()
    };
    [cg, learned].map(|options| {
        let run = system.solve(gpu, &options).unwrap();
        assert!(run.converged());
        assert_eq!(run.outcomes()[0].refused_directions, 0);
        run.outcomes()[0].iterations
    })
}
