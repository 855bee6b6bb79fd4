//! The collocation system on a device: values of the unknown at all points, and the rows of the Jacobian.

use std::ops::Range;

use ansatz_features::{DeviceFeatures, Rows, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_linalg::Matrix;

use super::Collocation;
use super::equation::{Equation, Linearised};
use super::singular::SingularFunction;
use super::tier::Tier;
use super::trial::{Group, Trial, by_field};

/// Features of every field on a device.
pub(super) struct DeviceSpace<'a, T> {
    trial: &'a Trial,
    features: Vec<Box<dyn DeviceFeatures<T>>>,
}

impl<'a, T: Tier> DeviceSpace<'a, T> {
    pub fn new(gpu: &Gpu, trial: &'a Trial) -> Result<Self, GpuError> {
        let features =
            trial.fields().iter().map(|features| T::upload(&**features, gpu)).collect::<Result<_, _>>()?;
        Ok(Self { trial, features })
    }

    /// Those of each field.
    pub fn features(&self) -> &[Box<dyn DeviceFeatures<T>>] {
        &self.features
    }
}

/// The trial space and the collocation points of every equation on a device.
pub(super) struct DeviceCollocation<'a, T: Tier> {
    gpu: &'a Gpu,
    space: DeviceSpace<'a, T>,
    coefficients: Vec<Buffer<T>>,
    blocks: Vec<Block<'a, T>>,
    rows: usize,
    values: Plan,
}

/// Rows of the matrix; those that pad a block are zero.
pub(super) fn rows_of(collocations: &[Collocation]) -> usize {
    collocations.iter().map(|block| block.points.len().next_multiple_of(4)).sum()
}

/// R and its partial derivatives at all points in f64 on the host, for u = Σ c_j φ_j.
pub(super) fn linearise_on_host(
    trial: &Trial,
    c: &[f64],
    equations: &[Equation],
    collocations: &[Collocation],
) -> Vec<Linearised> {
    let block = |(equation, collocation): (&Equation, &Collocation)| {
        let points = &collocation.points;
        equation.at(points, |x, jets| trial.jets(c, points.dimension, x, jets))
    };
    equations.iter().zip(collocations).map(block).collect()
}

/// The rows of one equation.
struct Block<'a, T> {
    equation: &'a Equation,
    collocation: &'a Collocation,
    first_row: usize,
    stride: usize,
    /// Twice where the equation is about a jump between partners.
    sides: Vec<Side<T>>,
}

struct Side<T> {
    points: Buffer<T>,
    /// +1, and -1 for partners.
    sign: f64,
    fields: Vec<Field<T>>,
}

/// What an equation has of one field.
struct Field<T> {
    group: Group,
    values: Buffer<T>,
    /// Of each function for a corner, at each point, each term. These are few, and need f64 near their corners, where terms
    /// cancel that are far larger than their sum.
    singular: Vec<Vec<Vec<f64>>>,
}

