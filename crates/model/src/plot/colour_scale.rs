//! Which value has which colour.

use super::{
    colours::{Map, NOT_FINITE, Rgb},
    diagram::Scale,
    range::Range,
    ticks::{self, Ticks},
};

/// Below this part of the largest value, the other sign is taken for an error of the solution.
const NOISE: f64 = 1e-2;
/// What a logarithmic scale shows of values that nobody gave a range for: an error that changes sign is zero somewhere.
const DECADES: f64 = 4.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ColourScale {
    scale: Scale,
    /// In the coordinates of the scale: logarithms on a logarithmic one.
    range: Range,
    map: Map,
}

impl ColourScale {
    /// A scale from `low` to `high`; `None` where they are no range of this scale.
    pub(super) fn fixed(scale: Scale, low: f64, high: f64) -> Option<Self> {
        let range = Range { low: scale.coordinate(low)?, high: scale.coordinate(high)? };
        let two_signed = scale == Scale::Linear && low < 0.0 && high > 0.0;
        let map = if two_signed { Map::Diverging } else { Map::Sequential };
        // Zero is to be white.
        let range = if two_signed { symmetric(range) } else { range };
        (range.low < range.high).then_some(Self { scale, range, map })
    }

    /// A scale that holds all values.
    pub(super) fn holding(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        match scale {
            Scale::Linear => Self::linear(values),
            Scale::Logarithmic => Self::logarithmic(values),
        }
    }

    fn linear(values: impl Iterator<Item = f64>) -> Self {
        let seen = |value: &f64| value.is_finite();
        let (low, high) = values
            .filter(seen)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let largest = low.abs().max(high.abs());
        let (range, map) = if low > high {
            (Range { low: 0.0, high: 1.0 }, Map::Sequential)
        } else if low < -NOISE * largest && high > NOISE * largest {
            (symmetric(Range { low, high }), Map::Diverging)
        } else if low == high {
            let half = if largest > 0.0 { largest / 2.0 } else { 1.0 };
            (Range { low: low - half, high: high + half }, Map::Sequential)
        } else {
            (Range { low, high }, Map::Sequential)
        };
        Self { scale: Scale::Linear, range, map }
    }

    fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let scale = Scale::Logarithmic;
        let range = Range::of(values.filter_map(|value| scale.coordinate(value)));
        let Range { low, high } = range.unwrap_or(Range { low: -1.0, high: 0.0 });
        Self { scale, range: Range { low: low.max(high - DECADES), high }, map: Map::Sequential }
    }

    /// The colour of a value; zero and negative ones lie at the lower end of a logarithmic scale.
    pub(super) fn colour(&self, value: f64) -> Rgb {
        if !value.is_finite() {
            return NOT_FINITE;
        }
        let place = match self.scale {
            Scale::Linear => self.range.place(value),
            Scale::Logarithmic => self.scale.coordinate(value).map_or(0.0, |value| self.range.place(value)),
        };
        self.map.colour(place)
    }

    /// The colour at a place between 0 and 1 of the bar.
    pub(super) fn colour_at(&self, place: f64) -> Rgb {
        self.map.colour(place)
    }

    /// The marks of the bar, with their places from 0 to 1 in the second list.
    pub(super) fn ticks(&self) -> (Ticks, Vec<(f64, String)>) {
        let Range { low, high } = self.range;
        let ticks = match self.scale {
            Scale::Linear => ticks::linear(low, high, 6.0),
            Scale::Logarithmic => ticks::logarithmic(low, high, 7.0),
        };
        let placed = self.range.placed(&ticks.marks);
        (ticks, placed)
    }
}

fn symmetric(range: Range) -> Range {
    let largest = range.low.abs().max(range.high.abs());
    Range { low: -largest, high: largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_scale_shows_four_decades_at_most() {
        let values = [0.0, -1.0, f64::NAN, 1e-300, 1e-3];
        let scale = ColourScale::holding(Scale::Logarithmic, values.into_iter());
        assert_eq!(scale.range, Range { low: -7.0, high: -3.0 });
        assert_eq!(scale.colour(0.0), scale.colour(1e-300));
        assert_eq!(scale.colour(1e-3), Map::Sequential.colour(1.0));
        let middle = scale.colour(1e-5).map(i16::from);
        assert!(middle.iter().zip(Map::Sequential.colour(0.5)).all(|(a, b)| (a - i16::from(b)).abs() <= 1));
        assert_eq!(scale.colour(f64::NAN), NOT_FINITE);
    }

    #[test]
    fn a_given_range_is_kept() {
        assert_eq!(ColourScale::fixed(Scale::Linear, 1.0, 1.0), None);
        assert_eq!(ColourScale::fixed(Scale::Linear, f64::NAN, 1.0), None);
        assert_eq!(ColourScale::fixed(Scale::Logarithmic, 0.0, 1.0), None);
        let scale = ColourScale::fixed(Scale::Linear, -1.0, 3.0);
        assert_eq!(scale.map(|scale| (scale.range.low, scale.map)), Some((-3.0, Map::Diverging)));
    }
}
