//! The scaling of a matrix to unit diagonal, and the largest eigenvalue of what results.

use crate::norms::norm;
use crate::operator::Operator;

/// S = |D|^(−1/2); an unknown without a diagonal entry is left as it is.
pub(crate) fn unit_scaling(diagonal: &[f64]) -> Vec<f64> {
    diagonal.iter().map(|&d| if d == 0.0 { 1.0 } else { 1.0 / d.abs().sqrt() }).collect()
}

/// An upper bound of the spectrum of D⁻¹A: Gershgorin's, or a tenth above what the power method finds.
pub(crate) fn largest_eigenvalue(a: &dyn Operator, diagonal: &[f64]) -> f64 {
    let n = diagonal.len();
    let inverse: Vec<f64> = diagonal.iter().map(|&d| if d > 0.0 { 1.0 / d } else { 0.0 }).collect();
    // A start with parts of all frequencies, the same in every run.
    let mut v: Vec<f64> =
        (0..n as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 - 8.4e6).collect();
    let mut av = vec![0.0; n];
    let mut largest = 0.0;
    for _ in 0..POWER_STEPS {
        let length = norm(&v);
        if length == 0.0 {
            return 1.0;
        }
        v.iter_mut().for_each(|v| *v /= length);
        a.apply(&v, &mut av);
        av.iter_mut().zip(&inverse).for_each(|(av, inverse)| *av *= inverse);
        largest = norm(&av);
        std::mem::swap(&mut v, &mut av);
    }
    let smallest = diagonal.iter().copied().filter(|&d| d > 0.0).fold(f64::INFINITY, f64::min);
    (1.1 * largest).min(a.norm_inf() / smallest)
}

const POWER_STEPS: usize = 20;
