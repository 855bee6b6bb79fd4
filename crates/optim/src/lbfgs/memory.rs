//! The inverse Hessian, as the last few steps saw it.

use std::collections::VecDeque;

use crate::vector::{add, dot};

/// A step s, the change y of the gradient along it, and 1/(s·y).
#[derive(Debug, Clone)]
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
}

/// The last pairs, the newest at the back.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    pairs: VecDeque<Pair>,
}

/// s·y of less than this part of ‖s‖ ‖y‖ is rounding.
const LEAST_CURVATURE: f64 = 1e-14;

impl Memory {
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    /// s and y of each pair, the oldest first.
    pub fn pairs(&self) -> impl Iterator<Item = [&[f64]; 2]> {
        self.pairs.iter().map(|pair| [pair.s.as_slice(), &pair.y])
    }

    /// Takes a pair in and keeps `most`; a pair without positive curvature is left out.
    pub fn push(&mut self, s: Vec<f64>, y: Vec<f64>, most: usize) {
        let curvature = dot(&s, &y);
        let least = LEAST_CURVATURE * (dot(&s, &s) * dot(&y, &y)).sqrt();
        if curvature.is_nan() || curvature <= least {
            return;
        }
        self.pairs.push_back(Pair { s, y, rho: 1.0 / curvature });
        if self.pairs.len() > most {
            self.pairs.pop_front();
        }
    }

    /// −H g by the two-loop recursion (Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4), with
    /// H⁰ = s·y/y·y of the newest pair (equation 7.20).
    pub fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut alphas = Vec::with_capacity(self.pairs.len());
        for Pair { s, y, rho } in self.pairs.iter().rev() {
            let alpha = rho * dot(s, &q);
            add(&mut q, -alpha, y);
            alphas.push(alpha);
        }
        if let Some(Pair { y, rho, .. }) = self.pairs.back() {
            let gamma = 1.0 / (rho * dot(y, y));
            q.iter_mut().for_each(|q| *q *= gamma);
        }
        for (Pair { s, y, rho }, alpha) in self.pairs.iter().zip(alphas.into_iter().rev()) {
            let beta = rho * dot(y, &q);
            add(&mut q, alpha - beta, s);
        }
        q
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secant equation H y = s holds for the newest pair, whatever the others are.
    #[test]
    fn the_newest_pair_satisfies_the_secant_equation() {
        let mut memory = Memory::default();
        memory.push(vec![1.0, 0.0, 2.0], vec![2.0, 1.0, 0.5], 2);
        memory.push(vec![0.5, -1.0, 0.0], vec![1.0, -3.0, 1.0], 2);
        memory.push(vec![0.0, 1.0, 1.0], vec![1.0, 2.0, 3.0], 2);
        // No curvature.
        memory.push(vec![1.0, 0.0, 0.0], vec![-1.0, 0.0, 0.0], 2);
        assert_eq!(memory.pairs.len(), 2);
        let s = memory.direction(&[-1.0, -2.0, -3.0]);
        let error = s.iter().zip([0.0, 1.0, 1.0]).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
        assert!(error < 1e-14, "{s:?}");
    }
}
