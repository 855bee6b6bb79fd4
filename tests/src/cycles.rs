//! What the cycles of any multigrid are tested for.

use ansatz_gpu::Real;

/// Asserts that the columns of a cycle on a device, as far as there are any, are those of its twin in f64. In T the coarsest
/// inverse, whose condition is some thousands at most, and a few dozen sums are rounded.
pub fn assert_twins<T: Real>(what: &str, found: &[Option<Vec<f64>>], expected: &[Option<Vec<f64>>]) {
    for (found, expected) in found.iter().zip(expected) {
        let (Some(found), Some(expected)) = (found, expected) else { continue };
        let largest = expected.iter().fold(0.0, |max: f64, z| max.max(z.abs()));
        let tolerance = 2000.0 * T::epsilon().widen() * largest;
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= tolerance, "{what}, {i}: {found:e}, not {expected:e}");
        }
    }
}

/// Asserts that x·My = y·Mx, x·Mx > 0 and y·My > 0, to the rounding of f64.
pub fn assert_symmetric_and_positive(what: &str, [x, y]: [&[f64]; 2], image: impl Fn(&[f64]) -> Vec<f64>) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mx, my) = (image(x), image(y));
    let (xmx, ymy) = (dot(x, &mx), dot(y, &my));
    assert!(xmx > 0.0 && ymy > 0.0, "{what}: {xmx} {ymy}");
    let error = (dot(x, &my) - dot(y, &mx)).abs();
    assert!(error <= 1e-12 * (xmx * ymy).sqrt(), "{what}: {error:e} of {xmx:e}");
}
