//! Scalable neural network kernels on every device against those of the host.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Gpu, GpuError, Plan, Real};
use ansatz_linalg::Matrix;
use ansatz_random_features::snnk::{Bundle, Kernel, Layer, Snnk, SnnkError, SnnkFeatures, Spectrum, Wave};
use ansatz_tests::{assert_close, each, noise, runs};

/// `f32` and `f64`, where `gpu` has it.
macro_rules! in_both {
    ($test:ident, $gpu:expr) => {
        $test::<f32>($gpu);
        if runs::<f64>($gpu) {
            $test::<f64>($gpu);
        }
    };
}

fn features(kernel: Kernel, count: usize, dimensions: usize) -> SnnkFeatures {
    let options = Snnk { count, damping: 0.1, seed: 5, balance: 0.7, ..Snnk::new(kernel) };
    options.features(dimensions).unwrap()
}

/// a cos z.
fn wave(amplitude: f64) -> Kernel {
    Kernel::Universal(Spectrum::Waves(vec![Wave { amplitude, frequency: 1.0, phase: 0.0 }]))
}

/// Φ of points, coordinate after coordinate, in the first rows of a matrix of NaN in slabs of 64 columns; and how the run ended.
fn phi<T: Real>(
    gpu: &Gpu,
    features: &SnnkFeatures,
    count: usize,
    points: &[T],
) -> (Vec<T>, Result<(), SnnkError>) {
    const BELOW: usize = 9;
    let points = Matrix::upload(gpu, "points", count, features.dimensions(), points).unwrap();
    let phi = Matrix::<T>::in_slabs(gpu, "phi", count + BELOW, features.len(), 64).unwrap();
    for (slab, _) in phi.slabs() {
        gpu.write(slab, 0, &vec![T::nan(); slab.len()]).unwrap();
    }
    let map = features.upload::<T>(gpu).unwrap();
    let mut plan = Plan::new(gpu, "phi");
    map.record(&mut plan, &points, &phi).unwrap();
    plan.run().unwrap();
    let checked = map.check();
    assert!(map.check().is_ok(), "a report is given once");
    let rows = phi.read(gpu).unwrap();
    for column in rows.chunks(count + BELOW) {
        let (padding, below) = column[count..].split_at(count.next_multiple_of(4) - count);
        assert!(count == 0 || padding.iter().all(|x| x.is_zero()), "Φ is filled up with zeros");
        assert!(below.iter().all(|x| x.is_nan()), "what lies below is left alone");
    }
    let first_rows = rows.chunks(count + BELOW).flat_map(|column| &column[..count]).copied();
    (first_rows.collect(), checked)
}

/// Φ by the host, column after column.
fn expected<T: Real>(features: &SnnkFeatures, count: usize, points: &[T]) -> Vec<f64> {
    let at = |p: usize| (0..features.dimensions()).map(|i| points[i * count + p].widen()).collect::<Vec<_>>();
    let rows: Vec<Vec<f64>> = (0..count).map(|p| features.phi(&at(p)).unwrap()).collect();
    (0..features.len()).flat_map(|l| rows.iter().map(move |row| row[l])).collect()
}

