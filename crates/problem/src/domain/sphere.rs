//! The unit cube onto spheres and balls, measure for measure.

use std::f64::consts::TAU;

/// A point of the unit sphere in k ≥ 2 dimensions from k − 1 numbers of [0, 1).
///
/// Archimedes: the projection of the uniform distribution on the sphere of ℝᵏ to k − 2 of its coordinates is uniform in
/// the unit ball; an angle gives the other two.
pub(super) fn sphere(unit: &[f64], out: &mut [f64]) {
    let Some((rest, plane)) = out.split_last_chunk_mut::<2>() else { return };
    ball(&unit[1..], rest);
    let radius = (1.0 - rest.iter().map(|x| x * x).sum::<f64>()).max(0.0).sqrt();
    let angle = TAU * unit[0];
    *plane = [radius * angle.cos(), radius * angle.sin()];
}

/// A point of the unit ball in k dimensions from k numbers of [0, 1).
fn ball(unit: &[f64], out: &mut [f64]) {
    match out {
        [] => {}
        [x] => *x = 2.0 * unit[0] - 1.0,
        _ => {
            let radius = unit[0].powf(1.0 / out.len() as f64);
            sphere(&unit[1..], out);
            out.iter_mut().for_each(|x| *x *= radius);
        }
    }
}

/// Volume of the unit ball in k dimensions: V_k = V_{k−2} 2π/k.
pub(super) fn ball_volume(k: usize) -> f64 {
    match k {
        0 => 1.0,
        1 => 2.0,
        _ => ball_volume(k - 2) * TAU / k as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sampler;
    use ansatz_random::Philox;

    /// On the sphere of ℝᵏ every x_i has mean 0 and x_i² mean 1/k, and x_i⁴ mean 3/(k(k + 2)).
    #[test]
    fn moments() {
        for k in 2..=7 {
            let n = 8192;
            let units = Sampler::Sobol.points(k - 1, 0, n, Philox::new(1, 0));
            let mut moments = vec![[0.0; 3]; k];
            for unit in units.chunks(k - 1) {
                let mut x = vec![0.0; k];
                sphere(unit, &mut x);
                assert!((x.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
                for (x, m) in x.iter().zip(&mut moments) {
                    *m = [m[0] + x / n as f64, m[1] + x * x / n as f64, m[2] + x.powi(4) / n as f64];
                }
            }
            for m in moments {
                let k = k as f64;
                assert!(m[0].abs() < 5e-3 && (m[1] - 1.0 / k).abs() < 5e-3, "{k}: {m:?}");
                assert!((m[2] - 3.0 / (k * (k + 2.0))).abs() < 5e-3, "{k}: {m:?}");
            }
        }
    }

    #[test]
    fn volumes() {
        let pi = std::f64::consts::PI;
        let expected = [1.0, 2.0, pi, 4.0 * pi / 3.0, pi * pi / 2.0];
        for (k, expected) in expected.into_iter().enumerate() {
            assert!((ball_volume(k) - expected).abs() < 1e-14);
        }
    }
}
