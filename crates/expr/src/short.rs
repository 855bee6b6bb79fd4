//! Numbers in messages.

/// The shortest decimal that reads back as `value`: `0.25`, `1e300`, `NaN`, `inf`.
pub fn short(value: f64) -> String {
    let plain = value.to_string();
    let scientific = format!("{value:e}");
    if scientific.len() + 2 < plain.len() { scientific } else { plain }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn no_number_is_long() {
        for (value, text) in [(0.25, "0.25"), (-3.0, "-3"), (1e300, "1e300"), (1.5e-300, "1.5e-300")] {
            assert_eq!(short(value), text);
        }
        assert_eq!([f64::NAN, f64::INFINITY].map(short), ["NaN", "inf"]);
        assert!(short(-f64::MAX / 3.0).len() < 25);
    }
}