impl<'a, T: Tier> DeviceCollocation<'a, T> {
    /// Uploads the features and the points, and records the evaluation of the unknown.
    pub fn new(
        gpu: &'a Gpu,
        trial: &'a Trial,
        equations: &'a [Equation],
        collocations: &'a [Collocation],
    ) -> Result<Self, GpuError> {
        let space = DeviceSpace::new(gpu, trial)?;
        let coefficients: Vec<Buffer<T>> = trial
            .fields()
            .iter()
            .map(|features| gpu.buffer("coefficients", features.len()))
            .collect::<Result<_, _>>()?;
        let mut values = Plan::new(gpu, "values of the unknown");
        let (mut blocks, mut rows) = (Vec::new(), 0);
        for (equation, collocation) in equations.iter().zip(collocations) {
            let count = collocation.points.len();
            let stride = count.next_multiple_of(4);
            let mut sides = vec![(&collocation.points.coordinates, 1.0)];
            sides.extend(collocation.points.partners.as_ref().map(|partners| (partners, -1.0)));
            let sides = sides
                .into_iter()
                .map(|(coordinates, sign)| {
                    let points = upload_points(gpu, coordinates, collocation.points.dimension, stride)?;
                    let mut fields = Vec::new();
                    for group in by_field(&equation.jets, trial.fields().len()) {
                        let field = Field {
                            values: gpu.buffer("values", group.terms.len() * stride)?,
                            singular: singular_jets(trial, &group, coordinates),
                            group,
                        };
                        space.features[field.group.field].record_values(
                            &mut values,
                            &Values {
                                terms: &field.group.terms,
                                points: &points,
                                count,
                                weights: &coefficients[field.group.field],
                                first_weight: 0,
                                values: &field.values,
                                first_value: 0,
                            },
                        )?;
                        fields.push(field);
                    }
                    Ok(Side { points, sign, fields })
                })
                .collect::<Result<Vec<_>, GpuError>>()?;
            blocks.push(Block { equation, collocation, first_row: rows, stride, sides });
            rows += stride;
        }
        Ok(Self { gpu, space, coefficients, blocks, rows, values })
    }

    /// Rows of the matrix; those that pad a block are zero.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// R and its partial derivatives at all points, for u = Σ c_j φ_j.
    pub fn linearise(&mut self, c: &[f64]) -> Result<Vec<Linearised>, GpuError> {
        let zero = c.iter().all(|&c| c == 0.0);
        if !zero {
            for (field, buffer) in self.coefficients.iter().enumerate() {
                let rounded: Vec<T> =
                    c[self.space.trial.smooth_columns(field)].iter().map(|&c| T::from_f64(c)).collect();
                self.gpu.write(buffer, 0, &rounded)?;
            }
            self.values.run()?;
        }
        self.blocks
            .iter()
            .map(|block| {
                let count = block.collocation.points.len();
                let mut jets = vec![vec![0.0; count]; block.equation.jets.len()];
                for side in block.sides.iter().filter(|_| !zero) {
                    for field in &side.fields {
                        let values = self.gpu.read(&field.values)?;
                        for (&jet, values) in field.group.jets.iter().zip(values.chunks(block.stride.max(1)))
                        {
                            let sums = jets[jet].iter_mut().zip(values);
                            sums.for_each(|(sum, value)| *sum += side.sign * value.widen());
                        }
                        let of_corners = &c[self.space.trial.singular_columns(field.group.field)];
                        for (c, by_point) in of_corners.iter().zip(&field.singular) {
                            for (p, terms) in by_point.iter().enumerate() {
                                let terms = field.group.jets.iter().zip(terms);
                                terms.for_each(|(&jet, value)| jets[jet][p] += side.sign * c * value);
                            }
                        }
                    }
                }
                Ok(block.equation.linearise(&block.collocation.points, &jets))
            })
            .collect()
    }

    /// The weighted Jacobian by the coefficients, `J[p][j]` = ω_p Σ_t ∂R/∂u_t ∂^{α_t} φ_j(x_p), and the weighted residual.
    pub fn assemble(
        &self,
        linearised: &[Linearised],
        row_weights: &[f64],
    ) -> Result<(Matrix<T>, Matrix<T>), GpuError> {
        self.assemble_along(&self.space, linearised, row_weights)
    }

