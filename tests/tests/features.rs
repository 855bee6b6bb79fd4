//! Feature rows and values on every device against the jets of the host, which are checked against differences.

#![allow(clippy::unwrap_used)]

use std::time::Instant;

use ansatz_features::{FeatureError, Features, MultiIndex, Trainable};
use ansatz_gaussian::{FullGaussians, GaussianSum, PigNetwork, ProductGaussians};
use ansatz_gpu::{Buffer, Gpu, GpuError, Real};
use ansatz_layers::Design;
use ansatz_linalg::Matrix;
use ansatz_random_features::{Activation, Biases, Draw, RandomFeatures, Weights};
use ansatz_tests::features::{Case, Uploaded, all_terms, poisoned, term};
use ansatz_tests::{adapters, assert_close, each, noise, runs, say};

/// `f32` and `f64`, where `gpu` has it.
macro_rules! in_both {
    ($test:ident, $gpu:expr) => {
        $test::<f32>($gpu);
        if runs::<f64>($gpu) {
            $test::<f64>($gpu);
        }
    };
}

fn draw(activation: Activation, dimensions: usize, count: usize) -> RandomFeatures {
    let widths = (0..dimensions).map(|i| 2.0 + i as f64).collect();
    let biases = match activation {
        Activation::Sine => Biases::Phase,
        _ => Biases::Inside(vec![(-1.0, 1.0); dimensions]),
    };
    let weights = Weights::Gaussian(widths);
    Draw { activation, count, seed: 7, weights, biases, periods: Vec::new() }.features().unwrap()
}

fn product(dimensions: usize, count: usize, periodic: bool) -> ProductGaussians {
    let widths = noise::<f64>(dimensions * count, 30).iter().map(|x| 0.6 + 0.3 * x).collect();
    let periods = (0..dimensions).map(|i| (periodic && i % 2 == 0).then_some(2.0 + i as f64)).collect();
    ProductGaussians::new(dimensions, noise(dimensions * count, 31), widths, periods).unwrap()
}

fn full(dimensions: usize, count: usize) -> FullGaussians {
    let roots: Vec<f64> = noise(dimensions * dimensions * count, 32);
    let mut precisions = Vec::new();
    for root in roots.chunks(dimensions * dimensions) {
        for i in 0..dimensions {
            for k in 0..dimensions {
                // R Rᵀ + 2 I
                let sum: f64 =
                    (0..dimensions).map(|m| root[i * dimensions + m] * root[k * dimensions + m]).sum();
                precisions.push(sum + if i == k { 2.0 } else { 0.0 });
            }
        }
    }
    FullGaussians::new(dimensions, noise(dimensions * count, 33), precisions).unwrap()
}

/// Each family with `count` features of `dimensions` coordinates, by name.
fn families(dimensions: usize, count: usize) -> Vec<(String, Box<dyn Features>)> {
    let mut families: Vec<(String, Box<dyn Features>)> = Vec::new();
    for activation in Activation::ALL {
        families.push((activation.name().to_owned(), Box::new(draw(activation, dimensions, count))));
    }
    families.push(("Gaussian".to_owned(), Box::new(product(dimensions, count, false))));
    families.push(("periodic Gaussian".to_owned(), Box::new(product(dimensions, count, true))));
    families.push(("full Gaussian".to_owned(), Box::new(full(dimensions, count))));
    families
}

/// By how much, relative to the magnitude of the features' derivatives, device and host may differ: the parameters are
/// rounded to T, and so is each of some dozen operations; then the argument's error counts as often as the derivative of a
/// feature exceeds it, which for these widths is below 20.
fn tolerance<T: Real>() -> f64 {
    20.0 * T::epsilon().widen()
}

/// Scale of a derivative of this feature: the largest that any point sees.
fn scales<T: Uploaded>(case: &Case<T>, features: &dyn Features) -> Vec<f64> {
    let n = features.len();
    let mut scales = vec![0.0f64; case.terms.len() * n];
    for jets in case.jets(features) {
        scales.iter_mut().zip(jets).for_each(|(scale, jet)| *scale = scale.max(jet.abs()));
    }
    scales
}

