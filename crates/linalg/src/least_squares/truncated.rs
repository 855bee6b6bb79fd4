//! Least squares by a truncated singular value decomposition, as other libraries solve rank-deficient problems.

use faer::Mat;

use crate::faer_calls::with_faer;

/// The shortest minimiser of ‖A x − b‖² for each b, with the singular values up to `tolerance` times the largest taken as
/// zero; in f64 on the host. `entries` are those of A, column after column, each `rows` long. `None` where the
/// decomposition fails, as for entries that are not finite.
///
/// [`LeastSquares`](crate::LeastSquares) loses fewer digits: the singular values that this drops still carry some.
pub fn truncated(
    rows: usize,
    columns: usize,
    entries: &[f64],
    rhs: &[Vec<f64>],
    tolerance: f64,
) -> Option<Vec<Vec<f64>>> {
    if entries.len() != rows * columns || entries.iter().any(|a| !a.is_finite()) {
        return None;
    }
    let a = Mat::from_fn(rows, columns, |i, j| entries[j * rows + i]);
    let svd = with_faer(|| a.thin_svd()).ok()?;
    let (u, v, sizes) = (svd.U(), svd.V(), svd.S().column_vector());
    let kept: Vec<usize> = (0..sizes.nrows()).filter(|&k| sizes[k] > tolerance * sizes[0]).collect();
    let solve = |b: &Vec<f64>| {
        let mut x = vec![0.0; columns];
        for &k in &kept {
            let share = b.iter().enumerate().map(|(i, b)| b * u[(i, k)]).sum::<f64>() / sizes[k];
            x.iter_mut().enumerate().for_each(|(j, x)| *x += share * v[(j, k)]);
        }
        x
    };
    Some(rhs.iter().map(solve).collect())
}

#[cfg(test)]
mod tests {
    use super::truncated;

    #[test]
    fn equal_columns_share_the_solution() {
        // Columns t, t and 1 for b = 2t + 1.
        let t = [0.0, 1.0, 2.0, 3.0];
        let a: Vec<f64> = t.iter().chain(&t).copied().chain([1.0; 4]).collect();
        let b: Vec<f64> = t.iter().map(|t| 2.0 * t + 1.0).collect();
        let x = truncated(4, 3, &a, &[b], 1e-12).unwrap().remove(0);
        assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-12), "{x:?}");
        assert!(truncated(1, 1, &[f64::NAN], &[vec![1.0]], 1e-12).is_none());
    }
}
