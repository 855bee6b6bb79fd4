use super::*;
use crate::{FullGaussians, ProductGaussians};
use ansatz_features::{Rows, Values};
use ansatz_gpu::Plan;
use ansatz_linalg::Matrix;
use std::sync::Arc;

const TERMS: [[u8; 2]; 5] = [[0, 0], [1, 0], [0, 2], [1, 1], [2, 0]];

fn terms() -> Vec<MultiIndex> {
    let term = |orders: &[u8; 2]| {
        let mut term = MultiIndex::VALUE;
        term.0[..2].copy_from_slice(orders);
        term
    };
    TERMS.iter().map(term).collect()
}

fn network(periodic: bool) -> (PigNetwork, Vec<f64>) {
    let random = Philox::new(5, 9);
    let gaussians = |k: u64| {
        let centres = (0..12).map(|i| random.uniform_in(100 * k + i, -1.0, 1.0)).collect();
        let widths = (0..12).map(|i| random.uniform_in(1000 + 100 * k + i, 0.4, 0.9)).collect();
        let periods = if periodic { vec![Some(2.0), None] } else { Vec::new() };
        ProductGaussians::new(2, centres, widths, periods).unwrap()
    };
    with_coefficients(vec![gaussians(0), gaussians(1)])
}

fn with_coefficients<G: Into<TrainedGaussians>>(gaussians: Vec<G>) -> (PigNetwork, Vec<f64>) {
    let network = PigNetwork::new(gaussians, 5, 0.5, 3).unwrap();
    let random = Philox::new(5, 9);
    let c = (0..6).map(|i| random.uniform_in(5000 + i, -1.0, 1.0)).collect();
    (network, c)
}

/// Ellipses that are turned.
fn full() -> (PigNetwork, Vec<f64>) {
    let random = Philox::new(5, 10);
    let gaussians = |k: u64| {
        let centres = (0..12).map(|i| random.uniform_in(100 * k + i, -1.0, 1.0)).collect();
        let precisions = (0..6).flat_map(|i| {
            let [a, b] = [0, 1].map(|n| random.uniform_in(1000 + 100 * k + 2 * i + n, 1.0, 5.0));
            let c = random.uniform_in(3000 + 100 * k + i, -0.9, 0.9) * (a * b).sqrt();
            [a, c, c, b]
        });
        FullGaussians::new(2, centres, precisions.collect()).unwrap()
    };
    with_coefficients(vec![gaussians(0), gaussians(1)])
}

fn sums(features: &dyn Features, c: &[f64], x: &[f64]) -> Vec<f64> {
    let mut jets = vec![0.0; TERMS.len() * features.len()];
    features.jets(x, &terms(), &mut jets);
    jets.chunks(features.len()).map(|jets| dot(c, jets)).collect()
}

/// Central differences of step h are off by h² times a third derivative, here about 1e-10 · 10³.
#[test]
fn derivatives_are_those_of_the_value() {
    for (network, c) in [network(true), full()] {
        let (x, h) = ([0.3, -0.2], 1e-5);
        let exact = sums(&network, &c, &x);
        let shifted = |i: usize, by: f64| {
            let mut there = x;
            there[i] += by;
            sums(&network, &c, &there)
        };
        let difference = |t: usize, i: usize| (shifted(i, h)[t] - shifted(i, -h)[t]) / (2.0 * h);
        for (t, found) in [(1, difference(0, 0)), (4, difference(1, 0)), (3, difference(1, 1))] {
            assert!((exact[t] - found).abs() < 1e-6 * (1.0 + exact[t].abs()), "{t}: {} {found}", exact[t]);
        }
    }
}

/// u after a small step along one tangent function is u + h τ, to order (h/w)² where w is the amplitude of a Gaussian.
#[track_caller]
fn assert_moves_along_the_tangent(features: &dyn Trainable, c: &[f64]) {
    let (x, h, n) = ([0.35, -0.25], 1e-7, features.parameters());
    let tangent = features.tangent(c);
    assert_eq!(tangent.len(), n);
    let mut jets = vec![0.0; TERMS.len() * n];
    tangent.jets(&x, &terms(), &mut jets);
    for j in 0..n {
        let moved = |by: f64| {
            let mut step = vec![0.0; n];
            step[j] = by;
            let (features, c) = features.moved(c, &step).unwrap();
            sums(&*features, &c, &x)
        };
        for (t, (more, less)) in moved(h).into_iter().zip(moved(-h)).enumerate() {
            let (found, exact) = ((more - less) / (2.0 * h), jets[t * n + j]);
            assert!((found - exact).abs() < 1e-6 * (1.0 + exact.abs()), "{j}, {t}: {found} {exact}");
        }
    }
}

