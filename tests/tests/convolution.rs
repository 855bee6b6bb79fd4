//! Convolutions on each device: adjoints, gradients against differences, and the published network.

#![allow(clippy::unwrap_used)]

use ansatz::gpu::{Gpu, Plan, Real};
use ansatz::layers::convolution::{
    Convolution, Convolve, DirectionNetwork, Downsample, Epilogue, Images, Interpolation, Upsample,
};
use ansatz_tests::{each, noise};

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.widen() * b.widen()).sum()
}

fn run(gpu: &Gpu, record: impl FnOnce(&mut Plan)) {
    let mut plan = Plan::new(gpu, "test");
    record(&mut plan);
    plan.run().unwrap();
}

/// Channels of images, 0 in what fills up the last plane.
fn images_of<T: Real>(images: Images, channels: usize, seed: u64) -> Vec<T> {
    let plane = 4 * images.cells();
    let mut values = noise::<T>(images.len(channels), seed);
    values
        .iter_mut()
        .enumerate()
        .filter(|(i, _)| 4 * (i / plane) + i % 4 >= channels)
        .for_each(|(_, v)| *v = T::zero());
    values
}

const IMAGES: [Images; 3] = [
    Images { extents: [11, 6, 4], count: 2 },
    Images { extents: [17, 9, 1], count: 1 },
    Images { extents: [1, 1, 5], count: 3 },
];

/// y·(W x) = (Wᵀ y)·x, where W is the convolution without its bias.
#[test]
fn the_adjoint_of_a_convolution_is_its_transpose() {
    fn check<T: Real>(gpu: &Gpu) {
        for images in IMAGES {
            for (inputs, outputs, neighbours, dimensions) in
                [(5, 7, true, 3), (16, 3, true, 2), (1, 9, false, 2)]
            {
                let layer = Convolution { inputs, outputs, neighbours, dimensions, first: 4 };
                let mut parameters = noise::<T>(layer.first + layer.numbers(), 1);
                (0..outputs).for_each(|output| parameters[layer.bias(output)] = T::zero());
                let (x, y) = (images_of::<T>(images, inputs, 2), images_of::<T>(images, outputs, 3));
                let parameters = &gpu.upload("parameters", &parameters).unwrap();
                let apply = |adjoint, from: &[T], channels| {
                    let x = &gpu.upload("x", from).unwrap();
                    let y = &gpu.buffer::<T>("y", images.len(channels)).unwrap();
                    let epilogue = Epilogue::Identity;
                    run(gpu, |plan| {
                        Convolve { layer, adjoint, images, parameters, x, y, epilogue }.record(plan).unwrap()
                    });
                    gpu.read(y).unwrap()
                };
                let (product, transposed) = (apply(false, &x, outputs), apply(true, &y, inputs));
                let (left, right) = (dot(&y, &product), dot(&transposed, &x));
                // Both are sums of these; a product has some hundred terms.
                let size = dot(&y, &y).sqrt() * dot(&product, &product).sqrt();
                assert!(
                    (left - right).abs() <= 100.0 * T::epsilon().widen() * size,
                    "{layer:?}: {left} and {right}"
                );
            }
        }
    }
    each(|gpu| {
        check::<f32>(gpu);
        if gpu.capabilities().f64 {
            check::<f64>(gpu);
        }
    });
}

/// The same of both interpolations. Both keep constants, and averages of constants are these.
#[test]
fn the_adjoint_of_an_interpolation_is_its_transpose() {
    each(|gpu| {
        for fine in IMAGES {
            for interpolation in [Interpolation::Nearest, Interpolation::Trilinear] {
                let channels = 3;
                let up = |x: &[f32]| {
                    let (x, y) =
                        (&gpu.upload("x", x).unwrap(), &gpu.buffer("y", fine.len(channels)).unwrap());
                    let upsample = Upsample { fine, channels, interpolation, scale: 1.0, x, skip: None, y };
                    run(gpu, |plan| upsample.record(plan).unwrap());
                    gpu.read(y).unwrap()
                };
                let down = |x: &[f32], scale| {
                    let (x, y) = (
                        &gpu.upload("x", x).unwrap(),
                        &gpu.buffer("y", fine.halved().len(channels)).unwrap(),
                    );
                    run(gpu, |plan| {
                        Downsample { fine, channels, interpolation, scale, x, y }.record(plan).unwrap()
                    });
                    gpu.read(y).unwrap()
                };
                let (x, y) =
                    (noise::<f32>(fine.halved().len(channels), 1), noise::<f32>(fine.len(channels), 2));
                let (left, right) = (dot(&y, &up(&x)), dot(&down(&y, 1.0), &x));
                assert!(
                    (left - right).abs() < 1e-5 * dot(&y, &y),
                    "{fine:?}, {interpolation:?}: {left} and {right}"
                );
                let ones = vec![1.0; x.len()];
                // The weights are sums of powers of two.
                assert!(up(&ones).iter().all(|&y| y == 1.0));
                if fine.extents.iter().all(|extent| extent % 2 == 0 || *extent == 1) {
                    assert!(down(&vec![1.0; y.len()], fine.average()).iter().all(|&y| y == 1.0));
                }
            }
        }
    });
}

