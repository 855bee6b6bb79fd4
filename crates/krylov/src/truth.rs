//! The residual that a status is given from.

use rayon::prelude::*;

use crate::operator::Operator;

/// b − A x, each row summed as if in twice the precision of f64 and rounded once: the compensated dot product Dot2 of
/// Ogita, Rump and Oishi, SIAM J. Sci. Comput. 26 (2005), algorithm 5.3. Plain f64 loses ε‖A‖‖x‖, which for an
/// ill-conditioned system can be a good part of the tolerance.
pub(crate) fn residual(a: &dyn Operator, b: &[f64], x: &[f64]) -> Vec<f64> {
    let row = |i: usize| {
        let (mut sum, mut error) = (b[i], 0.0);
        a.visit_row(i, &mut |j, entry| {
            // −aᵢⱼ xⱼ = p + e, exactly
            let p = -entry * x[j];
            let e = (-entry).mul_add(x[j], -p);
            // sum + p = s + t, exactly (Knuth's TwoSum)
            let s = sum + p;
            let z = s - sum;
            let t = (sum - (s - z)) + (p - z);
            sum = s;
            error += t + e;
        });
        sum + error
    };
    (0..b.len()).into_par_iter().with_min_len(1024).map(row).collect()
}

#[cfg(test)]
mod tests {
    use crate::operator::{Csr, OperatorError};

    #[test]
    fn what_cancels_in_f64_is_kept() -> Result<(), OperatorError> {
        // 1 + 2⁻²⁹ − (1 + 2⁻³⁰)² = −2⁻⁶⁰, and 1 − 1e16 + 1e16 = 1
        let near = 1.0 + (-30f64).exp2();
        let a = Csr::from_triplets(2, 2, &[(0, 0, near), (0, 1, 1.0), (1, 0, 1e16), (1, 1, -1e16)])?;
        let r = super::residual(&a, &[1.0 + (-29f64).exp2(), 1.0], &[near, 0.0]);
        assert_eq!(r[0], -(-60f64).exp2());
        assert_eq!(super::residual(&a, &[0.0, 1.0], &[1.0, 1.0])[1], 1.0);
        Ok(())
    }
}