#[test]
fn a_step_moves_along_the_tangent() {
    for (network, c) in [network(false), network(true), full()] {
        assert_moves_along_the_tangent(&network, &c);
        let sum = GaussianSum::new(network.embeddings[0].gaussians.clone());
        let taken = sum.with_theta(&sum.theta()).unwrap();
        assert_moves_along_the_tangent(&*taken, &c);
        assert!(sum.with_theta(&sum.theta()[1..]).is_err());
    }
}

#[test]
fn translated_features_are_the_same_elsewhere() {
    let (x, by) = ([0.3, -0.2], [0.5, -1.25]);
    let there = [x[0] + by[0], x[1] + by[1]];
    for (network, c) in [network(false), network(true), full()] {
        let sum = GaussianSum::new(network.embeddings[0].gaussians.clone());
        for (features, c) in
            [(Arc::new(network) as Arc<dyn Trainable>, &c[..]), (Arc::new(sum), &[0.7; 3][..])]
        {
            let c = &c.repeat(features.len())[..features.len()];
            let moved = sums(&*features.translated(&by).unwrap(), c, &there);
            for (moved, here) in moved.into_iter().zip(sums(&*features, c, &x)) {
                assert!((moved - here).abs() < 1e-13 * (1.0 + here.abs()), "{moved} {here}");
            }
            assert!(features.translated(&[1.0]).is_err());
        }
    }
}

/// The twins give what the host does, in f64 and so but for rounding; also where the rows are no multiple of four.
#[test]
fn twins_agree_with_the_host() {
    [network(true), full()].into_iter().for_each(|(network, c)| assert_twins_agree(network, &c));
}

fn assert_twins_agree(network: PigNetwork, c: &[f64]) {
    let gpu = Gpu::cpu();
    let (count, stride, terms) = (5usize, 8usize, terms());
    let random = Philox::new(6, 9);
    let points: Vec<f64> = (0..2 * stride as u64).map(|i| random.uniform_in(i, -1.0, 1.0)).collect();
    let a: Vec<f64> =
        (0..(TERMS.len() * stride) as u64).map(|i| random.uniform_in(99 + i, -1.0, 1.0)).collect();
    let (device_points, device_a) = (gpu.upload("x", &points).unwrap(), gpu.upload("a", &a).unwrap());
    for features in [Arc::new(network.clone()) as Arc<dyn Features>, network.tangent(c)] {
        let n = features.len();
        let matrix = Matrix::zeros(&gpu, "rows", count, n).unwrap();
        let mut plan = Plan::new(&gpu, "rows");
        let rows = Rows {
            terms: &terms,
            points: &device_points,
            count,
            coefficients: &device_a,
            first_coefficient: 0,
            matrix: &matrix,
            first_row: 0,
            first_column: 0,
            accumulate: false,
        };
        features.upload_f64(&gpu).unwrap().record_rows(&mut plan, &rows).unwrap();
        plan.run().unwrap();
        let found = matrix.read(&gpu).unwrap();
        for p in 0..count {
            let mut jets = vec![0.0; terms.len() * n];
            features.jets(&[points[p], points[stride + p]], &terms, &mut jets);
            for j in 0..n {
                let exact: f64 = (0..terms.len()).map(|t| a[t * stride + p] * jets[t * n + j]).sum();
                let found = found[j * count + p];
                assert!((found - exact).abs() < 1e-12 * (1.0 + exact.abs()), "{p}, {j}: {found} {exact}");
            }
        }
    }
    let weights = gpu.upload("c", c).unwrap();
    let values = gpu.buffer("u", terms.len() * stride).unwrap();
    let mut plan = Plan::new(&gpu, "values");
    let launch = Values {
        terms: &terms,
        points: &device_points,
        count,
        weights: &weights,
        first_weight: 0,
        values: &values,
        first_value: 0,
    };
    network.upload_f64(&gpu).unwrap().record_values(&mut plan, &launch).unwrap();
    plan.run().unwrap();
    let found = gpu.read(&values).unwrap();
    for p in 0..count {
        for (t, exact) in sums(&network, c, &[points[p], points[stride + p]]).into_iter().enumerate() {
            assert!((found[t * stride + p] - exact).abs() < 1e-12 * (1.0 + exact.abs()));
        }
    }
}

/// After steps, widths are no longer what 1/σ² was made of.
#[test]
fn theta_is_given_and_taken_bit_for_bit() {
    for (network, c) in [network(true), full()] {
        let (moved, _) = network.moved(&c, &vec![1e-3; network.parameters()]).unwrap();
        let taken = network.with_theta(&moved.theta()).unwrap();
        assert_eq!(format!("{moved:?}"), format!("{taken:?}"));
        assert_ne!(format!("{network:?}"), format!("{taken:?}"));
        let theta = network.theta();
        assert!(network.with_theta(&theta[1..]).is_err());
        assert!(network.with_theta(&vec![f64::NAN; theta.len()]).is_err());
        assert!(network.with_theta(&vec![-1.0; theta.len()]).is_err(), "a negative 1/σ²");
    }
}
