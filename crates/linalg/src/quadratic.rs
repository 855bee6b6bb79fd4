//! A quadratic model that is damped and made least: what a trust region asks for where there is no least-squares problem.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// q(δ) = ½ δᵀHδ − gᵀδ with a symmetric H, from products of its rows; in f64 on the host.
#[derive(Debug, Clone)]
pub struct Quadratic {
    hessian: Mat<f64>,
    gradient: Vec<f64>,
}

impl Quadratic {
    /// q = 0 of so many unknowns.
    pub fn zeros(unknowns: usize) -> Self {
        Self { hessian: Mat::zeros(unknowns, unknowns), gradient: vec![0.0; unknowns] }
    }

    /// H ← H + ½(AᵀDB + BᵀDA) with D diagonal, where A and B are stored column after column.
    ///
    /// # Panics
    /// Where the columns of A and B are not as many as the unknowns, or their rows not as many as D's.
    pub fn add_product(&mut self, a: &[f64], d: &[f64], b: &[f64]) {
        let (n, rows) = (self.gradient.len(), d.len());
        assert!(a.len() == n * rows && b.len() == n * rows, "a column for each unknown");
        let a = faer::MatRef::from_column_major_slice(a, rows, n);
        let scaled = Mat::from_fn(rows, n, |i, j| d[i] * b[j * rows + i]);
        let product = a.transpose() * &scaled;
        self.hessian += 0.5 * (&product + product.transpose());
    }

    /// g ← g + Aᵀv.
    ///
    /// # Panics
    /// Where the columns of A are not as many as the unknowns.
    pub fn add_gradient(&mut self, a: &[f64], v: &[f64]) {
        assert!(a.len() == self.gradient.len() * v.len(), "a column for each unknown");
        for (g, column) in self.gradient.iter_mut().zip(a.chunks(v.len().max(1))) {
            *g += column.iter().zip(v).map(|(a, v)| a * v).sum::<f64>();
        }
    }

    /// √|H_jj|: the units of the unknowns.
    pub fn lengths(&self) -> Vec<f64> {
        (0..self.gradient.len()).map(|j| self.hessian[(j, j)].abs().sqrt()).collect()
    }

    /// The δ that makes q + ½ Σ_j (λ_j `lengths`_j δ_j)² least, and −q(δ), the decrease that it promises. `None` where the damped H
    /// is not positive definite.
    ///
    /// ```
    /// use ansatz_linalg::Quadratic;
    /// let mut q = Quadratic::zeros(1);
    /// q.add_product(&[2.0], &[1.0], &[2.0]);
    /// q.add_gradient(&[2.0], &[6.0]);
    /// let (delta, decrease) = q.minimise(|_| 0.0).unwrap();
    /// assert!((delta[0] - 3.0).abs() < 1e-12 && (decrease - 18.0).abs() < 1e-12);
    /// ```
    pub fn minimise(&self, damping: impl Fn(usize) -> f64) -> Option<(Vec<f64>, f64)> {
        let n = self.gradient.len();
        let scales: Vec<f64> =
            self.lengths().iter().map(|&length| if length > 0.0 { 1.0 / length } else { 1.0 }).collect();
        let damped = Mat::from_fn(n, n, |i, j| {
            let added = if i == j { damping(i) * damping(i) } else { 0.0 };
            scales[i] * self.hessian[(i, j)] * scales[j] + added
        });
        let rhs = Mat::from_fn(n, 1, |i, _| scales[i] * self.gradient[i]);
        let solved = damped.llt(Side::Lower).ok()?.solve(&rhs);
        let delta: Vec<f64> = (0..n).map(|j| scales[j] * solved[(j, 0)]).collect();
        let slope: f64 = delta.iter().zip(&self.gradient).map(|(delta, g)| delta * g).sum();
        let along = Mat::from_fn(n, 1, |j, _| delta[j]);
        let curvature = (along.transpose() * &self.hessian * &along)[(0, 0)];
        let decrease = slope - 0.5 * curvature;
        (delta.iter().all(|delta| delta.is_finite()) && decrease > 0.0).then_some((delta, decrease))
    }
}