fn check_rows<T: Uploaded>(gpu: &Gpu, name: &str, features: &dyn Features, case: &Case<T>) {
    let (expected, _) = case.expected_rows(features);
    let (scales, n, count) = (scales(case, features), features.len(), case.count);
    println!("{name}: {} points, {n} features, {} terms", count, case.terms.len());
    assert_close(&case.rows(gpu, features), &expected, |at| {
        let (j, p) = (at / count, at % count);
        let part = |t: usize| case.coefficients[t * case.stride() + p].widen().abs() * scales[t * n + j];
        tolerance::<T>() * (0..case.terms.len()).map(part).sum::<f64>()
    });
}

fn check_values<T: Uploaded>(gpu: &Gpu, name: &str, features: &dyn Features, case: &Case<T>) {
    let (n, first) = (features.len(), 3);
    let weights = noise::<T>(n + 5, 4);
    let (jets, scales) = (case.jets(features), scales(case, features));
    let sum =
        |t: usize, p: usize| (0..n).map(|j| weights[first + j].widen() * jets[p][t * n + j]).sum::<f64>();
    let expected: Vec<f64> = (0..case.terms.len())
        .flat_map(|t| (0..case.count).map(move |p| (t, p)))
        .map(|(t, p)| sum(t, p))
        .collect();
    println!("{name}: values at {} points of {n} features, {} terms", case.count, case.terms.len());
    let found = case.values(gpu, features, &weights, first);
    assert_close(&found, &expected, |at| {
        let t = at / case.count;
        let size = |j: usize| weights[first + j].widen().abs() * scales[t * n + j];
        // Each sum of four is rounded again with what follows.
        (tolerance::<T>() + n as f64 / 8.0 * T::epsilon().widen()) * (0..n).map(size).sum::<f64>()
    });
    assert!(found == case.values(gpu, features, &weights, first), "the same input gives the same bits");
}

