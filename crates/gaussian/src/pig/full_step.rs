//! A step of Gaussians with full covariances.

use ansatz_features::{FeatureError, Features};

use super::embedding::LONGEST;
use crate::FullGaussians;
use crate::full::{cholesky, place};

/// After a step along ∂_i G, then ∂_ik G, each for all Gaussians: with the amplitude w, −w Δμ = the former, w ΔΣ_ii/2 and w ΔΣ_ik the
/// latter. Of P = SSᵀ, Δμ is bounded in units of the widths, y = SᵀΔμ; and ΔΣ = S⁻ᵀ 2E S⁻¹ is the beginning of
/// Σ = S⁻ᵀ e²ᴱ S⁻¹, whose inverse S e⁻²ᴱ Sᵀ is positive definite with e⁻ᴱ ≈ N = 1 − E + E²/2. `amplitudes` change as √|P|, by |N|.
pub(super) fn moved(
    gaussians: &FullGaussians,
    before: &[f64],
    step: &[f64],
    amplitudes: &mut [f64],
) -> Result<FullGaussians, FeatureError> {
    let (n, d) = (gaussians.len(), gaussians.dimensions());
    let (mut centres, mut precisions) = (gaussians.centres().to_vec(), gaussians.precisions().to_vec());
    for j in 0..n {
        let matrix = &mut precisions[j * d * d..][..d * d];
        // It was positive definite when these Gaussians were made.
        let Some(s) = cholesky(matrix, d) else { return Err(FeatureError::Precision { index: j }) };
        let of_shift = |shift: usize| step[shift * n + j] / before[j];
        let y: Vec<f64> = (0..d).map(|i| (i..d).map(|k| s[k * d + i] * -of_shift(k)).sum()).collect();
        let y: Vec<f64> =
            y.iter().map(|&y: &f64| if y.is_nan() { 0.0 } else { y.clamp(-LONGEST, LONGEST) }).collect();
        back_substitute(&s, &y).iter().enumerate().for_each(|(i, step)| centres[j * d + i] += step);

        let spread = |i: usize, k: usize| {
            let of_entry = of_shift(place(d, i, k));
            if i == k { 2.0 * of_entry } else { of_entry }
        };
        let right = product(d, spread, |i, k| s[i * d + k]);
        let half = product(d, |i, k| 0.5 * s[k * d + i], |i, k| right[i * d + k]);
        let e = bounded(half);
        let square = product(d, |i, k| e[i * d + k], |i, k| e[i * d + k]);
        let shrink: Vec<f64> = (0..d * d)
            .map(|at| {
                let identity = if at % (d + 1) == 0 { 1.0 } else { 0.0 };
                identity - e[at] + 0.5 * square[at]
            })
            .collect();
        let factor = product(d, |i, k| s[i * d + k], |i, k| shrink[i * d + k]);
        for i in 0..d {
            for k in i..d {
                let entry = (0..d).map(|m| factor[i * d + m] * factor[k * d + m]).sum();
                (matrix[i * d + k], matrix[k * d + i]) = (entry, entry);
            }
        }
        let diagonal = cholesky(&symmetric(&shrink, d), d);
        let Some(diagonal) = diagonal else { return Err(FeatureError::Precision { index: j }) };
        amplitudes[j] *= (0..d).map(|i| diagonal[i * d + i].powi(2)).product::<f64>();
    }
    FullGaussians::new(d, centres, precisions)
}

/// x with Sᵀx = y.
fn back_substitute(s: &[f64], y: &[f64]) -> Vec<f64> {
    let d = y.len();
    let mut x = y.to_vec();
    for i in (0..d).rev() {
        let known: f64 = (i + 1..d).map(|k| s[k * d + i] * x[k]).sum();
        x[i] = (x[i] - known) / s[i * d + i];
    }
    x
}

fn product(d: usize, a: impl Fn(usize, usize) -> f64, b: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let entry = |at: usize| (0..d).map(|m| a(at / d, m) * b(m, at % d)).sum();
    (0..d * d).map(entry).collect()
}

/// Without the rounding that tells the two triangles apart.
fn symmetric(matrix: &[f64], d: usize) -> Vec<f64> {
    (0..d * d).map(|at| 0.5 * (matrix[at] + matrix[at % d * d + at / d])).collect()
}

/// E, of a norm that leaves 1 − E + E²/2 near e⁻ᴱ.
fn bounded(e: Vec<f64>) -> Vec<f64> {
    let norm = e.iter().map(|e| e * e).sum::<f64>().sqrt();
    if !norm.is_finite() {
        return vec![0.0; e.len()];
    }
    let factor = if norm > LONGEST { LONGEST / norm } else { 1.0 };
    e.into_iter().map(|e| factor * e).collect()
}
