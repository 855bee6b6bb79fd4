//! Colours that readers can tell apart, also those who do not see all of them.

/// Red, green and blue.
pub(super) type Rgb = [u8; 3];

pub(super) const WHITE: Rgb = [255, 255, 255];
pub(super) const BLACK: Rgb = [0, 0, 0];
pub(super) const DARK: Rgb = [70, 70, 70];
pub(super) const GRID: Rgb = [222, 222, 222];
pub(super) const FAINT_GRID: Rgb = [240, 240, 240];
/// Cells that are masked out.
pub(super) const MASKED: Rgb = [176, 176, 176];
/// Cells whose value is not finite: a colour that no map contains.
pub(super) const NOT_FINITE: Rgb = [255, 0, 220];

/// The palette of Okabe and Ito, without its yellow, which is too pale for a line.
const SERIES: [Rgb; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [0, 0, 0]];

/// The colour of the series with this number.
pub(super) fn of_series(number: usize) -> Rgb {
    SERIES[number % SERIES.len()]
}

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Map {
    /// Viridis: lightness rises evenly from dark blue to yellow.
    Sequential,
    /// From blue through near-white to red (ColorBrewer's RdBu): the middle is zero.
    Diverging,
}

const VIRIDIS: [Rgb; 9] = [
    [68, 1, 84],
    [71, 45, 123],
    [59, 82, 139],
    [44, 114, 142],
    [33, 145, 140],
    [40, 174, 128],
    [94, 201, 98],
    [173, 220, 48],
    [253, 231, 37],
];

const BLUE_RED: [Rgb; 11] = [
    [5, 48, 97],
    [33, 102, 172],
    [67, 147, 195],
    [146, 197, 222],
    [209, 229, 240],
    [247, 247, 247],
    [253, 219, 199],
    [244, 165, 130],
    [214, 96, 77],
    [178, 24, 43],
    [103, 0, 31],
];

impl Map {
    /// The colour at a place between 0 and 1.
    pub(super) fn colour(self, place: f64) -> Rgb {
        let table: &[Rgb] = match self {
            Self::Sequential => &VIRIDIS,
            Self::Diverging => &BLUE_RED,
        };
        let place = place.clamp(0.0, 1.0) * (table.len() - 1) as f64;
        let below = (place as usize).min(table.len() - 2);
        let part = place - below as f64;
        std::array::from_fn(|channel| {
            let [low, high] = [table[below][channel], table[below + 1][channel]].map(f64::from);
            (low + part * (high - low)).round() as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_reach_their_ends_and_the_lightness_of_viridis_rises() {
        assert_eq!(Map::Sequential.colour(-1.0), VIRIDIS[0]);
        assert_eq!(Map::Sequential.colour(2.0), VIRIDIS[8]);
        assert_eq!(Map::Diverging.colour(0.5), BLUE_RED[5]);
        let lightness = |place: f64| {
            let [r, g, b] = Map::Sequential.colour(place).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((0..100).all(|k| lightness(f64::from(k) / 100.0) < lightness(f64::from(k + 1) / 100.0)));
    }
}