/// A line of a network's output is straight along a parameter only in between bends of max(·, 0), so that differences in f64 agree
/// with the gradient where the step crosses none; of some hundred parameters few do.
#[test]
fn the_gradient_of_the_network_agrees_with_differences() {
    each(|gpu| {
        if !gpu.capabilities().f64 {
            return;
        }
        for (images, dimensions) in
            [(Images { extents: [9, 7, 1], count: 2 }, 2), (Images { extents: [6, 5, 4], count: 2 }, 3)]
        {
            let network = DirectionNetwork { dimensions, channels: 5, coarsenings: 1 };
            let mut theta = network.initial(3);
            let layers = network.layers();
            for (number, layer) in layers.iter().enumerate() {
                (0..layer.outputs)
                    .for_each(|output| theta[layer.bias(output)] = 0.02 * ((output + number) % 5) as f64);
            }
            let x = &gpu.upload("x", &images_of::<f64>(images, 1, 5)).unwrap();
            let q_bar = images_of::<f64>(images, 1, 6);
            let (q, gradient) = (
                &gpu.buffer("q", images.len(1)).unwrap(),
                &gpu.buffer::<f64>("gradient", network.numbers()).unwrap(),
            );
            let parameters = &gpu.upload("parameters", &theta).unwrap();
            let mut forward = Plan::new(gpu, "forward");
            network.record(&mut forward, images, parameters, x, q).unwrap();
            forward.run().unwrap();
            let plain = gpu.read(q).unwrap();
            run(gpu, |plan| {
                let tape = network.record_kept(plan, images, parameters, x, q).unwrap();
                let q_bar = &gpu.upload("q̄", &q_bar).unwrap();
                network.record_gradient(plan, images, (parameters, &tape), q_bar, gradient).unwrap();
            });
            // What keeps its way back sums in the same order.
            assert_eq!(gpu.read(q).unwrap(), plain);
            let gradient = gpu.read(gradient).unwrap();
            let mut loss = |theta: &[f64]| {
                gpu.write(parameters, 0, theta).unwrap();
                forward.run().unwrap();
                dot(&gpu.read(q).unwrap(), &q_bar)
            };
            let size = gradient.iter().map(|g| g.abs()).fold(0.0, f64::max);
            let (mut tried, mut bent) = (0, 0);
            for layer in &layers {
                let places = [
                    layer.weight(layer.outputs - 1, 0, layer.taps() / 2),
                    layer.weight(0, layer.inputs - 1, 0),
                    layer.bias(0),
                ];
                for at in places {
                    let step = 1e-6;
                    let mut difference = |by: f64| {
                        let mut moved = theta.clone();
                        moved[at] += by;
                        loss(&moved)
                    };
                    let slope = (difference(step) - difference(-step)) / (2.0 * step);
                    tried += 1;
                    bent += usize::from((slope - gradient[at]).abs() > 1e-7 * size);
                }
            }
            assert!(size > 0.1 && bent * 20 <= tried, "{bent} of {tried} differ, {dimensions} dimensions");
        }
    });
}

/// The numbers of parameters of Kaneda et al.
#[test]
fn the_networks_have_as_many_parameters_as_published() {
    let network = |coarsenings| DirectionNetwork { dimensions: 3, channels: 16, coarsenings };
    assert_eq!([1, 2].map(|coarsenings| network(coarsenings).parameters()), [97_457, 152_881]);
}

#[test]
fn what_does_not_fit_is_refused() {
    each(|gpu| {
        let images = Images { extents: [4, 4, 1], count: 1 };
        let layer = Convolution { inputs: 2, outputs: 2, neighbours: true, dimensions: 2, first: 0 };
        let parameters = &gpu.buffer::<f32>("parameters", layer.numbers()).unwrap();
        let (x, y) = (&gpu.buffer("x", images.len(2)).unwrap(), &gpu.buffer("y", images.len(2)).unwrap());
        let epilogue = || Epilogue::Identity;
        let mut plan = Plan::new(gpu, "misuse");
        let right = Convolve { layer, adjoint: false, images, parameters, x, y, epilogue: epilogue() };
        right.record(&mut plan).unwrap();
        for wrong in [
            Convolution { inputs: 65, ..layer },
            Convolution { outputs: 0, ..layer },
            Convolution { inputs: 5, ..layer },
            Convolution { dimensions: 4, ..layer },
            Convolution { first: 4, ..layer },
        ] {
            let launch =
                Convolve { layer: wrong, adjoint: false, images, parameters, x, y, epilogue: epilogue() };
            assert!(launch.record(&mut plan).is_err(), "{wrong:?}");
        }
        assert_eq!(plan.len(), 1);
    });
}
