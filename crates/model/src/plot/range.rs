//! The part of a line that an axis shows.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    /// The smallest range that holds all values, widened to be more than a point.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let range = values.fold(None, |range: Option<Self>, value| {
            let range = range.unwrap_or(Self { low: value, high: value });
            Some(Self { low: range.low.min(value), high: range.high.max(value) })
        })?;
        let widened = range.low + (1e-6 * range.low.abs()).max(1.0);
        Some(if range.low == range.high { Self { high: widened, ..range } } else { range })
    }

    /// An axis that begins near zero begins at zero.
    pub(super) fn reaching_zero(self) -> Self {
        if self.low > 0.0 && self.low < 0.2 * self.high { Self { low: 0.0, ..self } } else { self }
    }

    pub(super) fn padded(self) -> Self {
        let pad = 0.02 * (self.high - self.low);
        Self { low: self.low - pad, high: self.high + pad }
    }

    /// Where a value lies, from 0 to 1.
    pub(super) fn place(self, value: f64) -> f64 {
        // Halves, because the difference of the ends may overflow.
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    /// Marks of an axis with their places from 0 to 1.
    pub(super) fn placed(self, marks: &[(f64, String)]) -> Vec<(f64, String)> {
        marks.iter().map(|(value, label)| (self.place(*value), label.clone())).collect()
    }
}