#[test]
fn features_agree_with_the_host() {
    fn check<T: Real>(gpu: &Gpu) {
        for [count, dimensions, len] in
            [[0, 3, 5], [9, 3, 0], [9, 0, 5], [1, 1, 1], [37, 3, 13], [5, 17, 131], [1027, 2, 6]]
        {
            for kernel in
                [Kernel::cosine(), Kernel::Universal(Spectrum::Gaussian), wave(3e4), Kernel::ArcCosine]
            {
                println!("{kernel:?}, {count} points of {dimensions}, {len} features");
                let features = features(kernel.clone(), len, dimensions);
                let points = noise::<T>(count * dimensions, 1);
                let (found, checked) = phi(gpu, &features, count, &points);
                checked.unwrap();
                let expected = expected(&features, count, &points);
                // The parts of an exponent, here below 30 in sum, are rounded to T; so are the terms of a projection.
                let largest = expected.iter().fold(0.0, |most: f64, phi| most.max(phi.abs()));
                let scale = |at: usize| if kernel == Kernel::ArcCosine { largest } else { expected[at] };
                let roundings = (40 + dimensions) as f64 * T::epsilon().widen();
                assert_close(&found, &expected, |at| roundings * scale(at));
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// 65,600 groups of four features: more workgroups than one dimension of a dispatch has.
#[test]
fn more_workgroups_than_one_dimension_holds() {
    each(|gpu| {
        let features = features(Kernel::cosine(), 262_400, 1);
        let map = features.upload::<f32>(gpu).unwrap();
        let points = Matrix::upload(gpu, "points", 2, 1, &[0.5f32, -0.25]).unwrap();
        let phi = Matrix::zeros(gpu, "phi", 2, features.len()).unwrap();
        let mut plan = Plan::new(gpu, "phi");
        map.record(&mut plan, &points, &phi).unwrap();
        plan.run().unwrap();
        map.check().unwrap();
        let expected = expected(&features, 2, &[0.5, -0.25]);
        assert_close(&phi.read(gpu).unwrap(), &expected, |at| 40.0 * f64::from(f32::EPSILON) * expected[at]);
    });
}

/// So many that a second round of points would be past what one driver loops over.
#[test]
fn points_of_many_coordinates() {
    each(|gpu| {
        let (count, dimensions) = (300, 40_000);
        let features = Snnk { count: 3, ..Snnk::new(Kernel::cosine()) }.features(dimensions).unwrap();
        let mut points = noise::<f32>(count * dimensions, 2);
        points.iter_mut().for_each(|x| *x *= 0.01);
        let (found, checked) = phi(gpu, &features, count, &points);
        checked.unwrap();
        let expected = expected(&features, count, &points);
        // The terms of a sum of n are as good as random, so their roundings grow as √n, and the sum is about one.
        let tolerance = 4.0 * f64::from(f32::EPSILON) * (dimensions as f64).sqrt();
        assert_close(&found, &expected, |at| tolerance * expected[at]);
    });
}

/// With a = e^(2 (limit − 2)), a feature is too large where the exponent without a is above 2.
#[test]
fn an_exponent_too_large_is_reported() {
    fn check<T: Real>(gpu: &Gpu) {
        let limit: f64 = if T::IS_F64 { 350.0 } else { 44.0 };
        let [plain, large] = [1.0, (2.0 * (limit - 2.0)).exp()].map(|a| features(wave(a), 150, 2));
        let points: Vec<T> = [0.1, -1.5, 0.0, 0.2, 1.6, 0.1].map(T::from_f64).to_vec();
        let exponents: Vec<f64> =
            expected(&plain, 3, &points).iter().map(|phi| (150f64.sqrt() * phi).ln() + limit - 2.0).collect();
        let first = exponents.iter().position(|&exponent| exponent > limit).unwrap() / 3;
        let most = exponents.iter().copied().fold(0.0, f64::max);
        assert!(first > 0 && most > limit + 0.1, "{first}, {most}");
        match phi(gpu, &large, 3, &points).1 {
            Err(SnnkError::Overflow { feature, exponent, limit: found }) => {
                assert_eq!((feature, found), (first, limit));
                assert!((exponent - most).abs() < 1e-4 * most, "{exponent}, not {most}");
            }
            other => unreachable!("{other:?}"),
        }
        // Below the limit, and so near it that the square of a feature is almost the largest number.
        let (found, checked) = phi(gpu, &large, 1, &[T::zero(), T::zero()]);
        checked.unwrap();
        assert!(found.iter().all(|phi| (*phi * *phi).is_finite()), "{found:?}");
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn huge_points_and_points_that_are_no_numbers() {
    fn check<T: Real>(gpu: &Gpu) {
        let huge = if T::IS_F64 { 1e200 } else { 1e25 };
        let points: Vec<T> = [0.1, huge, 0.2, 0.1, 0.3, huge, -huge, 0.2].map(T::from_f64).to_vec();
        let waves = features(Kernel::cosine(), 21, 2);
        // |x|² is infinite, and exp(−∞) is 0.
        let (found, checked) = phi(gpu, &waves, 4, &points);
        checked.unwrap();
        for row in [1, 2] {
            assert!(found.iter().skip(row).step_by(4).all(|phi| phi.is_zero()), "{found:?}");
        }
        // A constant has no frequency, and r = 0.
        let constant = Wave { amplitude: 1.0, frequency: 0.0, phase: 0.0 };
        let constant = Snnk { count: 4, ..Snnk::new(Kernel::Universal(Spectrum::Waves(vec![constant]))) };
        let (found, checked) = phi(gpu, &constant.features(2).unwrap(), 4, &points);
        checked.unwrap();
        assert_close(&found, &[0.5; 16], |_| 2.0 * T::epsilon().widen());
        // Larger than a feature may be.
        let relu = features(Kernel::ArcCosine, 21, 2);
        assert!(matches!(phi(gpu, &relu, 4, &points).1, Err(SnnkError::Overflow { .. })));

        let mut points = points;
        points[1] = T::nan();
        for kernel in [Kernel::cosine(), Kernel::ArcCosine] {
            let (found, checked) = phi(gpu, &features(kernel, 21, 2), 2, &points[..4]);
            assert!(
                matches!(checked, Err(SnnkError::Overflow { feature: 0, exponent, .. }) if exponent.is_nan())
            );
            assert!(found.iter().enumerate().all(|(at, phi)| phi.is_nan() == (at % 2 == 1)), "{found:?}");
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

fn layer(seed: u64, outputs: usize, inputs: usize, kernel: Option<Kernel>) -> Layer {
    let numbers = noise::<f64>(outputs * (inputs + 1), seed);
    let (weights, biases) = numbers.split_at(outputs * inputs);
    Layer { weights: weights.chunks(inputs).map(<[f64]>::to_vec).collect(), biases: biases.to_vec(), kernel }
}

fn network() -> Vec<Layer> {
    vec![
        layer(1, 3, 3, Some(Kernel::sine())),
        layer(2, 4, 3, Some(Kernel::cosine())),
        layer(3, 5, 4, Some(Kernel::sine())),
        layer(4, 7, 5, None),
    ]
}

fn points(count: usize) -> Vec<Vec<f64>> {
    noise::<f64>(3 * count, 9).chunks(3).map(|x| x.iter().map(|x| 0.5 * x).collect()).collect()
}

#[test]
fn bundles_agree_with_the_host() {
    fn check<T: Real>(gpu: &Gpu) {
        let (network, points) = (network(), points(37));
        let options = Snnk { count: 70, ..Snnk::new(Kernel::cosine()) };
        for bundled in 1..=4 {
            let bundle = Bundle::new(&network, bundled, &options, &points).unwrap();
            let device = bundle.upload::<T>(gpu).unwrap();
            let found = device.values(&points).unwrap();
            assert!(device.values(&[]).unwrap().is_empty());
            for (found, x) in found.iter().zip(&points) {
                let (expected, phi) = (bundle.value(x).unwrap(), bundle.features(x).unwrap());
                let length = phi.iter().map(|phi| phi * phi).sum::<f64>().sqrt();
                // Two maps, each with the roundings of its exponent, and a product whose weights are below about 20.
                let tolerance = 20.0 * 100.0 * T::epsilon().widen() * length.max(1.0);
                assert_eq!(found.len(), 7);
                for (found, expected) in found.iter().zip(&expected) {
                    assert!(
                        (found - expected).abs() < tolerance,
                        "{bundled} layers: {found}, not {expected}"
                    );
                }
            }
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn weights_are_fitted_on_the_device() {
    fn check<T: Real>(gpu: &Gpu) {
        let (network, points) = ([layer(2, 4, 3, Some(Kernel::cosine())), layer(4, 2, 4, None)], points(203));
        let targets: Vec<Vec<f64>> =
            points.iter().map(|x| network.iter().fold(x.clone(), |x, layer| layer.value(&x))).collect();
        let options = Snnk { count: 64, ..Snnk::new(Kernel::cosine()) };
        let mut bundle = Bundle::new(&network, 2, &options, &points).unwrap();
        let before = bundle.rmse(&points, &targets).unwrap();
        // λ of the size of the rounding in the columns, which are about one long and more.
        let lambda = if T::IS_F64 { 1e-6 } else { 1e-3 };
        bundle.fit::<T>(gpu, &points, &targets, lambda).unwrap();
        let after = bundle.rmse(&points, &targets).unwrap();
        assert!(after < 2e-2 * before, "{before}, then {after}");
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    let gpu = Gpu::cpu();
    let map = features(Kernel::cosine(), 6, 2).upload::<f32>(&gpu).unwrap();
    let matrix = |rows, columns| Matrix::<f32>::zeros(&gpu, "matrix", rows, columns).unwrap();
    let refused = |points: &Matrix<f32>, phi: &Matrix<f32>| {
        matches!(map.record(&mut Plan::new(&gpu, "phi"), points, phi), Err(GpuError::Misuse { .. }))
    };
    assert!(!refused(&matrix(3, 2), &matrix(3, 6)));
    assert!(refused(&matrix(3, 1), &matrix(3, 6)));
    assert!(refused(&matrix(3, 2), &matrix(3, 5)));
    assert!(refused(&matrix(4, 2), &matrix(3, 6)));
    let cut = Matrix::in_slabs(&gpu, "matrix", 3, 100, 64).unwrap();
    let wide = features(Kernel::cosine(), 6, 100).upload::<f32>(&gpu).unwrap();
    let several = wide.record(&mut Plan::new(&gpu, "phi"), &cut, &matrix(3, 6));
    assert!(matches!(several, Err(GpuError::Limit { .. })));
    let long = features(Kernel::cosine(), 1, 60_001).upload::<f32>(&gpu).unwrap();
    let several = long.record(&mut Plan::new(&gpu, "phi"), &matrix(1, 60_001), &matrix(1, 1));
    assert!(matches!(several, Err(GpuError::Misuse { .. })));

    let mut network = network();
    let bundle =
        |network: &[Layer]| Bundle::new(network, 2, &Snnk::new(Kernel::cosine()), &points(5)).unwrap();
    let device = bundle(&network).upload::<f32>(&gpu).unwrap();
    assert!(matches!(device.values(&[vec![0.0; 2]]), Err(SnnkError::Features(_))));
    assert!(matches!(device.values(&[vec![0.0, f64::NAN, 0.0]]), Err(SnnkError::Features(_))));
    network[3].weights[0][0] = 1e30;
    assert!(matches!(bundle(&network).upload::<f32>(&gpu), Err(SnnkError::Features(_))));
    assert!(bundle(&network).upload::<f64>(&gpu).is_ok());
}
