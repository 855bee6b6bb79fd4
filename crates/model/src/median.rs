//! The median.

/// The median; of an even number, the mean of the two in the middle; NaN of none.
///
/// ```
/// assert_eq!(ansatz::median(vec![3.0, 1.0, 2.0]), 2.0);
/// assert_eq!(ansatz::median(vec![3.0, 1.0]), 2.0);
/// ```
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => 0.5 * (values[n / 2 - 1] + values[n / 2]),
    }
}
