//! The set-up of smoothed aggregation, on the host in f64.

use std::fmt;

use super::NearNullSpace;
use super::aggregates::{Aggregates, Nodes};
use super::product::{multiply, transpose};
use super::strength::{strong, threshold};
use super::tentative::Tentative;
use crate::KrylovError;
use crate::multigrid::coarsest::MOST_CELLS;
use crate::operator::{Csr, OperatorError};
use crate::spectrum::{largest_eigenvalue, unit_scaling};

/// ω: the prolongation is smoothed by Jacobi's method, damped by ω/λmax(D⁻¹A).
pub(super) const OMEGA: f64 = 4.0 / 3.0;
/// The next level has at most this fraction of the unknowns, or there is none.
const MOST_KEPT: f64 = 0.8;

/// The levels of smoothed aggregation for a matrix, and what it takes to make them anew for other values.
#[derive(Debug, Clone, PartialEq)]
pub struct SmoothedAggregation {
    near_null: NearNullSpace,
    /// S = D^(−1/2) of the matrix.
    pub(crate) scaling: Vec<f64>,
    pub(crate) levels: Vec<Level>,
}

/// A level, from the finest on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Level {
    /// The operator, scaled to unit diagonal.
    pub a: Csr,
    /// A bound of its spectrum.
    pub largest: f64,
    /// The way to the next level; the last one has none.
    pub coarser: Option<Coarser>,
}

/// The way to the next level.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Coarser {
    aggregates: Aggregates,
    /// The operator without its weak entries, where it has any.
    strong: Option<Csr>,
    /// The tentative prolongation, the product of the operator with it, and with P: kept for their patterns.
    t: Csr,
    at: Csr,
    ap: Csr,
    /// The prolongation, and its transpose.
    pub p: Csr,
    pub r: Csr,
}

impl SmoothedAggregation {
    /// Sets the levels up for a symmetric matrix. Without near-null-space vectors, that is the constant one.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where vectors are not as long as the matrix; a matrix that is not square.
    pub fn new(matrix: &Csr, near_null: Option<NearNullSpace>) -> Result<Self, KrylovError> {
        let near_null = near_null.unwrap_or_else(|| NearNullSpace::constant(matrix.rows()));
        Self::build(matrix, near_null, Vec::new())
    }

    /// Makes the levels anew for a matrix with other values in the same places: aggregates and patterns are kept.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where the pattern is another one.
    pub fn update(&mut self, matrix: &Csr) -> Result<(), KrylovError> {
        let known = &self.levels[0].a;
        if !known.has_pattern_of(matrix) {
            return Err(KrylovError::Setting {
                name: "the matrix",
                value: "one with entries in other places".to_owned(),
                expected: "one with the pattern that the levels were made for; make new ones",
            });
        }
        *self = Self::build(matrix, self.near_null.clone(), self.levels.clone())?;
        Ok(())
    }

    /// The levels, with those of an earlier matrix with the same pattern, or none.
    fn build(matrix: &Csr, near_null: NearNullSpace, before: Vec<Level>) -> Result<Self, KrylovError> {
        matrix.check_square()?;
        if let Some((row, column, value)) = matrix.first_non_finite() {
            return Err(OperatorError::NonFinite { row, column, value }.into());
        }
        let n = matrix.rows();
        if near_null.dimension() != n {
            let (what, found) = ("a near-null-space vector", near_null.dimension());
            return Err(KrylovError::Length { what, found, expected: n });
        }
        let scaling = unit_scaling(&matrix.diagonal());
        let mut a = matrix.scaled(&scaling)?;
        let mut vectors: Vec<Vec<f64>> = near_null.vectors().to_vec();
        divide(&mut vectors, &scaling);
        let mut nodes = Nodes::uniform(n, near_null.unknowns_per_node());

        let (mut ways, operators): (Vec<_>, Vec<_>) =
            before.into_iter().map(|level| (level.coarser, level.a)).unzip();
        let mut before = ways.drain(..).flatten().zip(operators.into_iter().skip(1));
        let mut levels = Vec::new();
        loop {
            let largest = largest_eigenvalue(&a, &a.diagonal());
            let step = if a.rows() <= MOST_CELLS {
                None
            } else {
                coarsen((&a, largest, levels.len()), &mut nodes, &mut vectors, before.next())?
            };
            let (coarser, next) = step.unzip();
            levels.push(Level { a, largest, coarser });
            match next {
                Some(next) => a = next,
                None => return Ok(Self { near_null, scaling, levels }),
            }
        }
    }

