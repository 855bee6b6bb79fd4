//! What training makes small: the weighted mean squares of all conditions at their collocation points.

use std::sync::Arc;

use ansatz_gpu::Gpu;
use ansatz_problem::Problem;

use super::balance::GradientNorm;
use super::collocation::DeviceCollocation;
use super::device_loss::Evaluation;
use super::equation::{Equation, Linearised};
use super::newton::losses;
use super::tier::Tier;
use super::trial::Trial;
use super::trouble::Trouble;
use super::{Collocation, PdeError as Error};

/// Conditions at points.
pub(super) struct Loss<'a> {
    pub gpu: &'a Gpu,
    pub problem: &'a Problem,
    pub equations: &'a [Equation],
    pub collocations: Vec<Collocation>,
    /// Which of them count where losses are balanced: not those that are built in.
    pub counted: &'a [bool],
    /// λ_b.
    pub balance: Vec<f64>,
}

impl Loss<'_> {
    /// The same conditions, with their weights, at other points.
    pub fn move_to(&mut self, collocations: Vec<Collocation>) {
        for (old, new) in self.collocations.iter_mut().zip(collocations) {
            (old.points, old.chosen) = (new.points, new.chosen);
        }
    }

    /// √λ_b ω_b/√(points of b).
    pub fn weights(&self) -> Vec<f64> {
        self.collocations
            .iter()
            .zip(&self.balance)
            .map(|(block, balance)| balance.sqrt() * block.row_weight())
            .collect()
    }

    /// √(Σ_b λ_b ω_b² mean_b R²), from the parts without λ.
    pub fn norm(&self, parts: &[f64]) -> f64 {
        parts.iter().zip(&self.balance).map(|(loss, balance)| balance * loss).sum::<f64>().sqrt()
    }

    /// Weighs the conditions anew by the [traces](super::device_loss::Along::traces) of a Jacobian.
    pub fn rebalance(&mut self, rule: &GradientNorm, traces: &[f64]) {
        let sizes: Vec<f64> =
            traces.iter().zip(&self.balance).map(|(trace, balance)| trace / balance).collect();
        self.balance = rule.update(&self.balance, &sizes, self.counted);
    }

    /// Which points were chosen for each condition, where they follow the residual.
    pub fn chosen(&self) -> Vec<Vec<usize>> {
        self.collocations.iter().map(|block| block.chosen.clone()).collect()
    }

    /// The points on the device, for features of this shape.
    pub fn points<T: Tier>(&self, trial: &Trial) -> Result<Arc<DeviceCollocation<T>>, Error> {
        let points = DeviceCollocation::new(self.gpu, trial, self.equations, &self.collocations)?;
        Ok(Arc::new(points))
    }

    /// R and its partial derivatives at all points, once.
    pub fn at<T: Tier>(&self, trial: &Trial, c: &[f64]) -> Result<Vec<Linearised>, Error> {
        Evaluation::<T>::new(&self.points(trial)?, trial)?.at_coefficients(self, trial, c)
    }

    /// ω_b² mean_b R² of each condition b.
    pub fn parts(&self, at: &[Linearised]) -> Vec<f64> {
        let weights: Vec<f64> = self.collocations.iter().map(Collocation::row_weight).collect();
        losses(at, &weights)
    }

    /// The weighted residual, as the rows of a Jacobian have it.
    pub fn rows(&self, at: &[Linearised]) -> Vec<f64> {
        let mut rows = Vec::new();
        for (at, weight) in at.iter().zip(self.weights()) {
            rows.extend(at.residual.iter().map(|r| weight * r));
            rows.resize(rows.len().next_multiple_of(4), 0.0);
        }
        rows
    }

    /// What is not finite, and where.
    pub fn trouble(&self, trial: &Trial, c: &[f64], at: &[Linearised]) -> Option<String> {
        let found = Trouble::of_fit(trial, c, self.equations, &self.collocations, at);
        found.map(|found| found.describe(self.problem))
    }

    /// The losses of all conditions of a kind together, kind after kind.
    pub fn by_kind(&self, parts: &[f64]) -> Vec<(&'static str, f64)> {
        let mut sums: Vec<(&'static str, f64)> = Vec::new();
        for (equation, loss) in self.equations.iter().zip(parts) {
            match sums.iter_mut().find(|(kind, _)| *kind == equation.kind) {
                Some((_, sum)) => *sum += loss,
                None => sums.push((equation.kind, *loss)),
            }
        }
        sums
    }
}
