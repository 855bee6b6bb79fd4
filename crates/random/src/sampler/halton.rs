//! Halton's sequence: axis i holds the radical inverses in the i-th prime.

use crate::Philox;

const PRIMES: [u64; 8] = [2, 3, 5, 7, 11, 13, 17, 19];

/// The digits of `index` in base `b`, mirrored at the point: Σ d_k b^{−k−1}.
fn radical_inverse(mut index: u64, base: u64) -> f64 {
    let (mut inverse, mut scale) = (0.0, 1.0);
    while index > 0 {
        scale /= base as f64;
        inverse += (index % base) as f64 * scale;
        index /= base;
    }
    inverse
}

pub(super) fn points(dimension: usize, first: u64, count: usize, random: Philox) -> Vec<f64> {
    let shifts: Vec<f64> = (0..dimension as u64).map(|axis| random.uniform(axis)).collect();
    let axis = |p, (base, shift)| (radical_inverse(p, base) + shift) % 1.0;
    let axes = PRIMES.into_iter().zip(shifts);
    (first..first + count as u64).flat_map(|p| axes.clone().map(move |a| axis(p, a))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_elements() {
        let of = |base| [0, 1, 2, 3, 4, 5].map(|index| radical_inverse(index, base));
        assert_eq!(of(2), [0.0, 0.5, 0.25, 0.75, 0.125, 0.625]);
        let thirds = [0.0, 3.0, 6.0, 1.0, 4.0, 7.0].map(|ninths| ninths / 9.0);
        assert!(of(3).iter().zip(thirds).all(|(found, expected)| (found - expected).abs() < 1e-15));
    }
}
