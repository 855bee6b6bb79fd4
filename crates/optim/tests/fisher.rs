//! Inverse Fisher products against F itself and against Woodbury's formula.

#![allow(clippy::unwrap_used)]

use ansatz_linalg::Factor;
use ansatz_optim::{FisherError, SlidingFisher, StaticFisher};

/// Numbers between −1 and 1 without a pattern.
fn gradient(d: usize, seed: usize) -> Vec<f64> {
    (0..d).map(|i| (1e4 * ((i + 1) as f64).sqrt() + 77.7 * (seed * seed + 3 * seed) as f64).sin()).collect()
}

fn gradients(d: usize, seeds: std::ops::Range<usize>) -> Vec<Vec<f64>> {
    seeds.map(|seed| gradient(d, seed)).collect()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// F y = λy + (1/m) Σ g (g·y)
fn fisher(gradients: &[Vec<f64>], m: usize, damping: f64, y: &[f64]) -> Vec<f64> {
    let mut x: Vec<f64> = y.iter().map(|y| damping * y).collect();
    for g in gradients {
        let part = dot(g, y) / m as f64;
        x.iter_mut().zip(g).for_each(|(x, g)| *x += part * g);
    }
    x
}

/// F⁻¹x = λ⁻¹(x − Gᵀ(mλI + GGᵀ)⁻¹Gx), where the triangle of [Gᵀ; √(mλ)I] stands for the small matrix (Woodbury, 1950).
fn woodbury(gradients: &[Vec<f64>], m: usize, damping: f64, x: &[f64]) -> Vec<f64> {
    let (d, count) = (x.len(), gradients.len());
    let mut entries = Vec::new();
    for (k, g) in gradients.iter().enumerate() {
        entries.extend_from_slice(g);
        entries.extend((0..count).map(|i| if i == k { (m as f64 * damping).sqrt() } else { 0.0 }));
    }
    let factor = Factor::new(d + count, count, &entries);
    let products: Vec<f64> = gradients.iter().map(|g| dot(g, x)).collect();
    let c = factor.solve(&factor.solve_transposed(&products));
    let mut y = x.to_vec();
    for (g, c) in gradients.iter().zip(c) {
        y.iter_mut().zip(g).for_each(|(y, g)| *y -= c * g);
    }
    y.iter().map(|y| y / damping).collect()
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    let size = dot(expected, expected).sqrt();
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance * size, "{found:e}, not {expected:e}");
    }
}

/// Rounding loses the condition of F, at most d/λ here, in either algorithm.
fn tolerance(d: usize, damping: f64) -> f64 {
    20.0 * f64::EPSILON * (1.0 + d as f64 / damping)
}

#[test]
fn both_algorithms_invert_the_fisher_matrix() {
    for (d, m) in [(1, 1), (5, 3), (3, 7), (50, 20), (1001, 33)] {
        for damping in [1.0, 1e-4] {
            let (gradients, x) = (gradients(d, 0..m), gradient(d, 1000));
            let fixed = StaticFisher::new(&gradients, damping).unwrap();
            let mut sliding = SlidingFisher::new(d, m, damping).unwrap();
            gradients.iter().for_each(|g| sliding.push(g.clone()).unwrap());
            let expected = woodbury(&gradients, m, damping, &x);
            for y in [fixed.apply(&x), sliding.apply(&x)] {
                assert_near(&y, &expected, tolerance(d, damping));
                assert_near(&fisher(&gradients, m, damping, &y), &x, tolerance(d, damping));
            }
        }
    }
}

#[test]
fn the_diagonal_is_that_of_the_inverse() {
    let (d, damping) = (9, 0.1);
    let fixed = StaticFisher::new(&gradients(d, 0..4), damping).unwrap();
    for (i, diagonal) in fixed.diagonal().into_iter().enumerate() {
        let unit: Vec<f64> = (0..d).map(|j| f64::from(u8::from(i == j))).collect();
        assert!((fixed.apply(&unit)[i] - diagonal).abs() < 1e-14 / damping);
    }
}

/// After hundreds of gradients have passed, the triangle is as good as a new one.
#[test]
fn a_window_slides_without_drifting() {
    let (d, m, damping) = (40, 12, 1e-3);
    let mut sliding = SlidingFisher::new(d, m, damping).unwrap();
    let x = gradient(d, 1000);
    for seed in 0..500 {
        sliding.push(gradient(d, seed)).unwrap();
        let first = (seed + 1).saturating_sub(m);
        assert_eq!(sliding.len(), seed + 1 - first);
        // m counts the room, not the gradients.
        let expected = woodbury(&gradients(d, first..seed + 1), m, damping, &x);
        assert_near(&sliding.apply(&x), &expected, tolerance(d, damping));
    }
}

#[test]
fn any_gradient_can_be_left_out() {
    let (d, m, damping) = (15, 6, 0.01);
    let x = gradient(d, 1000);
    for index in 0..m {
        let mut all = gradients(d, 0..m);
        let mut sliding = SlidingFisher::new(d, m, damping).unwrap();
        all.iter().for_each(|g| sliding.push(g.clone()).unwrap());
        assert_eq!(sliding.remove(index), Some(all.remove(index)));
        assert_near(&sliding.apply(&x), &woodbury(&all, m, damping, &x), tolerance(d, damping));
    }
    let mut empty = SlidingFisher::new(2, 3, 0.5).unwrap();
    assert!(empty.is_empty() && empty.remove(0).is_none());
    assert_eq!(empty.apply(&[1.0, 2.0]), [2.0, 4.0]);
}

/// The same gradient over and over: rank one, with nothing but λ in all other directions.
#[test]
fn equal_gradients_leave_the_damping() {
    let (d, m, damping) = (8, 5, 1e-10);
    let g = gradient(d, 1);
    let mut sliding = SlidingFisher::new(d, m, damping).unwrap();
    (0..3 * m).for_each(|_| sliding.push(g.clone()).unwrap());
    let y = sliding.apply(&g);
    // F g = (λ + ‖g‖²) g. c sums up to 1 − 1e-10 or so, and what is left of g is divided by λ.
    let expected: Vec<f64> = g.iter().map(|g_i| g_i / (damping + dot(&g, &g))).collect();
    assert_near(&y, &expected, 1e3 * f64::EPSILON / damping);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let ones = vec![1.0; 3];
    assert_eq!(StaticFisher::new(&[], 1.0).unwrap_err(), FisherError::Empty);
    assert_eq!(SlidingFisher::new(3, 0, 1.0).unwrap_err(), FisherError::Empty);
    for damping in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(
            StaticFisher::new(std::slice::from_ref(&ones), damping).unwrap_err(),
            FisherError::Damping(damping)
        );
        assert_eq!(SlidingFisher::new(3, 1, damping).unwrap_err(), FisherError::Damping(damping));
    }
    let short = FisherError::Length { found: 2, expected: 3 };
    assert_eq!(StaticFisher::new(&[ones.clone(), vec![1.0; 2]], 1.0).unwrap_err(), short);
    let mut sliding = SlidingFisher::new(3, 1, 1.0).unwrap();
    sliding.push(ones.clone()).unwrap();
    assert_eq!(sliding.push(vec![1.0; 2]).unwrap_err(), short);
    for bad in [f64::NAN, f64::INFINITY, 1e200] {
        assert_eq!(sliding.push(vec![1.0, bad, 1.0]).unwrap_err(), FisherError::NonFinite);
        assert_eq!(StaticFisher::new(&[vec![bad]], 1.0).unwrap_err(), FisherError::NonFinite);
    }
    // What was there still is.
    assert_eq!(sliding.remove(0), Some(ones));
}
