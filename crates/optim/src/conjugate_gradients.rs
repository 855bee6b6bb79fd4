//! A Gauss–Newton step from products with the Jacobian alone: conjugate gradients on the damped normal equations, in the form
//! that keeps the residual r itself (Hestenes and Stiefel, 1952; Björck, Numerical Methods for Least Squares Problems, 1996,
//! algorithm 7.4.1), inside a trust region (Steihaug, SIAM J. Numer. Anal. 20, 1983, algorithm 2.1).
//!
//! The loop of `ansatz-krylov`, which [`NormalEquations`](crate::NormalEquations) runs on a device, has a recursion for Jᵀr: that
//! loses the square of the condition of J where this one, for r, loses the condition.

use crate::vector::{add, dot, norm};

/// Products with a Jacobian J.
pub trait Jacobian {
    /// What a product can fail with, such as a lost device.
    type Error;
    /// J v, where v has an entry per parameter.
    ///
    /// # Errors
    /// Those of the implementor.
    fn multiply(&mut self, v: &[f64]) -> Result<Vec<f64>, Self::Error>;
    /// Jᵀ w, where w has an entry per residual.
    ///
    /// # Errors
    /// Those of the implementor.
    fn multiply_transposed(&mut self, w: &[f64]) -> Result<Vec<f64>, Self::Error>;
    /// Whether to go on, asked before each iteration; else the step so far is the result.
    fn goes_on(&mut self) -> bool {
        true
    }
}

/// How min ‖J δ − r‖² + ‖Λ D δ‖² is solved with products alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConjugateGradients {
    /// Solved when the gradient ‖D⁻¹Jᵀ(r − J δ) − Λ²D δ‖ has fallen to this part of ‖D⁻¹Jᵀr‖.
    pub rtol: f64,
    /// Iterations at most, each with a product of either kind.
    pub max_iterations: usize,
    /// The largest ‖D δ‖; infinite without a trust region.
    pub radius: f64,
}

impl Default for ConjugateGradients {
    fn default() -> Self {
        Self { rtol: 1e-6, max_iterations: 500, radius: f64::INFINITY }
    }
}

/// Why the iteration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepReason {
    /// The gradient has fallen as far as was asked.
    Rtol,
    /// Jᵀr = 0: δ = 0 is the solution.
    ZeroGradient,
    /// The next iterate would leave the trust region; δ is where the way there leaves it.
    Boundary,
    /// J and Λ have no effect along a direction, which is followed to the boundary of the trust region if there is one.
    NoCurvature,
    /// The iterations are used up; δ still is a step that goes down.
    MaxIterations,
    /// [`Jacobian::goes_on`] said so; δ is a step that goes down, or 0.
    Stopped,
    /// r or a product with J is infinite or NaN; δ is the last iterate before.
    NonFinite,
}

/// A step, and what it promises.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// δ.
    pub delta: Vec<f64>,
    /// ‖r‖² − ‖J δ − r‖².
    pub promised: f64,
    /// The last gradient relative to the first, in the norms of [`ConjugateGradients::rtol`].
    pub relative_gradient: f64,
    /// Iterations.
    pub iterations: usize,
    /// Why it ended.
    pub reason: StepReason,
}