    /// The same for changes of u along the features of another space, such as tangent functions.
    pub fn assemble_along(
        &self,
        space: &DeviceSpace<'_, T>,
        linearised: &[Linearised],
        row_weights: &[f64],
    ) -> Result<(Matrix<T>, Matrix<T>), GpuError> {
        let jacobian = Matrix::zeros(self.gpu, "collocation matrix", self.rows, space.trial.unknowns())?;
        let mut residual = vec![T::zero(); self.rows];
        let mut plan = Plan::new(self.gpu, "collocation rows");
        for ((block, at), &weight) in self.blocks.iter().zip(linearised).zip(row_weights) {
            let rows = residual[block.first_row..].iter_mut().zip(&at.residual);
            rows.for_each(|(row, &value)| *row = T::from_f64(weight * value));
            for (number, side) in block.sides.iter().enumerate() {
                for field in &side.fields {
                    let all = 0..block.collocation.points.len();
                    let factors: Vec<T> = factors_of(&field.group, at, all, side.sign * weight);
                    let factors = self.gpu.upload("coefficients of the operator", &factors)?;
                    let rows = Rows {
                        terms: &field.group.terms,
                        points: &side.points,
                        count: block.collocation.points.len(),
                        coefficients: &factors,
                        first_coefficient: 0,
                        matrix: &jacobian,
                        first_row: block.first_row,
                        first_column: space.trial.columns(field.group.field).start,
                        accumulate: number > 0,
                    };
                    space.features[field.group.field].record_rows(&mut plan, &rows)?;
                }
            }
        }
        plan.run()?;
        self.write_singular(space.trial, &jacobian, linearised, row_weights)?;
        let residual = Matrix::upload(self.gpu, "residual", self.rows, 1, &residual)?;
        Ok((jacobian, residual))
    }
}

impl<T: Tier> DeviceCollocation<'_, T> {
    /// The columns of the functions for corners, from the host.
    fn write_singular(
        &self,
        trial: &Trial,
        jacobian: &Matrix<T>,
        linearised: &[Linearised],
        row_weights: &[f64],
    ) -> Result<(), GpuError> {
        for field in 0..trial.fields().len() {
            for (k, column) in trial.singular_columns(field).enumerate() {
                let mut entries = vec![0.0; self.rows];
                for ((block, at), &weight) in self.blocks.iter().zip(linearised).zip(row_weights) {
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
                for (slab, columns) in jacobian.slabs() {
                    if columns.contains(&column) {
                        self.gpu.write(slab, (column - columns.start) * jacobian.stride(), &entries)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn singular_jets(trial: &Trial, group: &Group, coordinates: &[f64]) -> Vec<Vec<Vec<f64>>> {
    let at_point = |function: &SingularFunction, x: &[f64]| {
        group.terms.iter().map(|term| function.jet([x[0], x[1]], term)).collect()
    };
    let functions = trial.singular(group.field).iter();
    functions.map(|function| coordinates.chunks_exact(2).map(|x| at_point(function, x)).collect()).collect()
}

/// `factor` ∂R/∂u_t at some points, for each term t of a group; each padded to a multiple of four points by zeros.
pub(super) fn factors_of<T: Tier>(
    group: &Group,
    at: &Linearised,
    points: Range<usize>,
    factor: f64,
) -> Vec<T> {
    let stride = points.len().next_multiple_of(4);
    let mut factors = vec![T::zero(); group.terms.len() * stride];
    for (&jet, factors) in group.jets.iter().zip(factors.chunks_mut(stride.max(1))) {
        let partials = factors.iter_mut().zip(&at.partials[jet][points.clone()]);
        partials.for_each(|(to, &value)| *to = T::from_f64(factor * value));
    }
    factors
}

/// Coordinate after coordinate, each padded to `stride` points by the last one.
pub(super) fn upload_points<T: Tier>(
    gpu: &Gpu,
    coordinates: &[f64],
    dimension: usize,
    stride: usize,
) -> Result<Buffer<T>, GpuError> {
    let count = coordinates.len() / dimension.max(1);
    let at = |i: usize, p: usize| T::from_f64(coordinates[p.min(count - 1) * dimension + i]);
    let by_coordinate: Vec<T> = if count == 0 {
        Vec::new()
    } else {
        (0..dimension).flat_map(|i| (0..stride).map(move |p| at(i, p))).collect()
    };
    gpu.upload("points", &by_coordinate)
}
