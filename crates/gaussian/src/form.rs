//! What generated kernels and their twins must know of a family of Gaussians.

use ansatz_features::{MAX_DIMENSIONS, MultiIndex};
use ansatz_gpu::Real;

use crate::full;
use crate::product::{self, Factor, highest};

/// The covariance of each Gaussian, and so the numbers that a kernel reads for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// Along the coordinates, of which these repeat: μ and 1/σ² of each.
    Product(Vec<Option<f64>>),
    /// A matrix, in so many coordinates: μ, then the upper triangle of P row after row.
    Full(usize),
}

impl Form {
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Product(periods) => periods.len(),
            Self::Full(dimensions) => *dimensions,
        }
    }

    /// Numbers of a Gaussian.
    pub fn numbers(&self) -> usize {
        match self {
            Self::Product(periods) => 2 * periods.len(),
            Self::Full(dimensions) => full::per_feature(*dimensions),
        }
    }

    /// What generated code calls them.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Product(periods) => {
                (0..periods.len()).flat_map(|i| [format!("c{i}"), format!("p{i}")]).collect()
            }
            Self::Full(d) => {
                let entries = (0..*d).flat_map(|i| (i..*d).map(move |k| format!("p{i}_{k}")));
                (0..*d).map(|i| format!("c{i}")).chain(entries).collect()
            }
        }
    }

    /// Coordinates that repeat.
    pub fn periodic(&self) -> usize {
        match self {
            Self::Product(periods) => periods.iter().flatten().count(),
            Self::Full(_) => 0,
        }
    }

    /// How twins evaluate these terms.
    pub fn jets<'a>(&'a self, terms: &'a [MultiIndex]) -> Jets<'a> {
        Jets { form: self, terms, orders: highest(terms) }
    }
}

/// Some derivatives of a Gaussian.
pub(crate) struct Jets<'a> {
    form: &'a Form,
    terms: &'a [MultiIndex],
    /// The highest order along each coordinate.
    orders: [u8; MAX_DIMENSIONS],
}

impl Jets<'_> {
    /// `out(t, ∂^{α_t} G(x))` of the Gaussian with these numbers.
    pub fn at<T: Real>(&self, number: impl Fn(usize) -> T, x: &[T], out: impl FnMut(usize, T)) {
        match self.form {
            Form::Product(periods) => {
                let factor = |i: usize| Factor { centre: number(2 * i), precision: number(2 * i + 1) };
                product::jets(factor, periods, x, self.terms, &self.orders, out);
            }
            Form::Full(d) => {
                full::jets(&number, |i, k| number(full::place(*d, i, k)), x, self.terms, out);
            }
        }
    }
}
