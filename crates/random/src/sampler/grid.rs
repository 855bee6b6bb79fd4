//! Lattices of cell centres.

/// Cells along each axis: equal numbers, but that leading axes get one more where the total stays within `count`.
fn cells(dimension: usize, count: usize) -> Vec<usize> {
    let root = (count as f64).powf(1.0 / dimension.max(1) as f64);
    let mut cells = vec![(root + 1e-9).floor() as usize; dimension];
    for axis in 0..dimension {
        let others: usize = cells.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, n)| n).product();
        if others.saturating_mul(cells[axis] + 1) <= count {
            cells[axis] += 1;
        }
    }
    cells
}

pub(super) fn points(dimension: usize, count: usize) -> Vec<f64> {
    let cells = cells(dimension, count);
    let total = if count == 0 { 0 } else { cells.iter().product() };
    let mut points = Vec::with_capacity(total * dimension);
    for index in 0..total {
        let mut rest = index;
        for &n in &cells {
            points.push(((rest % n) as f64 + 0.5) / n as f64);
            rest /= n;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lattices_fill_the_cube() {
        assert_eq!(cells(2, 100), [10, 10]);
        assert_eq!(cells(2, 110), [11, 10]);
        assert_eq!(cells(3, 27), [3, 3, 3]);
        assert_eq!(cells(1, 7), [7]);
        assert_eq!(points(1, 2), [0.25, 0.75]);
        assert_eq!(points(2, 2), [0.25, 0.5, 0.75, 0.5]);
        assert_eq!(points(5, 3).len(), 5 * 2);
    }
}
