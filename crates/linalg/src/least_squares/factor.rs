//! The triangle of a matrix on the host, for what needs more than the solution.

use faer::Mat;

use super::householder::triangularise;

/// R of A = QR in f64 on the host, by the same reflections as the solves: AᵀA = RᵀR without being formed.
///
/// ```
/// use ansatz_linalg::Factor;
///
/// // [3 1; 4 2]: AᵀA = [25 11; 11 5].
/// let factor = Factor::new(2, 2, &[3.0, 4.0, 1.0, 2.0]);
/// assert!((factor.diagonal(0).abs() - 5.0).abs() < 1e-14);
/// // xᵀ(AᵀA)⁻¹x = |R⁻ᵀx|²
/// let z = factor.solve_transposed(&[1.0, 0.0]);
/// assert!((z.iter().map(|z| z * z).sum::<f64>() - 5.0 / 4.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct Factor {
    r: Mat<f64>,
    columns: usize,
}

impl Factor {
    /// R of the matrix with these entries, column after column. Where there are fewer rows than columns, or fewer entries
    /// than rows × columns, the missing ones are zero.
    pub fn new(rows: usize, columns: usize, entries: &[f64]) -> Self {
        let mut work = Mat::<f64>::zeros(rows.max(columns), columns);
        if rows > 0 {
            for (j, column) in entries.chunks(rows).take(columns).enumerate() {
                work.col_as_slice_mut(j)[..column.len()].copy_from_slice(column);
            }
        }
        let end = work.nrows();
        triangularise(work.as_mut(), columns, |_| end);
        Self::of_triangle(work, columns)
    }

    /// R in the upper triangle of `r`.
    pub(super) fn of_triangle(r: Mat<f64>, columns: usize) -> Self {
        Self { r, columns }
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `R_jj`.
    pub fn diagonal(&self, j: usize) -> f64 {
        self.r[(j, j)]
    }

    /// The part of column j above the diagonal.
    pub fn above_diagonal(&self, j: usize) -> &[f64] {
        &self.r.col_as_slice(j)[..j]
    }

    /// x of R x = c with the leading triangle that is as long as c.
    pub fn solve(&self, c: &[f64]) -> Vec<f64> {
        let mut x = c.to_vec();
        for j in (0..x.len()).rev() {
            x[j] /= self.diagonal(j);
            let xj = x[j];
            x[..j].iter_mut().zip(self.above_diagonal(j)).for_each(|(x, r)| *x -= r * xj);
        }
        x
    }

    /// z of Rᵀ z = x with the leading triangle that is as long as x.
    pub fn solve_transposed(&self, x: &[f64]) -> Vec<f64> {
        let mut z: Vec<f64> = Vec::with_capacity(x.len());
        for (j, &x) in x.iter().enumerate() {
            let known: f64 = self.above_diagonal(j).iter().zip(&z).map(|(r, z)| r * z).sum();
            z.push((x - known) / self.diagonal(j));
        }
        z
    }
}