    /// The unknowns of each level, from the finest on.
    pub fn unknowns(&self) -> impl Iterator<Item = usize> {
        self.levels.iter().map(|level| level.a.rows())
    }

    /// Entries of the operators of all levels, over those of the finest.
    pub fn operator_complexity(&self) -> f64 {
        let entries = |level: &Level| level.a.values().len() as f64;
        self.levels.iter().map(entries).sum::<f64>() / entries(&self.levels[0]).max(1.0)
    }
}

impl fmt::Display for SmoothedAggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknowns: Vec<String> = self.unknowns().map(|count| count.to_string()).collect();
        let (levels, complexity) = (unknowns.join(", "), self.operator_complexity());
        write!(
            f,
            "smoothed aggregation: levels of {levels} unknowns, {complexity:.2} times the entries of the finest"
        )
    }
}

/// The next level, its nodes and near-null space; `None` where the aggregates are too few or too small.
fn coarsen(
    (a, largest, level): (&Csr, f64, usize),
    nodes: &mut Nodes,
    vectors: &mut Vec<Vec<f64>>,
    before: Option<(Coarser, Csr)>,
) -> Result<Option<(Coarser, Csr)>, KrylovError> {
    // Blocks of several unknowns have no sum of rows to keep.
    let filter =
        |known| if nodes.count() == a.rows() { strong(a, threshold(level), known) } else { Ok(None) };
    let (aggregates, strong, before) = match before {
        Some((Coarser { aggregates, strong, t, at, ap, .. }, next)) => {
            let strong = strong.map_or(Ok(None), |known| filter(Some(known)))?;
            (aggregates, strong, Some((t, [at, ap, next])))
        }
        None => {
            let strong = filter(None)?;
            (Aggregates::new(strong.as_ref().unwrap_or(a), nodes), strong, None)
        }
    };
    let tentative = Tentative::new(&aggregates, nodes, vectors)?;
    let t = tentative.t;
    if t.columns() == 0 || t.columns() as f64 > MOST_KEPT * a.rows() as f64 {
        return Ok(None);
    }
    // Columns that have become dependent change the patterns.
    let before = before.filter(|(known, ..)| known.has_pattern_of(&t));
    let [at, ap, next] = before.map_or([None, None, None], |(_, patterns)| patterns.map(Some));

    // P = T − ω/ρ D⁻¹A T, with the strong entries of A
    let damping: Vec<f64> = match &strong {
        None => vec![OMEGA / largest; a.rows()],
        Some(strong) => {
            let diagonal = strong.diagonal();
            let largest = largest_eigenvalue(strong, &diagonal);
            diagonal.iter().map(|&d| if d > 0.0 { OMEGA / largest / d } else { 0.0 }).collect()
        }
    };
    let at = multiply(strong.as_ref().unwrap_or(a), &t, at)?;
    let mut p = smoothed(&t, &at, &damping);
    // A_c = PᵀAP, and S_c A_c S_c with unit diagonal
    let ap = multiply(a, &p, ap)?;
    let next = multiply(&transpose(&p)?, &ap, next)?;
    let scaling = unit_scaling(&next.diagonal());
    let next = next.scaled(&scaling)?;
    p.scale_columns(&scaling);
    let r = transpose(&p)?;

    *nodes = tentative.nodes;
    *vectors = tentative.near_null;
    divide(vectors, &scaling);
    Ok(Some((Coarser { aggregates, strong, t, at, ap, p, r }, next)))
}

/// T − damping·AT: where T has entries, so has AT.
fn smoothed(t: &Csr, at: &Csr, damping: &[f64]) -> Csr {
    let mut p = at.clone();
    for (row, damping) in damping.iter().enumerate() {
        let (columns, values) = t.row(row);
        let (smoothed_columns, smoothed_values) = p.row_mut(row);
        smoothed_values.iter_mut().for_each(|value| *value *= -damping);
        for (column, value) in columns.iter().zip(values) {
            if let Ok(at) = smoothed_columns.binary_search(column) {
                smoothed_values[at] += value;
            }
        }
    }
    p
}

/// S⁻¹v for each vector.
fn divide(vectors: &mut [Vec<f64>], scaling: &[f64]) {
    vectors.iter_mut().for_each(|vector| vector.iter_mut().zip(scaling).for_each(|(v, s)| *v /= s));
}
