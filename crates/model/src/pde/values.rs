//! Values of the unknowns at the collocation points, from the device.

use std::sync::Arc;

use ansatz_features::Values;
use ansatz_gpu::{Buffer, GpuError, Plan};

use super::Collocation;
use super::collocation::DeviceCollocation;
use super::equation::{Equation, Linearised};
use super::space::DeviceSpace;
use super::tier::Tier;
use super::trial::Trial;

/// R and its partial derivatives at all points, recorded once for features of one shape.
pub(super) struct DeviceValues<T> {
    points: Arc<DeviceCollocation<T>>,
    space: DeviceSpace<T>,
    /// Of each field.
    coefficients: Vec<Buffer<T>>,
    /// Of each equation, each side, each field that it has.
    values: Vec<Vec<Vec<Buffer<T>>>>,
    plan: Plan,
}

impl<T: Tier> DeviceValues<T> {
    /// Uploads the features, and records the evaluation of the unknowns.
    pub fn new(points: &Arc<DeviceCollocation<T>>, trial: &Trial) -> Result<Self, GpuError> {
        let gpu = &points.gpu;
        let space = DeviceSpace::<T>::new(gpu, trial)?;
        let coefficients: Vec<Buffer<T>> = trial
            .fields()
            .iter()
            .map(|features| gpu.buffer("coefficients", features.len()))
            .collect::<Result<_, _>>()?;
        let mut plan = Plan::new(gpu, "values of the unknown");
        let mut values = Vec::new();
        for block in &points.blocks {
            let mut of_block = Vec::new();
            for side in &block.sides {
                let mut of_side = Vec::new();
                for group in side.fields.iter().map(|field| &field.group) {
                    let values = gpu.buffer("values", group.terms.len() * block.stride)?;
                    space.features()[group.field].record_values(
                        &mut plan,
                        &Values {
                            terms: &group.terms,
                            points: &side.points,
                            count: block.count,
                            weights: &coefficients[group.field],
                            first_weight: 0,
                            values: &values,
                            first_value: 0,
                        },
                    )?;
                    of_side.push(values);
                }
                of_block.push(of_side);
            }
            values.push(of_block);
        }
        Ok(Self { points: points.clone(), space, coefficients, values, plan })
    }

    /// Puts other features of the same shape there.
    pub fn load(&self, trial: &Trial) -> Result<(), GpuError> {
        self.space.load(&self.points.gpu, trial)
    }

    /// R and its partial derivatives at all points, for u = Σ c_j φ_j with features of `trial`, which are there.
    pub fn linearise(
        &mut self,
        (trial, c): (&Trial, &[f64]),
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<Vec<Linearised>, GpuError> {
        let gpu = &self.points.gpu;
        let zero = c.iter().all(|&c| c == 0.0);
        if !zero {
            for (field, buffer) in self.coefficients.iter().enumerate() {
                let rounded: Vec<T> =
                    c[trial.smooth_columns(field)].iter().map(|&c| T::from_f64(c)).collect();
                gpu.write(buffer, 0, &rounded)?;
            }
            self.plan.run()?;
        }
        let conditions = equations.iter().zip(collocations);
        let blocks = self.points.blocks.iter().zip(&self.values).zip(conditions);
        blocks
            .map(|((block, values), (equation, collocation))| {
                let mut jets = vec![vec![0.0; block.count]; equation.jets.len()];
                for (side, values) in block.sides.iter().zip(values).filter(|_| !zero) {
                    for (field, values) in side.fields.iter().zip(values) {
                        let values = gpu.read(values)?;
                        for (&jet, values) in field.group.jets.iter().zip(values.chunks(block.stride.max(1)))
                        {
                            let sums = jets[jet].iter_mut().zip(values);
                            sums.for_each(|(sum, value)| *sum += side.sign * value.widen());
                        }
                        let of_corners = &c[trial.singular_columns(field.group.field)];
                        for (c, by_point) in of_corners.iter().zip(&field.singular) {
                            for (p, terms) in by_point.iter().enumerate() {
                                let terms = field.group.jets.iter().zip(terms);
                                terms.for_each(|(&jet, value)| jets[jet][p] += side.sign * c * value);
                            }
                        }
                    }
                }
                Ok(equation.linearise(&collocation.points, &jets))
            })
            .collect()
    }
}
