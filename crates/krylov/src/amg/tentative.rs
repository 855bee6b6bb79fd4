//! The tentative prolongation T and the coarse near-null space, by a QR factorisation per aggregate: TR = B.

use rayon::prelude::*;

use super::aggregates::{Aggregates, Nodes};
use crate::operator::{Csr, OperatorError};

/// A column that is dependent on those before it, up to this fraction of its length, gets no unknown on the next level.
const DEPENDENT: f64 = 1e-8;

/// T, and what it makes of the near-null space.
pub(super) struct Tentative {
    /// TᵀT = I; the rows of unknowns in no aggregate are empty.
    pub t: Csr,
    /// A node for each aggregate, with as many unknowns as its B has independent columns.
    pub nodes: Nodes,
    /// R, as vectors of the next level.
    pub near_null: Vec<Vec<f64>>,
}

/// The factors of one aggregate.
struct Factors {
    unknowns: Vec<usize>,
    /// Orthonormal columns.
    q: Vec<Vec<f64>>,
    /// Qᵀb for each near-null vector b.
    r: Vec<Vec<f64>>,
}

impl Tentative {
    pub fn new(
        aggregates: &Aggregates,
        nodes: &Nodes,
        near_null: &[Vec<f64>],
    ) -> Result<Self, OperatorError> {
        let factors: Vec<Factors> = aggregates
            .members()
            .par_iter()
            .with_min_len(256)
            .map(|members| {
                let unknowns: Vec<usize> =
                    members.iter().flat_map(|&node| nodes.unknowns(node as usize)).collect();
                let b = near_null.iter().map(|b| unknowns.iter().map(|&i| b[i]).collect()).collect();
                let (q, r) = factorise(b);
                Factors { unknowns, q, r }
            })
            .collect();
        let coarse = Nodes::of_sizes(factors.iter().map(|factors| factors.q.len()));
        let coarse_unknowns = factors.iter().map(|factors| factors.q.len()).sum();

        let n = near_null.first().map_or(0, Vec::len);
        let mut row_ptr = vec![0; n + 1];
        for factors in &factors {
            factors.unknowns.iter().for_each(|&i| row_ptr[i + 1] = factors.q.len());
        }
        (0..n).for_each(|i| row_ptr[i + 1] += row_ptr[i]);
        let (mut columns, mut values) = (vec![0; row_ptr[n]], vec![0.0; row_ptr[n]]);
        let mut coarse_near_null = vec![vec![0.0; coarse_unknowns]; near_null.len()];
        for (aggregate, Factors { unknowns, q, r }) in factors.iter().enumerate() {
            let first = coarse.unknowns(aggregate).start;
            for (row, &i) in unknowns.iter().enumerate() {
                for (k, q) in q.iter().enumerate() {
                    columns[row_ptr[i] + k] = (first + k) as u32;
                    values[row_ptr[i] + k] = q[row];
                }
            }
            for (b, r) in coarse_near_null.iter_mut().zip(r) {
                b[first..first + r.len()].copy_from_slice(r);
            }
        }
        let t = Csr::from_parts(coarse_unknowns, row_ptr, columns, values)?;
        Ok(Self { t, nodes: coarse, near_null: coarse_near_null })
    }
}

/// Orthonormal columns of the same span as those of `b`, and the coefficients of each of these: Gram and Schmidt's method,
/// applied twice.
fn factorise(b: Vec<Vec<f64>>) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let length = |v: &[f64]| dot(v, v).sqrt();
    let mut q: Vec<Vec<f64>> = Vec::new();
    for b in &b {
        let mut v = b.clone();
        for _ in 0..2 {
            for q in &q {
                let along = dot(q, &v);
                v.iter_mut().zip(q).for_each(|(v, q)| *v -= along * q);
            }
        }
        let left = length(&v);
        if left > DEPENDENT * length(b) {
            v.iter_mut().for_each(|v| *v /= left);
            q.push(v);
        }
    }
    let r = b.iter().map(|b| q.iter().map(|q| dot(q, b)).collect()).collect();
    (q, r)
}
