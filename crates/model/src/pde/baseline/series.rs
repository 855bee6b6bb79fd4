//! Tensor products of Chebyshev polynomials on a box.

use ansatz_expr::Jet;

/// u_f(x) = Σ_k c_fk T_k₁(ξ₁) T_k₂(ξ₂) …, with ξ ∈ [−1, 1] along each coordinate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub bounds: Vec<[f64; 2]>,
    /// The highest degree along every coordinate.
    pub degree: usize,
    /// Field after field; the degree in the first coordinate runs fastest.
    pub coefficients: Vec<f64>,
}

impl Series {
    pub fn zero(bounds: &[[f64; 2]], degree: usize, fields: usize) -> Self {
        let terms = (degree + 1).pow(bounds.len() as u32);
        Self { bounds: bounds.to_vec(), degree, coefficients: vec![0.0; fields * terms] }
    }

    /// Coefficients of one field.
    pub fn terms(&self) -> usize {
        (self.degree + 1).pow(self.bounds.len() as u32)
    }

    /// The same function in a space of higher degree.
    pub fn raised(&self, degree: usize) -> Self {
        let fields = self.coefficients.len() / self.terms();
        let mut raised = Self::zero(&self.bounds, degree, fields);
        let (old, new, terms) = (self.degree + 1, degree + 1, raised.terms());
        for (at, &c) in self.coefficients.iter().enumerate() {
            let (field, mut rest) = (at / self.terms(), at % self.terms());
            let (mut place, mut stride) = (0, 1);
            for _ in &self.bounds {
                place += rest % old * stride;
                (rest, stride) = (rest / old, stride * new);
            }
            raised.coefficients[field * terms + place] = c;
        }
        raised
    }

    /// ∂^α of every term of one field at x.
    pub fn row(&self, jet: &Jet, x: &[f64]) -> Vec<f64> {
        let mut row = vec![1.0];
        for (axis, bound) in self.bounds.iter().enumerate() {
            let factors = polynomials(self.degree, usize::from(jet.orders[axis]), *bound, x[axis]);
            row = factors.iter().flat_map(|factor| row.iter().map(move |term| factor * term)).collect();
        }
        row
    }

    /// ∂^α u at x.
    pub fn jet(&self, jet: &Jet, x: &[f64]) -> f64 {
        // Sums over the first coordinate, then over the next, …: (n + 1)^d products instead of d times as many.
        let terms = self.terms();
        let mut sums = self.coefficients[jet.field * terms..(jet.field + 1) * terms].to_vec();
        for (axis, bound) in self.bounds.iter().enumerate() {
            let factors = polynomials(self.degree, usize::from(jet.orders[axis]), *bound, x[axis]);
            let dot = |part: &[f64]| part.iter().zip(&factors).map(|(c, factor)| c * factor).sum();
            sums = sums.chunks_exact(self.degree + 1).map(dot).collect();
        }
        sums[0]
    }

    /// The `degree + 1` Gauss points along a coordinate: all inside, dense at the ends.
    pub fn gauss_points(&self, axis: usize) -> Vec<f64> {
        let count = self.degree + 1;
        let [low, high] = self.bounds[axis];
        let node = |i: usize| -((2 * i + 1) as f64 * std::f64::consts::PI / (2 * count) as f64).cos();
        (0..count).map(|i| 0.5 * (low + high) + 0.5 * (high - low) * node(i)).collect()
    }
}

/// d^m/dx^m T_k(ξ(x)) for k = 0 … degree, from T_{k+1} = 2ξ T_k − T_{k−1} differentiated m times.
fn polynomials(degree: usize, order: usize, [low, high]: [f64; 2], x: f64) -> Vec<f64> {
    let slope = 2.0 / (high - low);
    let xi = slope * (x - low) - 1.0;
    // The derivative of one order less; below order 0 there is none.
    let mut lower = vec![0.0; degree + 1];
    let mut values = vec![0.0; degree + 1];
    for m in 0..=order {
        for k in 0..=degree {
            values[k] = match (k, m) {
                (0, 0) => 1.0,
                (0, _) => 0.0,
                (1, 0) => xi,
                (1, 1) => slope,
                (1, _) => 0.0,
                _ => 2.0 * (xi * values[k - 1] + m as f64 * slope * lower[k - 1]) - values[k - 2],
            };
        }
        if m < order {
            lower.copy_from_slice(&values);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_and_derivatives_by_hand() {
        // On [0, 4], ξ = x/2 − 1: T₃ = 4ξ³ − 3ξ, its derivatives by x (12ξ² − 3)/2, 6ξ, 3.
        let xi: f64 = 0.25;
        let x = 2.0 * (xi + 1.0);
        let expected = [4.0 * xi.powi(3) - 3.0 * xi, (12.0 * xi * xi - 3.0) / 2.0, 6.0 * xi, 3.0, 0.0];
        for (order, expected) in expected.into_iter().enumerate() {
            assert!((polynomials(5, order, [0.0, 4.0], x)[3] - expected).abs() < 1e-14, "order {order}");
        }
    }

    #[test]
    fn a_raised_series_is_the_same_function() {
        let mut series = Series::zero(&[[-1.0, 2.0], [0.0, 1.0]], 3, 2);
        (1..).zip(&mut series.coefficients).for_each(|(i, c)| *c = 1.0 / f64::from(i));
        let raised = series.raised(7);
        let mut orders = Jet::value(1).orders;
        (orders[0], orders[1]) = (2, 1);
        for jet in [Jet::value(0), Jet::value(1), Jet { field: 1, orders }] {
            let (a, b) = (series.jet(&jet, &[0.3, 0.8]), raised.jet(&jet, &[0.3, 0.8]));
            assert!((a - b).abs() < 1e-13 * a.abs(), "{a} {b}");
            let own = &series.coefficients[jet.field * 16..][..16];
            let by_row: f64 = series.row(&jet, &[0.3, 0.8]).iter().zip(own).map(|(t, c)| t * c).sum();
            assert!((a - by_row).abs() < 1e-13 * a.abs());
        }
    }
}
