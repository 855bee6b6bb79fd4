//! Gaussian processes with random features against the exact ones.

#![allow(clippy::unwrap_used)] // Also in functions beside the tests.

use ansatz_features::FeatureError;
use ansatz_random::Philox;
use ansatz_random_features::{Draw, GaussianProcess};

const POINTS: usize = 40;
const NOISE: f64 = 0.1;
const BANDWIDTH: f64 = 2.0;

fn data() -> (Vec<f64>, Vec<f64>) {
    let (x, noise) = (Philox::new(1, 0), Philox::new(1, 1));
    let x: Vec<f64> = (0..POINTS as u64).map(|i| x.uniform_in(i, -2.0, 2.0)).collect();
    let y =
        x.iter().zip(0..).map(|(x, i)| (2.0 * x).sin() + 0.5 * x.cos() + NOISE * noise.normal(i)).collect();
    (x, y)
}

fn process(count: usize, noise: f64) -> GaussianProcess {
    let features = Draw::fourier(count, 3, vec![BANDWIDTH]).features().unwrap();
    GaussianProcess { features, amplitude: 1.0, noise }
}

fn kernel(x: f64, y: f64) -> f64 {
    (-0.5 * (BANDWIDTH * (x - y)).powi(2)).exp()
}

/// L of LLᵀ = K + σ²I, row after row, and L⁻¹b.
struct Exact {
    l: Vec<Vec<f64>>,
    x: Vec<f64>,
}

impl Exact {
    fn new(x: &[f64], covariance: impl Fn(f64, f64) -> f64) -> Self {
        let mut l: Vec<Vec<f64>> = Vec::new();
        for i in 0..x.len() {
            let mut row: Vec<f64> = Vec::new();
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| row[k] * if i == j { row[k] } else { l[j][k] }).sum();
                let entry = covariance(x[i], x[j]) + if i == j { NOISE * NOISE } else { 0.0 } - dot;
                row.push(if i == j { entry.sqrt() } else { entry / l[j][j] });
            }
            l.push(row);
        }
        Self { l, x: x.to_vec() }
    }

    fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut z: Vec<f64> = Vec::new();
        for (row, b) in self.l.iter().zip(b) {
            let known: f64 = row.iter().zip(&z).map(|(l, z)| l * z).sum();
            z.push((b - known) / row[z.len()]);
        }
        z
    }

    fn predict(&self, at: f64, y: &[f64], covariance: impl Fn(f64, f64) -> f64) -> (f64, f64) {
        let k: Vec<f64> = self.x.iter().map(|&x| covariance(x, at)).collect();
        let (k, y) = (self.solve(&k), self.solve(y));
        let mean = k.iter().zip(&y).map(|(k, y)| k * y).sum();
        (mean, covariance(at, at) - k.iter().map(|k| k * k).sum::<f64>())
    }

    fn log_evidence(&self, y: &[f64]) -> f64 {
        let squares: f64 = self.solve(y).iter().map(|z| z * z).sum();
        let logarithms: f64 = self.l.iter().enumerate().map(|(i, row)| row[i].ln()).sum();
        -0.5 * (squares + y.len() as f64 * std::f64::consts::TAU.ln()) - logarithms
    }
}

/// With its own covariance, the process is exact: mean, variance and evidence agree to rounding.
#[test]
fn weights_and_functions_say_the_same() {
    use ansatz_features::{Features, MultiIndex};
    let (x, y) = data();
    for count in [7, 100] {
        let process = process(count, NOISE);
        let phi = |x: f64| {
            let mut phi = vec![0.0; count];
            process.features.jets(&[x], &[MultiIndex::VALUE], &mut phi);
            phi
        };
        let covariance =
            |a: f64, b: f64| 2.0 / count as f64 * phi(a).iter().zip(phi(b)).map(|(a, b)| a * b).sum::<f64>();
        let (exact, posterior) = (Exact::new(&x, covariance), process.fit(&x, &y).unwrap());
        let (found, expected) = (posterior.log_evidence(), exact.log_evidence(&y));
        assert!((found - expected).abs() < 1e-8 * expected.abs(), "{found}, not {expected}");
        for at in [-1.7, 0.0, 0.4, 3.0] {
            let (found, expected) = (posterior.predict(&[at]), exact.predict(at, &y, covariance));
            assert!(
                (found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9,
                "{found:?} {expected:?}"
            );
        }
    }
}

/// 1,500 features bring the covariance within about 1/√1500 ≈ 0.026 of that of the kernel.
#[test]
fn many_features_come_near_the_exact_process() {
    let (x, y) = data();
    let (exact, posterior) = (Exact::new(&x, kernel), process(1500, NOISE).fit(&x, &y).unwrap());
    for i in 0..41 {
        let at = -2.0 + 0.1 * f64::from(i);
        let (found, expected) = (posterior.predict(&[at]), exact.predict(at, &y, kernel));
        assert!((found.0 - expected.0).abs() < 0.1, "{at}: mean {found:?}, not {expected:?}");
        assert!(
            (found.1 - expected.1).abs() < 0.05 && found.1 >= 0.0,
            "{at}: variance {found:?}, not {expected:?}"
        );
    }
    let (found, expected) = (posterior.log_evidence(), exact.log_evidence(&y));
    assert!((found - expected).abs() < 3.0, "evidence {found}, not {expected}");
    // Far away, nothing is known.
    let far = posterior.predict(&[40.0]);
    assert!((far.1 - 1.0).abs() < 0.1, "{far:?}");
}

#[test]
fn the_evidence_is_largest_near_the_true_noise() {
    let (x, y) = data();
    let evidence = |noise: f64| process(300, noise).fit(&x, &y).unwrap().log_evidence();
    let tried = [0.01, 0.03, 0.1, 0.3, 1.0].map(evidence);
    assert!(tried.iter().all(|&e| e <= tried[2]), "{tried:?}");
}

#[test]
fn wrong_data_are_refused_and_none_is_the_prior() {
    let prior = process(50, NOISE);
    assert!(matches!(prior.fit(&[0.0, 1.0], &[1.0]), Err(FeatureError::Length { .. })));
    assert!(matches!(prior.fit(&[0.0], &[f64::NAN]), Err(FeatureError::Value { .. })));
    assert!(matches!(process(50, 0.0).fit(&[0.0], &[1.0]), Err(FeatureError::Value { .. })));
    let posterior = prior.fit(&[], &[]).unwrap();
    let (mean, variance) = posterior.predict(&[0.3]);
    assert!(mean == 0.0 && (variance - 1.0).abs() < 0.5);
    assert!(posterior.log_evidence().abs() < 1e-9);
}
