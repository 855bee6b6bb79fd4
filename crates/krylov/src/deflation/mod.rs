//! Deflation: the part of a solution in the space of some vectors W is solved directly, and conjugate gradients are left with the
//! rest, as if A had no eigenvalues there (Nicolaides, SIAM J. Numer. Anal. 24, 1987; Saad, Yeung, Erhel and Guyomarc'h, SIAM J. Sci.
//! Comput. 21, 2000).
//!
//! ```text
//! Q = W(WᵀAW)⁻¹Wᵀ
//! x ← x + Qr,  r = b − Ax             f64, on the host, so that Wᵀr = 0, before each inner solve
//! z = M⁻¹r,  z ← z + θQr − QAz        in place of z = M⁻¹r, so that Wᵀr stays 0
//! ```
//!
//! This is A-DEF2 of Tang, Nabben, Vuik and Erlangga (J. Sci. Comput. 39, 2009), where θ = 1: with Wᵀr = 0 the iterates are those of
//! deflated conjugate gradients. What rounding brings back of r in W behaves as if A had the eigenvalue θ there, so that it goes as the
//! residual does as long as θ is not beyond the spectrum of M⁻¹A; with θ = 0 it would stay.

mod device;
mod recycle;
mod vectors;

use faer::{Mat, Side};
use rayon::prelude::*;

use crate::KrylovError;
use crate::norms::norm;
use crate::operator::Operator;

pub use device::DeviceDeflation;
pub use recycle::Recycling;
pub use vectors::DeflationVectors;

/// Vectors that conjugate gradients leave to a direct solve, for one operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Deflation {
    /// W, made A-orthonormal: WᵀAW = I.
    w: Vec<Vec<f64>>,
    /// AW.
    aw: Vec<Vec<f64>>,
}

/// What a vector may lose of its length in the orthogonalisation, and a curvature of the largest, before it counts as none.
const LEAST: f64 = 1e-10;

impl Deflation {
    /// The most vectors.
    pub const MOST: usize = 64;

    /// The space of 1 to 64 vectors, with an entry for each unknown, linearly independent or not. What lies in the null space of A,
    /// or is no direction of positive curvature, is left out.
    ///
    /// # Errors
    /// [`KrylovError::Length`] and [`KrylovError::Setting`] where there are too many vectors, none that is of use, or such that do
    /// not fit the operator.
    pub fn new(a: &dyn Operator, vectors: &[Vec<f64>]) -> Result<Self, KrylovError> {
        let wrong = |value: String, expected| {
            Err(KrylovError::Setting { name: "the space of deflation", value, expected })
        };
        let n = a.columns();
        if !(1..=Self::MOST).contains(&vectors.len()) {
            return wrong(format!("of {} vectors", vectors.len()), "of 1 to 64 vectors");
        }
        if n != a.dimension() {
            return wrong(format!("for {} rows and {n} columns", a.dimension()), "for a square matrix");
        }
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for (number, vector) in vectors.iter().enumerate() {
            if vector.len() != n {
                let what = "a vector of deflation";
                return Err(KrylovError::Length { what, found: vector.len(), expected: n });
            }
            if vector.iter().any(|v| !v.is_finite()) {
                return wrong(format!("not finite in vector {number}"), "finite");
            }
            let mut v: Vec<f64> =
                vector.iter().enumerate().map(|(i, &v)| if a.is_active(i) { v } else { 0.0 }).collect();
            let length = norm(&v);
            if length == 0.0 {
                continue;
            }
            v.iter_mut().for_each(|v| *v /= length);
            // Gram–Schmidt, twice.
            for _ in 0..2 {
                for u in &basis {
                    let part = dot(u, &v);
                    v.iter_mut().zip(u).for_each(|(v, u)| *v -= part * u);
                }
            }
            let left = norm(&v);
            if left > LEAST {
                v.iter_mut().for_each(|v| *v /= left);
                basis.push(v);
            }
        }
        Self::orthonormal(a, &basis)
    }

    /// From orthonormal vectors V: W = VYΛ^(−1/2), with VᵀAV = YΛYᵀ.
    fn orthonormal(a: &dyn Operator, basis: &[Vec<f64>]) -> Result<Self, KrylovError> {
        let none = || KrylovError::Setting {
            name: "the space of deflation",
            value: "without a direction of positive curvature".to_owned(),
            expected: "of vectors that a positive definite matrix does not map to zero",
        };
        if basis.is_empty() {
            return Err(none());
        }
        let products: Vec<Vec<f64>> = basis
            .par_iter()
            .map(|v| {
                let mut av = vec![0.0; v.len()];
                a.apply(v, &mut av);
                av
            })
            .collect();
        let of = |i: usize, j: usize| dot(&basis[i], &products[j]);
        let e = Mat::from_fn(basis.len(), basis.len(), |i, j| 0.5 * (of(i, j) + of(j, i)));
        let decomposed = e.self_adjoint_eigen(Side::Lower).map_err(|_| none())?;
        let values: Vec<f64> = decomposed.S().column_vector().iter().copied().collect();
        let least = LEAST * values.iter().copied().fold(0.0, f64::max);
        let kept: Vec<usize> = (0..values.len()).filter(|&k| values[k] > least).collect();
        if kept.is_empty() {
            return Err(none());
        }
        let combined = |of: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let y = decomposed.U();
            let combination = |&k: &usize| {
                let mut sum = vec![0.0; of[0].len()];
                for (j, v) in of.iter().enumerate() {
                    let c = y[(j, k)] / values[k].sqrt();
                    sum.iter_mut().zip(v).for_each(|(sum, v)| *sum += c * v);
                }
                sum
            };
            kept.par_iter().map(combination).collect()
        };
        Ok(Self { w: combined(basis), aw: combined(&products) })
    }

    /// How many directions it has.
    pub fn rank(&self) -> usize {
        self.w.len()
    }

    /// W.
    pub fn vectors(&self) -> &[Vec<f64>] {
        &self.w
    }

    /// AW.
    pub fn products(&self) -> &[Vec<f64>] {
        &self.aw
    }

    /// x ← x + Qr.
    pub(crate) fn correct(&self, r: &[f64], x: &mut [f64]) {
        for w in &self.w {
            let c = dot(w, r);
            x.iter_mut().zip(w).for_each(|(x, w)| *x += c * w);
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
