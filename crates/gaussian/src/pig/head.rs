//! The head: hidden units y_h = tanh(b_h + Σ_k W_hk φ_k) with their derivatives, and back: `shaders/common/pig.wgsl`.

use ansatz_gpu::Real;

use super::terms::Terms;

/// The terms of one hidden unit at one point, and what its derivatives need.
pub(super) struct Unit<T> {
    pub z: Vec<T>,
    pub y: Vec<T>,
    /// s′, s″, s‴.
    slopes: [T; 3],
}

impl<T: Real> Unit<T> {
    /// From the terms of φ, k after k.
    pub fn new(terms: &Terms, bias: T, weights: &[T], phi: &[T]) -> Self {
        let n = terms.len();
        let mut z = vec![T::zero(); n];
        z[0] = bias;
        for (&w, phi) in weights.iter().zip(phi.chunks(n)) {
            z.iter_mut().zip(phi).for_each(|(z, &phi)| *z += w * phi);
        }
        let [one, two, six] = [1.0, 2.0, 6.0].map(T::from_f64);
        let s = z[0].tanh();
        let slope = one - s * s;
        let (bend, third) = (-two * s * slope, slope * (six * s * s - two));
        let mut y = vec![s; n];
        (1..=terms.firsts).for_each(|t| y[t] = slope * z[t]);
        for (n, &[i, j]) in terms.parents.iter().enumerate() {
            let t = terms.firsts + 1 + n;
            y[t] = slope * z[t] + bend * z[i] * z[j];
        }
        Self { z, y, slopes: [slope, bend, third] }
    }

    /// ∂R/∂z_t from a_t = ∂R/∂y_t.
    pub fn pull_back(&self, terms: &Terms, a: &[T]) -> Vec<T> {
        let (z, [slope, bend, third]) = (&self.z, self.slopes);
        let mut back: Vec<T> = a.iter().map(|&a| a * slope).collect();
        (1..=terms.firsts).for_each(|t| back[0] += a[t] * bend * z[t]);
        for (n, &[i, j]) in terms.parents.iter().enumerate() {
            let t = terms.firsts + 1 + n;
            back[0] += a[t] * (bend * z[t] + third * z[i] * z[j]);
            back[i] += a[t] * bend * z[j];
            back[j] += a[t] * bend * z[i];
        }
        back
    }
}
