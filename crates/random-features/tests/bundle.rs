//! Bundled networks and the closed form of their weights.

#![allow(clippy::unwrap_used)] // Also in functions beside the tests.

use ansatz_gpu::Gpu;
use ansatz_random::Philox;
use ansatz_random_features::snnk::{Bundle, Kernel, Layer, Ridge, Snnk, SnnkError};

fn layer(seed: u64, outputs: usize, inputs: usize, size: f64, kernel: Option<Kernel>) -> Layer {
    let (w, b) = (Philox::new(seed, 0), Philox::new(seed, 1));
    let row = |k: usize| (0..inputs).map(|i| size * w.normal((k * inputs + i) as u64)).collect();
    Layer {
        weights: (0..outputs).map(row).collect(),
        biases: (0..outputs as u64).map(|k| b.normal(k)).collect(),
        kernel,
    }
}

fn points(count: usize, dimensions: usize) -> Vec<Vec<f64>> {
    let x = Philox::new(77, 0);
    let point =
        |p: usize| (0..dimensions).map(|i| x.uniform_in((p * dimensions + i) as u64, -0.5, 0.5)).collect();
    (0..count).map(point).collect()
}

fn outputs(network: &[Layer], points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    points.iter().map(|x| network.iter().fold(x.clone(), |x, layer| layer.value(&x))).collect()
}

/// RMSE over forty draws.
fn rmse(network: &[Layer], bundled: usize, count: usize, points: &[Vec<f64>]) -> f64 {
    let targets = outputs(network, points);
    let squares = (0..40).map(|seed| {
        let options = Snnk { count, seed: 100 * seed, ..Snnk::new(Kernel::cosine()) };
        Bundle::new(network, bundled, &options, points).unwrap().rmse(points, &targets).unwrap().powi(2)
    });
    (squares.sum::<f64>() / 40.0).sqrt()
}

#[test]
fn a_bundled_network_comes_nearer_with_more_features() {
    let network = [
        layer(1, 4, 3, 0.4, Some(Kernel::cosine())),
        layer(2, 3, 4, 0.3, Some(Kernel::sine())),
        layer(3, 2, 3, 0.5, None),
    ];
    let points = points(20, 3);
    for bundled in [1, 2, 3] {
        let errors = [64, 256, 1024].map(|count| rmse(&network, bundled, count, &points));
        if bundled == 1 {
            // The last layer is linear as it is.
            assert!(errors[2] < 1e-14, "{errors:?}");
        } else {
            // Four times the features halve the error; 16 times are to leave less than 0.4 of it.
            assert!(errors[2] < 0.4 * errors[0] && errors[2] < 0.06, "{bundled} layers: {errors:?}");
        }
    }
}

#[test]
fn fitted_weights_are_no_worse_than_those_of_the_network() {
    let network = [layer(1, 4, 3, 0.4, Some(Kernel::cosine())), layer(3, 2, 4, 0.5, None)];
    let points = points(300, 3);
    let targets = outputs(&network, &points);
    let mut bundle =
        Bundle::new(&network, 2, &Snnk { count: 64, ..Snnk::new(Kernel::cosine()) }, &points).unwrap();
    let before = bundle.rmse(&points, &targets).unwrap();
    bundle.fit::<f64>(&Gpu::cpu(), &points, &targets, 1e-6).unwrap();
    let after = bundle.rmse(&points, &targets).unwrap();
    assert!(after < 1e-2 * before, "{before}, then {after}");
}

#[test]
fn weights_without_features_are_fitted_too() {
    let network = [layer(3, 2, 3, 0.5, None)];
    let points = points(40, 3);
    let targets: Vec<Vec<f64>> = points.iter().map(|x| vec![x[0] - 2.0 * x[2]]).collect();
    let mut bundle = Bundle::new(&network, 1, &Snnk::new(Kernel::cosine()), &points).unwrap();
    bundle.fit::<f64>(&Gpu::cpu(), &points, &targets, 0.0).unwrap();
    assert!(bundle.rmse(&points, &targets).unwrap() < 1e-13);
}

/// Weights for Φ of these rows.
fn ridge(phi: &[Vec<f64>], y: &[Vec<f64>], lambda: f64) -> Result<Vec<Vec<f64>>, SnnkError> {
    let gpu = Gpu::cpu();
    let ridge = Ridge::<f64>::new(&gpu, phi.len(), 3, lambda)?;
    let (slab, stride) = (ridge.features().slabs().next().unwrap().0, ridge.features().stride());
    for (i, phi) in phi.iter().enumerate() {
        phi.iter().enumerate().for_each(|(j, phi)| gpu.write(slab, j * stride + i, &[*phi]).unwrap());
    }
    ridge.solve(&gpu, y)
}

#[test]
fn ridge_is_the_closed_form() {
    let x = Philox::new(5, 0);
    let entry = |stream: u32, i: usize, j: usize| x.stream(stream).normal((i * 10 + j) as u64);
    let phi: Vec<Vec<f64>> =
        (0..7).map(|i| (0..3).map(|j| entry(0, i, j) * 10f64.powi(j as i32)).collect()).collect();
    let y: Vec<Vec<f64>> = (0..7).map(|i| (0..2).map(|k| entry(1, i, k)).collect()).collect();
    let lambda = 0.7;
    let w = ridge(&phi, &y, lambda).unwrap();
    // The gradient Φᵀ(ΦW − Y) + λ²W vanishes.
    for (k, w) in w.iter().enumerate() {
        let residual: Vec<f64> = phi
            .iter()
            .zip(&y)
            .map(|(phi, y)| phi.iter().zip(w).map(|(phi, w)| phi * w).sum::<f64>() - y[k])
            .collect();
        for j in 0..3 {
            let gradient: f64 =
                phi.iter().zip(&residual).map(|(phi, r)| phi[j] * r).sum::<f64>() + lambda * lambda * w[j];
            assert!(gradient.abs() < 1e-11, "output {k}, weight {j}: {gradient}");
        }
    }
    // More features than points are fine with λ, and a reason without.
    let few = (&phi[..2], &y[..2]);
    assert_eq!(ridge(few.0, few.1, 0.1).unwrap()[1].len(), 3);
    assert!(matches!(ridge(few.0, few.1, 0.0), Err(SnnkError::Unsolved(_))));
    assert!(matches!(ridge(&phi, &y[..3], 0.1), Err(SnnkError::Features(_))));
    assert!(matches!(ridge(&phi, &y, -1.0), Err(SnnkError::Features(_))));
}

#[test]
fn layers_that_do_not_fit_are_refused() {
    let network = [layer(1, 4, 3, 0.4, Some(Kernel::cosine())), layer(3, 2, 5, 0.5, None)];
    let options = Snnk::new(Kernel::cosine());
    assert!(matches!(Bundle::new(&network, 2, &options, &points(2, 3)), Err(SnnkError::Features(_))));
    assert!(matches!(Bundle::new(&network[..1], 1, &options, &points(2, 2)), Err(SnnkError::Features(_))));
}
