//! Norms of vectors on the host. Sums are of fixed pieces, so that they do not depend on the number of threads.

use rayon::prelude::*;

/// Entries of a piece.
const PIECE: usize = 1 << 14;

/// ‖v‖₂ without overflow or underflow.
pub(crate) fn norm(v: &[f64]) -> f64 {
    norm_of(v, |_, v| v)
}

/// ‖Sv‖₂ likewise, S given as its diagonal.
pub(crate) fn scaled_norm(v: &[f64], scaling: &[f64]) -> f64 {
    norm_of(v, |i, v| v * scaling[i])
}

fn norm_of(v: &[f64], entry: impl Fn(usize, f64) -> f64 + Sync) -> f64 {
    // Squares between these bounds neither overflow nor lose more than rounding.
    const SAFE: std::ops::Range<f64> = 1e-280..1e280;
    let of_squares = |scale: f64| -> f64 {
        let square = |(i, &v): (usize, &f64)| (entry(i, v) * scale).powi(2);
        let piece = |(k, piece): (usize, &[f64])| -> f64 { (k * PIECE..).zip(piece).map(square).sum() };
        v.par_chunks(PIECE).enumerate().map(piece).collect::<Vec<f64>>().into_iter().sum()
    };
    let plain = of_squares(1.0);
    if SAFE.contains(&plain) || plain.is_nan() {
        return plain.sqrt();
    }
    let largest = largest_of(v, &entry);
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    // A power of two, which costs no rounding, and has a reciprocal.
    let scale = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
    scale * of_squares(1.0 / scale).sqrt()
}

/// ‖v‖∞; NaN where an entry is.
pub(crate) fn norm_max(v: &[f64]) -> f64 {
    largest_of(v, &|_, v| v)
}

fn largest_of(v: &[f64], entry: &(impl Fn(usize, f64) -> f64 + Sync)) -> f64 {
    let larger = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) };
    let piece = |(k, piece): (usize, &[f64])| {
        (k * PIECE..).zip(piece).fold(0.0, |most, (i, &v)| larger(most, entry(i, v).abs()))
    };
    v.par_chunks(PIECE).enumerate().map(piece).reduce(|| 0.0, larger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_every_size() {
        for (v, expected) in [
            (vec![], 0.0),
            (vec![0.0, -0.0], 0.0),
            (vec![3.0, 4.0], 5.0),
            (vec![3e200, -4e200], 5e200),
            (vec![3e-200, 4e-200], 5e-200),
            (vec![3e-320, 4e-320], 5e-320),
            (vec![f64::MAX], f64::MAX),
            (vec![1.0; 4 * PIECE], 2.0 * (PIECE as f64).sqrt()),
        ] {
            let found = norm(&v);
            // The smallest of all have only some digits.
            assert!((found - expected).abs() <= 1e-15 * expected.max(1e-308), "{found} {expected}");
        }
        assert!(norm(&[1.0, f64::NAN]).is_nan() && norm_max(&[f64::NAN, 1.0]).is_nan());
        assert_eq!(norm(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(norm_max(&[1.0, -2.0, 0.5]), 2.0);
        assert_eq!(scaled_norm(&[3.0, 2.0], &[1.0, 2.0]), 5.0);
    }
}
