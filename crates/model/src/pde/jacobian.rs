//! The Jacobian at the collocation points: rows on the device.

use std::ops::Range;
use std::sync::Arc;

use ansatz_features::Rows;
use ansatz_gpu::{Buffer, GpuError, Plan};
use ansatz_linalg::Matrix;

use super::collocation::{Block, DeviceCollocation, factors_of};
use super::equation::Linearised;
use super::space::DeviceSpace;
use super::tier::Tier;
use super::trial::Trial;

/// The weighted Jacobian by the coefficients of features, `J[p][j]` = ω_p Σ_t ∂R/∂u_t ∂^{α_t} φ_j(x_p), and the weighted residual. With
/// tangent functions for features, it is by their parameters. Recorded once for features of one shape.
pub(super) struct DeviceJacobian<T: Tier> {
    points: Arc<DeviceCollocation<T>>,
    space: DeviceSpace<T>,
    matrix: Matrix<T>,
    residual: Matrix<T>,
    /// Of each equation, each side, each field that it has: ω_p ∂R/∂u_t.
    factors: Vec<Vec<Vec<Buffer<T>>>>,
    /// The columns of the functions for corners of each field.
    singular: Vec<Range<usize>>,
    plan: Plan,
}

impl<T: Tier> DeviceJacobian<T> {
    /// Uploads the features, and records their rows.
    pub fn new(points: &Arc<DeviceCollocation<T>>, trial: &Trial) -> Result<Self, GpuError> {
        let gpu = &points.gpu;
        let space = DeviceSpace::<T>::new(gpu, trial)?;
        let matrix = Matrix::zeros(gpu, "collocation matrix", points.rows, trial.unknowns())?;
        let mut plan = Plan::new(gpu, "collocation rows");
        let mut factors = Vec::new();
        for block in &points.blocks {
            let mut of_block = Vec::new();
            for (number, side) in block.sides.iter().enumerate() {
                let mut of_side = Vec::new();
                for group in side.fields.iter().map(|field| &field.group) {
                    let of_group =
                        gpu.buffer("coefficients of the operator", group.terms.len() * block.stride)?;
                    let rows = Rows {
                        terms: &group.terms,
                        points: &side.points,
                        count: block.count,
                        coefficients: &of_group,
                        first_coefficient: 0,
                        matrix: &matrix,
                        first_row: block.first_row,
                        first_column: trial.columns(group.field).start,
                        accumulate: number > 0,
                    };
                    space.features()[group.field].record_rows(&mut plan, &rows)?;
                    of_side.push(of_group);
                }
                of_block.push(of_side);
            }
            factors.push(of_block);
        }
        let residual = Matrix::zeros(gpu, "residual", points.rows, 1)?;
        let singular = (0..trial.fields().len()).map(|field| trial.singular_columns(field)).collect();
        Ok(Self { points: points.clone(), space, matrix, residual, factors, singular, plan })
    }

    /// Puts other features of the same shape there.
    pub fn load(&self, trial: &Trial) -> Result<(), GpuError> {
        self.space.load(&self.points.gpu, trial)
    }

    /// J and R for R and its partial derivatives `at` the points; weights are those of the rows of each equation.
    pub fn assemble(
        &mut self,
        at: &[Linearised],
        weights: &[f64],
    ) -> Result<(&Matrix<T>, &Matrix<T>), GpuError> {
        let gpu = &self.points.gpu;
        let mut residual = vec![T::zero(); self.points.rows];
        let conditions = at.iter().zip(weights).zip(&self.factors);
        for (block, ((at, &weight), factors)) in self.points.blocks.iter().zip(conditions) {
            let rows = residual[block.first_row..].iter_mut().zip(&at.residual);
            rows.for_each(|(row, &value)| *row = T::from_f64(weight * value));
            for (side, factors) in block.sides.iter().zip(factors) {
                for (field, buffer) in side.fields.iter().zip(factors) {
                    let factors: Vec<T> = factors_of(&field.group, at, 0..block.count, side.sign * weight);
                    gpu.write(buffer, 0, &factors)?;
                }
            }
        }
        self.plan.run()?;
        self.write_singular(at, weights)?;
        self.residual.write(gpu, &residual)?;
        Ok(self.assembled())
    }

    /// J and R as they were assembled last.
    pub fn assembled(&self) -> (&Matrix<T>, &Matrix<T>) {
        (&self.matrix, &self.residual)
    }

    /// The sum of the squares of all rows of each equation.
    pub fn traces(&self) -> Result<Vec<f64>, GpuError> {
        let entries = self.matrix.read(&self.points.gpu)?;
        let trace = |block: &Block<T>| -> f64 {
            let rows = block.first_row..block.first_row + block.stride;
            let of_column =
                |column: &[T]| column[rows.clone()].iter().map(|x| x.widen().powi(2)).sum::<f64>();
            entries.chunks(self.points.rows.max(1)).map(of_column).sum()
        };
        Ok(self.points.blocks.iter().map(trace).collect())
    }

    /// The columns of the functions for corners, from the host.
    fn write_singular(&self, at: &[Linearised], weights: &[f64]) -> Result<(), GpuError> {
        for (field, columns) in self.singular.iter().enumerate() {
            for (k, column) in columns.clone().enumerate() {
                let mut entries = vec![0.0; self.points.rows];
                for ((block, at), &weight) in self.points.blocks.iter().zip(at).zip(weights) {
                    for side in &block.sides {
                        for part in side.fields.iter().filter(|part| part.group.field == field) {
                            let rows =
                                entries[block.first_row..].iter_mut().zip(&part.singular[k]).enumerate();
                            for (p, (entry, terms)) in rows {
                                let operator = part.group.jets.iter().zip(terms);
                                let sum: f64 =
                                    operator.map(|(&jet, value)| at.partials[jet][p] * value).sum();
                                *entry += side.sign * weight * sum;
                            }
                        }
                    }
                }
                let entries: Vec<T> = entries.into_iter().map(T::from_f64).collect();
                for (slab, columns) in self.matrix.slabs() {
                    if columns.contains(&column) {
                        let first = (column - columns.start) * self.matrix.stride();
                        self.points.gpu.write(slab, first, &entries)?;
                    }
                }
            }
        }
        Ok(())
    }
}
