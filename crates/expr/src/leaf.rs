//! What an expression ends in: coordinates, parameters, normals, and jets of the unknown fields.

/// The most coordinates, time included, that a problem can have.
pub const MAX_COORDINATES: usize = 8;

/// A field or one of its derivatives: ∂^|α| u / ∂x₀^α₀ ∂x₁^α₁ ….
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jet {
    /// Index of the field.
    pub field: usize,
    /// The multi-index α: the order of the derivative in each coordinate.
    pub orders: [u8; MAX_COORDINATES],
}

impl Jet {
    /// The field itself.
    pub fn value(field: usize) -> Self {
        Self { field, orders: [0; MAX_COORDINATES] }
    }

    /// This jet differentiated once more in `coordinate`.
    pub fn derivative(mut self, coordinate: usize) -> Self {
        self.orders[coordinate] = self.orders[coordinate].saturating_add(1);
        self
    }

    /// The total order |α|.
    pub fn order(&self) -> u32 {
        self.orders.iter().map(|&order| u32::from(order)).sum()
    }
}

/// A quantity that an expression depends on; its value is given at evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leaf {
    /// A parameter of the problem, by index.
    Parameter(usize),
    /// A coordinate, by index.
    Coordinate(usize),
    /// A component of the outward unit normal, by the index of its coordinate.
    Normal(usize),
    /// A field or one of its derivatives.
    Jet(Jet),
}
