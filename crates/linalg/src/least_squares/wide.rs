//! The damped problem with more columns than rows, by the small matrix A A⊤ and without forming it.
//!
//! With B = A Λ⁻¹, z = Λ x and w = b − A x, min ‖A x − b‖² + ‖Λ x‖² is the shortest solution of [B I] [z; w] = b. So
//!
//! ```text
//! [B⊤; I] = Q R   R⊤R y = b   z = B⊤ y        that is   x = Λ⁻² A⊤ (A Λ⁻² A⊤ + I)⁻¹ b
//! ```
//!
//! where R⊤R = B B⊤ + I comes from reflections: rounding then counts with the condition of R, not with its square (Paige,
//! Math. Comp. 27, 1973; Björck, Numerical Methods for Least Squares Problems, 1996, section 2.7.2). 2(m + n)m² operations
//! for m rows and n columns, where the triangle of A takes n³.

use ansatz_gpu::Real;
use faer::Mat;

use super::Factor;
use super::householder::triangularise;
use super::problem::Lengths;

/// The scaled A and b, in f64.
#[derive(Debug, Clone)]
pub(super) struct Wide {
    rows: usize,
    columns: usize,
    /// Column after column.
    a: Vec<f64>,
    b: Vec<f64>,
}

/// A smaller damping of a column of length one counts as this: the shortest solution, as far as rounding tells.
const LEAST: f64 = 1e-14;

impl Wide {
    /// Of A and the first right-hand side.
    pub fn new<T: Real>(rows: usize, columns: usize, a: &[T], b: &[T], lengths: &Lengths) -> Self {
        let scaled =
            |(column, scale): (&[T], f64)| -> Vec<f64> { column.iter().map(|x| x.widen() * scale).collect() };
        let b = scaled((&b[..rows], lengths.scale_of_rhs(0)));
        let a = a.chunks(rows.max(1)).zip(lengths.scales()).flat_map(scaled).collect();
        Self { rows, columns, a, b }
    }

    /// x, and ‖b‖² − ‖A x − b‖².
    pub fn solve(&self, damping: impl Fn(usize) -> f64) -> (Vec<f64>, f64) {
        let (m, columns) = (self.rows, self.columns);
        let damping: Vec<f64> = (0..columns).map(|j| damping(j).max(LEAST)).collect();
        if m == 0 {
            return (vec![0.0; columns], 0.0);
        }
        let mut work = Mat::<f64>::zeros(columns + m, m);
        for i in 0..m {
            let row = self.a.iter().skip(i).step_by(m).zip(&damping).map(|(a, damping)| a / damping);
            let to = work.col_as_slice_mut(i);
            to.iter_mut().zip(row).for_each(|(to, b)| *to = b);
            to[columns + i] = 1.0;
        }
        triangularise(work.as_mut(), m, |end| columns + end);
        let factor = Factor::of_triangle(work, m);
        let y = factor.solve(&factor.solve_transposed(&self.b));
        let mut x = Vec::with_capacity(columns);
        let mut ax = vec![0.0; m];
        for (column, damping) in self.a.chunks(m).zip(damping) {
            let z: f64 = column.iter().zip(&y).map(|(a, y)| a / damping * y).sum();
            ax.iter_mut().zip(column).for_each(|(ax, a)| *ax += a * z / damping);
            x.push(z / damping);
        }
        // ‖b‖² − ‖b − A x‖² = A x·(2b − A x)
        let decrease = ax.iter().zip(&self.b).map(|(ax, b)| ax * (2.0 * b - ax)).sum();
        (x, decrease)
    }
}
