//! What must vanish, and where.

use ansatz_expr::{Expr, Leaf};

use crate::Region;

/// A residual that must vanish on a region.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Its name in reports; `equation[1]` and the like unless given.
    pub name: String,
    /// Its key in the problem, for messages: `boundary[2].residual`.
    pub key: String,
    /// Where it holds.
    pub region: Region,
    /// What must vanish. On a periodic region: what must be the same at a point and at its twin.
    pub residual: Expr,
    /// Weight of its rows, where the problem gives one.
    pub weight: Option<f64>,
    /// Of measurements, the standard deviation of the noise in their values, as far as it is known: 0 where nothing is said.
    pub noise: Option<f64>,
}

impl Condition {
    /// Whether `field` or a derivative of it is in the residual.
    pub fn involves(&self, field: usize) -> bool {
        self.residual.jets().iter().any(|jet| jet.field == field)
    }

    /// Whether the residual is linear in the fields, so that one least-squares solve is enough.
    pub fn is_linear(&self) -> bool {
        let partials = self.residual.jets().into_iter().map(|jet| self.residual.partial(&Leaf::Jet(jet)));
        partials.into_iter().all(|partial| partial.jets().is_empty())
    }

    /// The highest order of derivative.
    pub fn order(&self) -> u32 {
        self.residual.jets().iter().map(|jet| jet.order()).max().unwrap_or(0)
    }
}
