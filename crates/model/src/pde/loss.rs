//! What training makes small: the weighted mean squares of all conditions at their collocation points.

use ansatz_gpu::Gpu;
use ansatz_linalg::Matrix;
use ansatz_problem::Problem;

use super::balance::GradientNorm;
use super::collocation::{DeviceCollocation, DeviceSpace, linearise_on_host};
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
            old.points = new.points;
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

    /// Weighs the conditions anew by a Jacobian: by ω_b² mean_b ‖∇R‖², the squares of their rows.
    pub fn rebalance<T: Tier>(&mut self, rule: &GradientNorm, jacobian: &Matrix<T>) -> Result<(), Error> {
        let (entries, rows) = (jacobian.read(self.gpu)?, jacobian.rows().max(1));
        let mut first = 0;
        let mut trace = |(block, balance): (&Collocation, &f64)| {
            let last = first + block.points.len().next_multiple_of(4);
            let of_column = |column: &[T]| column[first..last].iter().map(|x| x.widen().powi(2)).sum::<f64>();
            let trace = entries.chunks(rows).map(of_column).sum::<f64>() / balance;
            first = last;
            trace
        };
        let sizes: Vec<f64> = self.collocations.iter().zip(&self.balance).map(&mut trace).collect();
        self.balance = rule.update(&self.balance, &sizes, self.counted);
        Ok(())
    }

    /// The coordinates of the points inside, equation after equation.
    pub fn inside(&self) -> Vec<Vec<f64>> {
        let blocks = self.equations.iter().zip(&self.collocations);
        let inside = blocks.filter(|(equation, _)| equation.kind == "residual");
        inside.map(|(_, block)| block.points.coordinates.clone()).collect()
    }

    /// R and its partial derivatives at all points.
    pub fn at<T: Tier>(&self, trial: &Trial, c: &[f64]) -> Result<Vec<Linearised>, Error> {
        // What steps are judged by is not rounded to f32: amplitudes that cancel each other would leave nothing of the residual.
        // So steps in f32 are those of iterative refinement.
        if T::IS_F64 {
            Ok(self.system::<T>(trial)?.linearise(c)?)
        } else {
            Ok(linearise_on_host(trial, c, self.equations, &self.collocations))
        }
    }

    /// ω_b² mean_b R² of each condition b.
    pub fn parts(&self, at: &[Linearised]) -> Vec<f64> {
        let weights: Vec<f64> = self.collocations.iter().map(Collocation::row_weight).collect();
        losses(at, &weights)
    }

    /// The Jacobian along tangent functions, and the residual.
    pub fn assemble<T: Tier>(
        &self,
        trial: &Trial,
        tangent: &Trial,
        at: &[Linearised],
    ) -> Result<(Matrix<T>, Matrix<T>), Error> {
        let along = DeviceSpace::new(self.gpu, tangent)?;
        Ok(self.system::<T>(trial)?.assemble_along(&along, at, &self.weights())?)
    }

    /// The weighted residual, as the rows of [`Loss::assemble`] have it.
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

    fn system<'s, T: Tier>(&'s self, trial: &'s Trial) -> Result<DeviceCollocation<'s, T>, Error> {
        Ok(DeviceCollocation::new(self.gpu, trial, self.equations, &self.collocations)?)
    }
}
