//! The derivatives that the chain rule needs for those that are asked for.

use ansatz_features::MultiIndex;

/// The value, first derivatives, and second ones that are asked for: all that their chain rule needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub all: Vec<MultiIndex>,
    /// Number of first derivatives; they stand behind the value.
    pub firsts: usize,
    /// Of each second derivative, the places of the first ones that it is made of.
    pub parents: Vec<[usize; 2]>,
    /// Place of each of those that were asked for.
    pub asked: Vec<usize>,
}

/// Derivatives to order two.
pub(super) const MAX_ORDER: usize = 2;
/// As many as the kernels hold.
pub(super) const MAX_TERMS: usize = 16;

impl Terms {
    pub fn new(asked: &[MultiIndex]) -> Self {
        let unit = |i: usize| MultiIndex(std::array::from_fn(|k| u8::from(k == i)));
        let axes = |term: &MultiIndex| -> Vec<usize> {
            let repeated = term.0.iter().enumerate().flat_map(|(i, &order)| vec![i; order.into()]);
            repeated.collect()
        };
        let mut first_axes: Vec<usize> = asked.iter().flat_map(axes).collect();
        first_axes.sort_unstable();
        first_axes.dedup();
        let mut seconds: Vec<MultiIndex> = asked.iter().filter(|term| term.order() == 2).copied().collect();
        seconds.sort_unstable_by_key(|term| term.0);
        seconds.dedup();
        let place_of = |axis: usize| 1 + first_axes.iter().position(|&i| i == axis).unwrap_or(0);
        let parents = seconds.iter().map(|term| {
            let axes = axes(term);
            [place_of(axes[0]), place_of(axes[1])]
        });
        let parents = parents.collect();
        let firsts = first_axes.len();
        let mut all = vec![MultiIndex::VALUE];
        all.extend(first_axes.into_iter().map(unit));
        all.extend(seconds);
        let place = |term: &MultiIndex| all.iter().position(|known| known == term).unwrap_or(0);
        let asked = asked.iter().map(place).collect();
        Self { all, firsts, parents, asked }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }
}
