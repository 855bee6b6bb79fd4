//! Numbers of given distributions, each a pure function of its index.

use std::f64::consts::TAU;

use crate::Philox;

const TWO_M24: f32 = 1.0 / (1u32 << 24) as f32;
const TWO_M23: f32 = 1.0 / (1u32 << 23) as f32;
const TWO_M53: f64 = 1.0 / (1u64 << 53) as f64;
const TWO_M52: f64 = 1.0 / (1u64 << 52) as f64;

impl Philox {
    /// Element `i` of the stream of `u32`: word `i mod 4` of block `i / 4`.
    pub fn bits(self, i: u64) -> u32 {
        self.block(i / 4)[(i % 4) as usize]
    }

    /// Element `i` of the stream of `u64`: two words of block `i / 2`, the low one first.
    pub fn bits64(self, i: u64) -> u64 {
        self.pair(i / 2)[(i % 2) as usize]
    }

    /// Block `index` as two words of 64 bits.
    fn pair(self, index: u64) -> [u64; 2] {
        let [a, b, c, d] = self.block(index).map(u64::from);
        [b << 32 | a, d << 32 | c]
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴: 24 bits of [`Philox::bits`]. Devices give the same bits.
    pub fn uniform_f32(self, i: u64) -> f32 {
        unit_f32(self.bits(i))
    }

    /// Uniform in (0, 1), an odd multiple of 2⁻²⁴.
    pub fn open_f32(self, i: u64) -> f32 {
        ((self.bits(i) >> 9) as f32 + 0.5) * TWO_M23
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³: 53 bits of [`Philox::bits64`].
    pub fn uniform(self, i: u64) -> f64 {
        unit(self.bits64(i))
    }

    /// Uniform in (0, 1), an odd multiple of 2⁻⁵³.
    pub fn open(self, i: u64) -> f64 {
        open_unit(self.bits64(i))
    }

    /// Uniform in [`low`, `high`).
    pub fn uniform_in(self, i: u64, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform(i)
    }

    /// Standard normal (Box & Muller, 1958): block `i / 2` gives two. Of magnitude 8.6 at most.
    ///
    /// Its last bits are those of the platform's `ln`, `sin` and `cos`.
    pub fn normal(self, i: u64) -> f64 {
        let [first, second] = self.pair(i / 2);
        let radius = (-2.0 * open_unit(first).ln()).sqrt();
        let angle = TAU * unit(second);
        radius * if i.is_multiple_of(2) { angle.cos() } else { angle.sin() }
    }

    /// Integer below `n`, each with a probability within `n`·2⁻⁶⁴ of 1/`n`; 0 where `n` is 0.
    pub fn below(self, i: u64, n: u64) -> u64 {
        ((u128::from(self.bits64(i)) * u128::from(n)) >> 64) as u64
    }
}

/// Uniform in [0, 1), a multiple of 2⁻²⁴, from the upper 24 of 32 random bits.
pub fn unit_f32(bits: u32) -> f32 {
    (bits >> 8) as f32 * TWO_M24
}

/// The number that a standard normal one is below with probability `u`; infinite at 0 and 1.
pub fn normal_quantile(u: f64) -> f64 {
    -std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(2.0 * u)
}

fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * TWO_M53
}

fn open_unit(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * TWO_M52
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u64 = 20_000;

    fn mean(draw: impl Fn(u64) -> f64) -> f64 {
        (0..DRAWS).map(draw).sum::<f64>() / DRAWS as f64
    }

    #[test]
    fn words_are_those_of_the_blocks() {
        let x = Philox::new(11, 3);
        let [a, b, c, d] = x.block(5);
        assert_eq!([20, 21, 22, 23].map(|i| x.bits(i)), [a, b, c, d]);
        let wide = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        assert_eq!([10, 11].map(|i| x.bits64(i)), [wide(a, b), wide(c, d)]);
    }

    #[test]
    fn ends_of_the_intervals() {
        assert_eq!([unit(0), unit(u64::MAX)], [0.0, 1.0 - f64::EPSILON / 2.0]);
        assert_eq!([open_unit(0), open_unit(u64::MAX)], [f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0]);
        let x = Philox::new(1, 0);
        for i in 0..DRAWS {
            assert!((0.0..1.0).contains(&x.uniform_f32(i)) && (0.0..1.0).contains(&x.uniform(i)));
            assert!(x.open_f32(i) > 0.0 && x.open_f32(i) < 1.0 && x.open(i) > 0.0 && x.open(i) < 1.0);
        }
    }

    /// The mean of n draws of variance v is within 4 √(v/n) of its expectation, but for one seed in 16,000.
    #[test]
    fn moments() {
        let x = Philox::new(2026, 1);
        let close = |found: f64, expected: f64, variance: f64| {
            assert!(
                (found - expected).abs() < 4.0 * (variance / DRAWS as f64).sqrt(),
                "{found}, not {expected}"
            );
        };
        close(mean(|i| x.uniform(i)), 0.5, 1.0 / 12.0);
        close(mean(|i| x.uniform_in(i, -1.0, 3.0)), 1.0, 16.0 / 12.0);
        close(mean(|i| f64::from(x.uniform_f32(i))), 0.5, 1.0 / 12.0);
        close(mean(|i| f64::from(x.open_f32(i))), 0.5, 1.0 / 12.0);
        // Moments of the normal distribution: 0, 1, 0, 3, with the variances 1, 2, 15, 96.
        for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            close(mean(|i| x.normal(i).powi(power)), expected, variance);
        }
        close(mean(|i| x.normal(2 * i) * x.normal(2 * i + 1)), 0.0, 1.0);
        close(mean(|i| x.normal(i) * x.stream(2).normal(i)), 0.0, 1.0);
    }

    /// Values of the tables of the normal distribution, to their digits.
    #[test]
    fn quantiles() {
        let table = [(0.5, 0.0), (0.975, 1.959_963_985), (0.025, -1.959_963_985), (0.001, -3.090_232_306)];
        for (u, expected) in table {
            assert!((normal_quantile(u) - expected).abs() < 1e-9, "{u}: {}", normal_quantile(u));
        }
        assert_eq!([0.0, 1.0].map(normal_quantile), [f64::NEG_INFINITY, f64::INFINITY]);
    }

    #[test]
    fn integers_below_reach_every_value_equally_often() {
        let x = Philox::new(5, 0);
        let mut counts = [0u32; 7];
        (0..DRAWS).for_each(|i| counts[x.below(i, 7) as usize] += 1);
        let expected = DRAWS as f64 / 7.0;
        let squares: f64 = counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        // χ² of six degrees of freedom exceeds 24 once in 2,000.
        assert!(squares < 24.0, "{counts:?}");
        assert_eq!([x.below(0, 0), x.below(0, 1)], [0, 0]);
        assert!((0..100).all(|i| x.below(i, u64::MAX) < u64::MAX));
    }
}