impl ConjugateGradients {
    /// δ of min ‖J δ − r‖² + ‖Λ D δ‖²: `scales` are the entries of D, the size of the effect of each parameter (those that are
    /// not positive count as one), and `damping` gives the entries of Λ, as for
    /// [`DampedLeastSquares`](ansatz_linalg::DampedLeastSquares).
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use ansatz_optim::{ConjugateGradients, Jacobian, StepReason};
    ///
    /// /// J = [1 1; 0 2]
    /// struct Example;
    /// impl Jacobian for Example {
    ///     type Error = Infallible;
    ///     fn multiply(&mut self, v: &[f64]) -> Result<Vec<f64>, Infallible> {
    ///         Ok(vec![v[0] + v[1], 2.0 * v[1]])
    ///     }
    ///     fn multiply_transposed(&mut self, w: &[f64]) -> Result<Vec<f64>, Infallible> {
    ///         Ok(vec![w[0], w[0] + 2.0 * w[1]])
    ///     }
    /// }
    /// let step = ConjugateGradients::default().solve(&mut Example, &[3.0, 4.0], &[1.0, 1.0], |_| 0.0)?;
    /// assert_eq!((step.reason, step.iterations), (StepReason::Rtol, 2));
    /// assert!((step.delta[0] - 1.0).abs() < 1e-12 && (step.delta[1] - 2.0).abs() < 1e-12);
    /// assert!((step.promised - 25.0).abs() < 1e-12);
    /// # Ok::<(), Infallible>(())
    /// ```
    ///
    /// # Errors
    /// Those of the products, at once.
    pub fn solve<J: Jacobian>(
        &self,
        jacobian: &mut J,
        residual: &[f64],
        scales: &[f64],
        damping: impl Fn(usize) -> f64,
    ) -> Result<Step, J::Error> {
        let scale = |j: usize| if scales[j] > 0.0 { scales[j] } else { 1.0 };
        let unscaled = |z: &[f64]| -> Vec<f64> { z.iter().enumerate().map(|(j, z)| z / scale(j)).collect() };
        let squares: Vec<f64> = (0..scales.len()).map(|j| damping(j).powi(2)).collect();

        // z = D δ, r = b − J D⁻¹ z, s = D⁻¹Jᵀ r − Λ² z
        let (mut z, mut r) = (vec![0.0; scales.len()], residual.to_vec());
        let mut s = unscaled(&jacobian.multiply_transposed(&r)?);
        let mut p = s.clone();
        let first = dot(&s, &s);
        let (mut gamma, mut iterations) = (first, 0);
        let reason = loop {
            if !gamma.is_finite() {
                break StepReason::NonFinite;
            }
            if first == 0.0 {
                break StepReason::ZeroGradient;
            }
            if gamma <= self.rtol * self.rtol * first {
                break StepReason::Rtol;
            }
            if iterations >= self.max_iterations {
                break StepReason::MaxIterations;
            }
            if !jacobian.goes_on() {
                break StepReason::Stopped;
            }
            let q = jacobian.multiply(&unscaled(&p))?;
            let curvature =
                dot(&q, &q) + p.iter().zip(&squares).map(|(p, square)| square * p * p).sum::<f64>();
            if !curvature.is_finite() {
                break StepReason::NonFinite;
            }
            iterations += 1;
            let alpha = gamma / curvature;
            let boundary = self.boundary(&z, &p);
            if alpha >= boundary {
                if boundary.is_finite() {
                    add(&mut z, boundary, &p);
                    add(&mut r, -boundary, &q);
                }
                break if curvature > 0.0 { StepReason::Boundary } else { StepReason::NoCurvature };
            }
            add(&mut z, alpha, &p);
            add(&mut r, -alpha, &q);
            s = unscaled(&jacobian.multiply_transposed(&r)?);
            s.iter_mut().zip(&squares).zip(&z).for_each(|((s, square), z)| *s -= square * z);
            let before = std::mem::replace(&mut gamma, dot(&s, &s));
            p.iter_mut().zip(&s).for_each(|(p, s)| *p = s + gamma / before * *p);
        };
        // The sum and the difference, so that a small decrease keeps its digits.
        let promised = residual.iter().zip(&r).map(|(b, r)| (b - r) * (b + r)).sum();
        let relative_gradient = if first == 0.0 { 0.0 } else { (gamma / first).sqrt() };
        Ok(Step { delta: unscaled(&z), promised, relative_gradient, iterations, reason })
    }

    /// The τ ≥ 0 of ‖z + τ p‖ = radius.
    fn boundary(&self, z: &[f64], p: &[f64]) -> f64 {
        if self.radius == f64::INFINITY {
            return self.radius;
        }
        let (pp, pz) = (dot(p, p), dot(p, z));
        let (length, inside) = (norm(z), self.radius - norm(z));
        // pp τ² + 2 pz τ = (radius − ‖z‖)(radius + ‖z‖); z and p point the same way.
        let right = inside.max(0.0) * (self.radius + length);
        if right == 0.0 { 0.0 } else { right / (pz + (pz * pz + pp * right).sqrt()) }
    }
}