#[test]
fn rows_and_values_agree_with_the_host_in_every_family() {
    fn check<T: Uploaded>(gpu: &Gpu) {
        for (name, features) in families(2, 11) {
            let terms = [&[][..], &[1], &[1, 1], &[0, 2]].map(term);
            let terms = terms.into_iter().filter(|term| term.order() <= features.max_order()).collect();
            let case = Case::<T>::new(2, terms, 37);
            check_rows(gpu, &name, features.as_ref(), &case);
            check_values(gpu, &name, features.as_ref(), &case);
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn derivatives_of_the_third_and_fourth_order_agree_with_the_host() {
    fn check<T: Uploaded>(gpu: &Gpu) {
        for (name, features) in families(2, 5).into_iter().filter(|(_, features)| features.max_order() == 4) {
            let terms = [&[4][..], &[2, 1], &[2, 2], &[1, 3]].map(term);
            check_rows(gpu, &name, features.as_ref(), &Case::<T>::new(2, terms.to_vec(), 9));
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

/// Fifteen derivatives: two launches.
#[test]
fn more_terms_than_one_launch_takes() {
    each(|gpu| {
        let (features, case) = (draw(Activation::Sine, 2, 5), Case::<f32>::new(2, all_terms(2, 4), 9));
        check_rows(gpu, "sine", &features, &case);
        check_values(gpu, "sine", &features, &case);
    });
}

#[test]
fn points_of_one_and_of_eight_coordinates_agree_with_the_host() {
    each(|gpu| {
        for dimensions in [1, 8] {
            let mut orders = [0; 8];
            orders[dimensions - 1] = 2;
            let case = Case::<f32>::new(dimensions, vec![MultiIndex::VALUE, term(&orders)], 7);
            check_rows(gpu, "sine", &draw(Activation::Sine, dimensions, 6), &case);
            check_rows(gpu, "periodic Gaussian", &product(dimensions, 6, true), &case);
            check_rows(gpu, "full Gaussian", &full(dimensions, 6), &case);
        }
    });
}

#[test]
fn nothing_is_written_where_there_is_nothing() {
    each(|gpu| {
        let terms = vec![term(&[0, 2]), MultiIndex::VALUE];
        let (some, none) = (draw(Activation::Sine, 2, 3), draw(Activation::Sine, 2, 0));
        assert!(Case::<f32>::new(2, terms.clone(), 0).rows(gpu, &some).is_empty());
        assert!(Case::<f32>::new(2, terms.clone(), 0).values(gpu, &some, &[0.0; 3], 0).is_empty());
        assert!(Case::<f32>::new(2, terms.clone(), 5).rows(gpu, &none).is_empty());
        // The sum of no features is zero, and so is the operator of no terms.
        assert_eq!(Case::<f32>::new(2, terms, 5).values(gpu, &none, &[], 0), [0.0; 10]);
        assert_eq!(Case::<f32>::new(2, Vec::new(), 5).rows(gpu, &some), [0.0; 15]);
    });
}

/// A block inside of a matrix of several slabs, written and then added to: the rest stays as it was.
#[test]
fn blocks_are_written_and_added_to_in_their_place() {
    each(|gpu| {
        let (features, n) = (draw(Activation::Sine, 2, 150), 150);
        let case = Case::<f32>::new(2, vec![MultiIndex::VALUE, term(&[2])], 9);
        let (expected, _) = case.expected_rows(&features);
        // Slabs of 64 columns; the block begins in the middle of a group of four features.
        let matrix = poisoned(gpu, 20, n + 6, 64);
        assert!(matrix.slabs().count() > 2);
        case.record(gpu, &features, &matrix, (8, 5, false)).unwrap().run().unwrap();
        case.record(gpu, &features, &matrix, (8, 5, true)).unwrap().run().unwrap();
        let found = matrix.read(gpu).unwrap();
        for (at, &entry) in found.iter().enumerate() {
            let (row, column) = (at % 20, at / 20);
            if (5..n + 5).contains(&column) && (8..20).contains(&row) {
                let p = row - 8;
                let expected = if p < 9 { 2.0 * expected[(column - 5) * 9 + p] } else { 0.0 };
                assert!(
                    (f64::from(entry) - expected).abs() < 1e-3,
                    "({row}, {column}): {entry}, not {expected}"
                );
            } else {
                assert!(entry.is_nan(), "({row}, {column}) was written");
            }
        }
    });
}

/// 65,600 groups of four features: more workgroups than one dimension of a dispatch has.
#[test]
fn more_workgroups_than_one_dimension_holds() {
    each(|gpu| {
        let n = 262_400;
        let features = draw(Activation::Sine, 1, n);
        let case = Case::<f32>::new(1, vec![MultiIndex::VALUE], 2);
        let (expected, _) = case.expected_rows(&features);
        let scale = case.coefficients.iter().fold(0.0f32, |most, a| if *a > most { *a } else { most });
        assert_close(&case.rows(gpu, &features), &expected, |_| {
            tolerance::<f32>() * f64::from(scale.max(1.0))
        });
        // Sums of so many features take several chunks.
        let weights = vec![1.0f32; n];
        let found = case.values(gpu, &features, &weights, 0);
        for (p, jets) in case.jets(&features).iter().enumerate() {
            let (exact, size): (f64, f64) = (jets.iter().sum(), jets.iter().map(|jet| jet.abs()).sum());
            assert!((f64::from(found[p]) - exact).abs() < 1e-5 * size, "{}, not {exact}", found[p]);
        }
    });
}

#[test]
fn a_nan_point_spoils_its_own_row_alone() {
    each(|gpu| {
        for (name, features) in families(2, 6) {
            let mut case = Case::<f32>::new(2, vec![MultiIndex::VALUE, term(&[1])], 11);
            let second_coordinate = case.stride();
            case.points[second_coordinate + 6] = f32::NAN;
            let rows = case.rows(gpu, features.as_ref());
            let values = case.values(gpu, features.as_ref(), &[1.0; 6], 0);
            for (at, entry) in rows.iter().chain(&values).enumerate() {
                assert_eq!(entry.is_nan(), at % 11 == 6, "{name}: entry {at} is {entry}");
            }
        }
    });
}

/// Waves of |z| up to thousands keep the error of those of small z; further out there is no answer, or a bounded one.
#[test]
fn huge_and_tiny_arguments() {
    fn check<T: Uploaded>(gpu: &Gpu) {
        let weights = vec![3000.0, -711.3, 40.1, 1e-20, 1e9, 2.0];
        let features = RandomFeatures::new(Activation::Sine, 1, weights, vec![0.25; 6]).unwrap();
        let mut case = Case::<T>::new(1, vec![MultiIndex::VALUE], 8);
        case.coefficients.fill(T::one());
        case.points = [1.0, -0.937, 0.333_333, 1e-30, 1e5, -1e12, 0.0, 1e30].map(T::from_f64).to_vec();
        let (expected, _) = case.expected_rows(&features);
        let rows = case.rows(gpu, &features);
        // The host rounds z itself.
        let host = |at: usize| 3000.0 * f64::EPSILON * if at % 8 == 4 { 1e5 } else { 1.0 };
        for (at, &found) in rows.iter().enumerate() {
            let found = found.widen();
            assert!(found.is_nan() || found.abs() <= 1.0 + 4.0 * T::epsilon().widen(), "{found}");
            if at / 8 < 4 && at % 8 < 4 {
                let tolerance = 4.0 * T::epsilon().widen() + host(at);
                assert!((found - expected[at]).abs() < tolerance, "{at}: {found}, not {}", expected[at]);
            }
        }
        // Far from every centre a Gaussian is 0, tanh 1 and an exponential 0 or infinite, without a NaN on the way.
        for (name, features) in families(1, 4) {
            let mut case = Case::<T>::new(1, vec![MultiIndex::VALUE], 4);
            case.points = [1e15, -1e15, 1e-30, 0.0].map(T::from_f64).to_vec();
            let rows = case.rows(gpu, features.as_ref());
            let waves = name == "sine" || name == "periodic Gaussian";
            let allowed = |x: T| if name == "exponential" { !x.is_nan() } else { x.is_finite() };
            assert!(waves || rows.iter().all(|&x| allowed(x)), "{name}: {rows:?}");
        }
    }
    each(|gpu| {
        in_both!(check, gpu);
    });
}

#[test]
fn periodic_features_repeat() {
    let widths = Weights::Gaussian(vec![5.0, 3.0]);
    let periods = vec![Some(2.0), None];
    let (activation, biases) = (Activation::Sine, Biases::Phase);
    let waves = Draw { activation, count: 50, seed: 3, weights: widths, biases, periods }.features().unwrap();
    let gaussians = product(2, 50, true);
    let terms = all_terms(2, 2);
    for (features, period) in [(&waves as &dyn Features, 2.0), (&gaussians, 2.0)] {
        let (mut here, mut there) = (vec![0.0; 300], vec![0.0; 300]);
        features.jets(&[0.375, -0.2], &terms, &mut here);
        features.jets(&[0.375 + period, -0.2], &terms, &mut there);
        let size = here.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        assert!(here.iter().zip(&there).all(|(a, b)| (a - b).abs() < 1e-14 * size));
    }
    // On a device, the rows of one side less those of the other are zero but for rounding.
    each(|gpu| {
        for features in [&waves as &dyn Features, &gaussians] {
            let mut left = Case::<f32>::new(2, vec![MultiIndex::VALUE], 4);
            left.coefficients.fill(1.0);
            left.points = [-1.0, -1.0, -1.0, -1.0, 0.1, 0.2, -0.3, 0.4].to_vec();
            let mut right = Case::<f32>::new(2, vec![MultiIndex::VALUE], 4);
            right.coefficients.fill(-1.0);
            right.points = [1.0, 1.0, 1.0, 1.0, 0.1, 0.2, -0.3, 0.4].to_vec();
            let matrix = poisoned(gpu, 4, 50, usize::MAX);
            left.record(gpu, features, &matrix, (0, 0, false)).unwrap().run().unwrap();
            right.record(gpu, features, &matrix, (0, 0, true)).unwrap().run().unwrap();
            assert!(matrix.read(gpu).unwrap().iter().all(|x| x.abs() < 1e-6));
        }
    });
}

/// Each derivative against the central difference of the one below it.
#[test]
fn jets_of_the_host_agree_with_differences() {
    const STEP: f64 = 1e-5;
    for (name, features) in families(3, 20) {
        let order = features.max_order() - usize::from(features.max_order() > 1);
        let below = all_terms(3, order.min(3));
        let n = features.len();
        for (axis, x) in [(0, [0.3, -0.2, 0.7]), (1, [-0.6, 0.1, 0.4]), (2, [0.9, 0.8, -0.5])] {
            let above: Vec<MultiIndex> = below
                .iter()
                .filter(|term| term.order() < features.max_order())
                .map(|&term| {
                    let mut term = term;
                    term.0[axis] += 1;
                    term
                })
                .collect();
            let jets = |shift: f64, terms: &[MultiIndex]| {
                let mut x = x;
                x[axis] += shift;
                let mut out = vec![0.0; terms.len() * n];
                features.jets(&x, terms, &mut out);
                out
            };
            let below: Vec<_> =
                below.iter().copied().filter(|term| term.order() < features.max_order()).collect();
            let (low, high, exact) = (jets(-STEP, &below), jets(STEP, &below), jets(0.0, &above));
            let size = exact.iter().fold(1.0f64, |most, x| most.max(x.abs()));
            for (at, &exact) in exact.iter().enumerate() {
                let difference = (high[at] - low[at]) / (2.0 * STEP);
                let term = above[at / n];
                // Truncated at the square of the step, times the third derivative; a kink of ReLU is not met.
                assert!(
                    (exact - difference).abs() < 1e-7 * size,
                    "{name} {term:?}: {exact}, not {difference}"
                );
            }
        }
    }
}

#[test]
fn draws_follow_from_the_seed() {
    let draw = |seed: u64, count: usize| Draw::fourier(count, seed, vec![1.0, 10.0]).features().unwrap();
    assert_eq!(draw(1, 100), draw(1, 100));
    assert_ne!(draw(1, 100), draw(2, 100));
    // More features begin with the same ones.
    assert_eq!(draw(1, 100).weights()[..100], draw(1, 300).weights()[..100]);
    let spread = |weights: &[f64]| (weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64).sqrt();
    let features = draw(5, 10_000);
    let (first, second) = features.weights().split_at(10_000);
    assert!((spread(first) - 1.0).abs() < 0.03 && (spread(second) - 10.0).abs() < 0.3);
    // Every kink lies in the box.
    let inside = kinks();
    assert!(inside.iter().all(|kink| (2.0..=3.0).contains(kink)), "{inside:?}");
}

/// Where features of one coordinate have w x + b = 0, drawn for the box [2, 3].
fn kinks() -> Vec<f64> {
    let weights = Weights::Uniform(vec![50.0]);
    let biases = Biases::Inside(vec![(2.0, 3.0)]);
    let draw =
        Draw { activation: Activation::Tanh, count: 200, seed: 9, weights, biases, periods: Vec::new() };
    let features = draw.features().unwrap();
    features.weights().iter().zip(features.biases()).map(|(w, b)| -b / w).collect()
}

#[test]
fn wrong_parameters_are_refused() {
    let refused = |error: FeatureError| error.to_string();
    let new =
        |dimensions, weights, biases| RandomFeatures::new(Activation::Sine, dimensions, weights, biases);
    assert!(refused(new(2, vec![0.0; 3], vec![0.0; 2]).unwrap_err()).contains("3 weights; 4"));
    assert!(refused(new(0, vec![], vec![0.0; 2]).unwrap_err()).contains("from 1 to 8"));
    assert!(refused(new(1, vec![f64::NAN], vec![0.0]).unwrap_err()).contains("NaN"));
    let gaussians = ProductGaussians::new(1, vec![0.0], vec![0.0], Vec::new());
    assert!(refused(gaussians.unwrap_err()).contains("positive"));
    let full = FullGaussians::new(2, vec![0.0; 2], vec![1.0, 2.0, 2.0, 1.0]);
    assert!(refused(full.unwrap_err()).contains("positive definite"));
    let mut draw = Draw::fourier(3, 1, vec![1.0]);
    draw.periods = vec![Some(-1.0)];
    assert!(refused(draw.features().unwrap_err()).contains("positive"));
    draw.periods = vec![Some(1.0)];
    draw.activation = Activation::Tanh;
    assert!(refused(draw.features().unwrap_err()).contains("tanh"));
}

#[test]
fn wrong_blocks_are_refused() {
    let gpu = Gpu::cpu();
    let features = draw(Activation::Relu, 2, 10);
    let case = |orders: &[u8]| Case::<f32>::new(2, vec![term(orders)], 6);
    let matrix = Matrix::zeros(&gpu, "matrix", 16, 12).unwrap();
    let refused = |case: &Case<f32>, block| match case.record(&gpu, &features, &matrix, block) {
        Err(GpuError::Misuse { message, .. }) => message,
        other => format!("{:?}", other.map(|_| ())),
    };
    assert!(case(&[1]).record(&gpu, &features, &matrix, (8, 2, false)).is_ok());
    assert!(refused(&case(&[1]), (12, 2, false)).contains("do not fit into 16"));
    assert!(refused(&case(&[1]), (2, 2, false)).contains("multiple of four"));
    assert!(refused(&case(&[1]), (0, 3, false)).contains("10 columns from 3 on"));
    assert!(refused(&case(&[1, 1]), (0, 0, false)).contains("to order 1"));
    assert!(refused(&case(&[0, 0, 1]), (0, 0, false)).contains("coordinate 2"));
    let mut short = case(&[1]);
    short.points.pop();
    assert!(refused(&short, (0, 0, false)).contains("`points` has 15"));
}

/// The bytes of a matrix of 7600 × 1500 for u, u_xx, u_yy per second, beside a triad: said, not judged.
#[test]
fn assembly_beside_the_triad() {
    for device in adapters().filter(|device| !device.label.contains("lowered")) {
        let gpu = &device.gpu;
        let features = draw(Activation::Sine, 2, 1500);
        let case = Case::<f32>::new(2, vec![MultiIndex::VALUE, term(&[2]), term(&[0, 2])], 7600);
        let matrix = Matrix::zeros(gpu, "matrix", 7600, 1500).unwrap();
        let mut plan = case.record(gpu, &features, &matrix, (0, 0, false)).unwrap();
        let fence: Buffer<f32> = gpu.buffer("fence", 4).unwrap();
        let mut seconds = f64::INFINITY;
        for _ in 0..10 {
            let start = Instant::now();
            plan.run().unwrap();
            // Waits for what was submitted before.
            gpu.read(&fence).unwrap();
            seconds = seconds.min(start.elapsed().as_secs_f64());
        }
        let bytes = plan.cost().bytes as f64;
        let triad = ansatz_linalg::measure::<f32>(gpu).unwrap().triad_gb_s;
        let (rate, flops) = (bytes / seconds * 1e-9, plan.cost().flops as f64 / seconds * 1e-9);
        say(&format!(
            "assembly on {}: {rate:.2} GB/s, {flops:.1} GFLOP/s, {:.1} ms; triad {triad:.2} GB/s",
            device.label,
            seconds * 1e3
        ));
    }
}

/// Trained features and their tangent functions take the place of those before a step, to the last bit; others do not.
fn features_are_replaced<T: Uploaded>(gpu: &Gpu) {
    let case = Case::<T>::new(2, vec![term(&[]), term(&[2]), term(&[0, 2])], 11);
    let families: [Box<dyn Trainable>; 3] = [
        Box::new(GaussianSum::new(product(2, 5, true))),
        Box::new(PigNetwork::new(vec![full(2, 6), full(2, 3)], 3, 0.5, 4).unwrap()),
        Box::new(Design::new(vec![(-1.2, 1.5); 2], vec![6, 5], 5).network().unwrap()),
    ];
    for old in &families {
        let c = noise(old.len(), 8);
        let step: Vec<f64> = noise(old.parameters(), 9).iter().map(|step: &f64| 0.1 * step).collect();
        let (new, moved) = old.moved(&c, &step).unwrap();
        let replaced = case.rows_of_loaded(gpu, &**old, &*new).unwrap();
        assert!(replaced == case.rows(gpu, &*new) && replaced != case.rows(gpu, &**old), "{old:?}");
        let tangent = new.tangent(&moved);
        let replaced = case.rows_of_loaded(gpu, &*old.tangent(&c), &*tangent).unwrap();
        assert!(replaced == case.rows(gpu, &*tangent), "{old:?}");
        // Of another shape, and of a family whose launches are made for its numbers.
        assert!(case.rows_of_loaded(gpu, &**old, &*tangent).is_err(), "{old:?}");
        assert!(case.rows_of_loaded(gpu, &**old, &draw(Activation::Sine, 2, old.len())).is_err(), "{old:?}");
    }
}

#[test]
fn features_of_one_shape_replace_each_other() {
    each(|gpu| {
        features_are_replaced::<f32>(gpu);
    });
}
