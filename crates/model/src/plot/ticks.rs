//! Where an axis is marked, and with what.

/// Marks of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ticks {
    /// Place and label of each mark.
    pub(super) marks: Vec<(f64, String)>,
    /// The power of ten that every label is to be multiplied by.
    pub(super) power: i32,
}

impl Ticks {
    /// An axis label, with the power of ten if there is one.
    pub(super) fn label(&self, label: &str) -> String {
        match (self.power, label) {
            (0, _) => label.into(),
            (power, "") => format!("×{}", power_of_ten(power)),
            (power, _) => format!("{label} (×{})", power_of_ten(power)),
        }
    }
}

/// About `count` marks at round numbers between `low` and `high`.
pub(super) fn linear(low: f64, high: f64, count: f64) -> Ticks {
    let rough = (high - low) / count.max(1.0);
    let tens = rough.log10().floor().clamp(-307.0, 307.0);
    let (round, fine) = [(1.0, 0), (2.0, 0), (2.5, 1), (5.0, 0), (10.0, -1)]
        .into_iter()
        .find(|(round, _)| round * 10_f64.powf(tens) >= rough * 0.999)
        .unwrap_or((10.0, -1));
    let step = round * 10_f64.powf(tens);
    let largest = low.abs().max(high.abs());
    let power = match largest.log10().floor() {
        // Up to six digits before the point and three after it are read at a glance.
        exponent if (-2.0..6.0).contains(&exponent) || !exponent.is_finite() => 0,
        exponent => exponent.clamp(-307.0, 307.0) as i32,
    };
    let decimals = (power - tens as i32 + fine).max(0) as usize;
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    if !(step.is_finite() && step > 0.0 && (0.0..100.0).contains(&(last - first))) || decimals > 6 {
        // A range that round numbers cannot divide, such as one that is narrow and far from zero.
        return Ticks { marks: [low, high].map(|place| (place, exact(place))).to_vec(), power: 0 };
    }
    let marks = (0..=(last - first) as u32).map(|k| {
        // Adding zero turns −0 into 0.
        let place = (first + f64::from(k)) * step + 0.0;
        (place, signed(&format!("{:.decimals$}", place / 10_f64.powi(power))))
    });
    Ticks { marks: marks.collect(), power }
}

/// At most about `count` powers of ten between two exponents, as exponents.
pub(super) fn decades(low: i32, high: i32, count: f64) -> Vec<(f64, String)> {
    let rough = f64::from(high - low) / count.max(1.0);
    let step =
        [1, 2, 3, 5, 10, 20, 50, 100].into_iter().find(|&step| f64::from(step) >= rough).unwrap_or(200);
    (low.div_euclid(step)..=high.div_euclid(step))
        .map(|k| k * step)
        .filter(|exponent| (low..=high).contains(exponent))
        .map(|exponent| (exponent.into(), power_of_ten(exponent)))
        .collect()
}

/// These multiples of every power of ten between two exponents.
pub(super) fn within_decades(low: i32, high: i32, digits: &[i32]) -> Vec<(f64, String)> {
    (low..high)
        .flat_map(|exponent| digits.iter().map(move |&digit| (exponent, digit)))
        .map(|(exponent, digit)| {
            let place = f64::from(exponent) + f64::from(digit).log10();
            (place, format!("{digit}×{}", power_of_ten(exponent)))
        })
        .collect()
}

/// Marks at round numbers between two exponents of ten, as exponents.
pub(super) fn logarithmic(low: f64, high: f64, count: f64) -> Ticks {
    let (lowest, highest) = (low.floor() as i32, high.ceil() as i32);
    let inside = |&(exponent, _): &(f64, String)| (low - 1e-9..=high + 1e-9).contains(&exponent);
    let mut marks = decades(lowest, highest, count);
    if high - low <= 2.0 {
        let digits: &[i32] = if high - low < 0.7 { &[2, 3, 4, 5, 6, 7, 8, 9] } else { &[2, 5] };
        marks.extend(within_decades(lowest, highest, digits));
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    marks.retain(inside);
    if marks.is_empty() {
        // Less than from one digit to the next.
        marks = [low, high].map(|exponent| (exponent, exact(10_f64.powf(exponent)))).to_vec();
    }
    Ticks { marks, power: 0 }
}

/// 10⁻³ and the like.
fn power_of_ten(exponent: i32) -> String {
    let raised = exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '-' => '⁻',
            digit => digit.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(digit),
        })
        .collect::<String>();
    format!("10{raised}")
}

/// All digits of a number, if they are few.
fn exact(number: f64) -> String {
    let full = format!("{number:e}");
    signed(&if full.len() < 14 { full } else { format!("{number:.6e}") })
}

fn signed(number: &str) -> String {
    number.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, count: f64) -> (Vec<String>, i32) {
        let ticks = linear(low, high, count);
        (ticks.marks.into_iter().map(|(_, label)| label).collect(), ticks.power)
    }

    #[test]
    fn labels_are_round() {
        assert_eq!(
            labels(0.0, 100.0, 5.0),
            (["0", "20", "40", "60", "80", "100"].map(String::from).to_vec(), 0)
        );
        assert_eq!(labels(-1.0, 1.0, 4.0).0, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(0.0, 1.0, 4.0).0, ["0.00", "0.25", "0.50", "0.75", "1.00"]);
        assert_eq!(labels(0.0, 2e-10, 2.0), (["0", "1", "2"].map(String::from).to_vec(), -10));
        assert_eq!(labels(0.0, 3e6, 3.0), (["0", "1", "2", "3"].map(String::from).to_vec(), 6));
        assert_eq!(labels(0.0, 0.95e6, 2.0), (["0", "500000"].map(String::from).to_vec(), 0));
    }

    #[test]
    fn odd_ranges_are_survived() {
        for (low, high) in [
            (1e16, 1e16 + 2.0),
            (-1.7e308, 1.7e308),
            (0.0, 5e-324),
            (1.0, 1.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
            (2.0, 1.0),
        ] {
            let ticks = linear(low, high, 6.0);
            assert!(ticks.marks.len() < 20, "{low} {high}: {ticks:?}");
            assert!(ticks.marks.iter().all(|(_, label)| label.chars().count() < 15), "{ticks:?}");
        }
    }

    #[test]
    fn decades_are_thinned() {
        let exponents: Vec<_> = decades(-10, 0, 5.0).into_iter().map(|(exponent, _)| exponent).collect();
        assert_eq!(exponents, [-10.0, -8.0, -6.0, -4.0, -2.0, 0.0]);
        assert_eq!(decades(-12, -11, 9.0)[0].1, "10⁻¹²");
        assert!(decades(-324, 308, 9.0).len() < 12);
    }
}
