//! Which derivative.

/// Most coordinates that a feature may depend on.
pub const MAX_DIMENSIONS: usize = 8;

/// The orders α of a derivative ∂^α = ∂^{|α|} / ∂x_0^{α_0} ∂x_1^{α_1} …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MultiIndex(pub [u8; MAX_DIMENSIONS]);

impl MultiIndex {
    /// No derivative: the value itself.
    pub const VALUE: Self = Self([0; MAX_DIMENSIONS]);

    /// |α|, the total order.
    pub fn order(&self) -> usize {
        self.0.iter().map(|&order| usize::from(order)).sum()
    }
}
