//! A step of first-order training, which never leaves the device.

use std::sync::Arc;

use ansatz_expr::{Jet, Leaf, Program, Scalar};
use ansatz_features::{Resident, Residual, Trainable, Transposed, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_optim::{Adam, AdamOptions};

use super::collocation::upload_points;
use super::equation::Equation;
use super::tier::Tier;
use super::trial::by_field;
use super::{Collocation, PdeError as Error};

/// A step of Adam on Σ_b ω_b² mean_b R², recorded once: embeddings, residuals, gradients and the update all happen on the device, and nothing of it
/// grows with the number of points but what each point has.
pub struct TrainingStep<T: Tier> {
    plan: Plan,
    fields: Vec<Field<T>>,
    /// Of each equation the losses of its points.
    losses: Vec<Buffer<T>>,
    points: usize,
}

/// A field, the gradient by its parameters, and the optimiser that moves them.
struct Field<T> {
    resident: Box<dyn Resident<T>>,
    gradient: Buffer<T>,
    adam: Adam<T>,
}

/// Features and coefficients of a field.
pub(super) type OnHost = (Arc<dyn Trainable>, Vec<f64>);

impl<T: Tier + Scalar> TrainingStep<T> {
    /// From these features and coefficients on.
    pub(super) fn new(
        gpu: &Gpu,
        fields: &[OnHost],
        equations: &[Equation],
        collocations: &[Collocation],
        options: AdamOptions,
    ) -> Result<Self, Error> {
        let field = |(features, c): &OnHost| {
            let Some(resident) = T::resident(&**features, gpu, c)? else {
                return setting("Adam over features without kernels for it", "Levenberg–Marquardt");
            };
            let n = resident.parameters().len();
            Ok(Field { gradient: gpu.buffer("gradient", n)?, adam: Adam::new(gpu, n, options)?, resident })
        };
        let fields = fields.iter().map(field).collect::<Result<Vec<_>, Error>>()?;
        let mut step =
            Self { plan: Plan::new(gpu, "step of training"), fields, losses: Vec::new(), points: 0 };
        for field in &step.fields {
            field.resident.record_load(&mut step.plan)?;
        }
        // The first block that has a field overwrites its gradient.
        let mut begun = vec![false; step.fields.len()];
        for (equation, collocation) in equations.iter().zip(collocations) {
            step.record_block(gpu, equation, collocation, &mut begun)?;
        }
        for field in &step.fields {
            field.resident.record_gradient(&mut step.plan, &field.gradient)?;
            field.adam.record(&mut step.plan, field.resident.parameters(), &field.gradient)?;
        }
        Ok(step)
    }

    /// The residual of one equation, and its part of the gradients.
    fn record_block(
        &mut self,
        gpu: &Gpu,
        equation: &Equation,
        collocation: &Collocation,
        begun: &mut [bool],
    ) -> Result<(), Error> {
        let points = &collocation.points;
        if points.partners.is_some() {
            return setting("Adam with conditions between partners", "features that are periodic");
        }
        let (count, stride) = (points.len(), points.len().next_multiple_of(4));
        let program = Program::new(&equation.gradient);
        let jets: Vec<Jet> = program.inputs().iter().filter_map(jet).collect();
        let device_points = upload_points(gpu, &points.coordinates, points.dimension, stride)?;
        let fixed = fixed::<T>(gpu, &program, collocation, stride)?;
        let (values, coefficients) = (
            gpu.buffer("derivatives of the unknown", jets.len() * stride)?,
            gpu.buffer("coefficients", jets.len() * stride)?,
        );
        let losses = gpu.buffer("losses", stride)?;
        // Jets are sorted, so those of a field stand together.
        let groups = by_field(&jets, self.fields.len());
        for group in &groups {
            let field = &self.fields[group.field];
            field.resident.features().record_values(
                &mut self.plan,
                &Values {
                    terms: &group.terms,
                    points: &device_points,
                    count,
                    weights: field.resident.parameters(),
                    first_weight: 0,
                    values: &values,
                    first_value: group.jets[0],
                },
            )?;
        }
        let scale = 2.0 * collocation.weight.powi(2) / count.max(1) as f64;
        let (fixed, jets) = (&fixed, &values);
        Residual {
            program: &program,
            scale,
            fixed,
            jets,
            coefficients: &coefficients,
            losses: &losses,
            points: count,
        }
        .record(&mut self.plan)?;
        for group in &groups {
            let field = &self.fields[group.field];
            field.resident.tangent().record_transposed(
                &mut self.plan,
                &Transposed {
                    terms: &group.terms,
                    points: &device_points,
                    count,
                    coefficients: &coefficients,
                    first_coefficient: group.jets[0],
                    sums: &field.gradient,
                    first_sum: 0,
                    accumulate: std::mem::replace(&mut begun[group.field], true),
                },
            )?;
        }
        self.losses.push(losses);
        self.points += count;
        Ok(())
    }

    /// The launches of a step.
    pub fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    /// Points of all equations.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Parameters of all fields, coefficients among them.
    pub fn parameters(&self) -> usize {
        self.fields.iter().map(|field| field.gradient.len()).sum()
    }

    /// Σ ω² mean R² of each equation as it was before the last step.
    pub(super) fn losses(&self, gpu: &Gpu) -> Result<Vec<f64>, GpuError> {
        let sum = |losses: &Buffer<T>| Ok(gpu.read(losses)?.into_iter().map(T::widen).sum());
        self.losses.iter().map(sum).collect()
    }

    /// Features and coefficients of each field as they are now.
    pub(super) fn on_host(&self, gpu: &Gpu) -> Result<Vec<OnHost>, Error> {
        let read = |field: &Field<T>| {
            let parameters: Vec<f64> =
                gpu.read(field.resident.parameters())?.into_iter().map(T::widen).collect();
            Ok(field.resident.on_host(&parameters)?)
        };
        self.fields.iter().map(read).collect()
    }
}

fn jet(leaf: &Leaf) -> Option<Jet> {
    match leaf {
        Leaf::Jet(jet) => Some(*jet),
        _ => None,
    }
}

/// Coordinates and normals, as far as the residual contains them, and what it shall be.
fn fixed<T: Tier>(
    gpu: &Gpu,
    program: &Program,
    collocation: &Collocation,
    stride: usize,
) -> Result<Buffer<T>, GpuError> {
    let points = &collocation.points;
    let mut arrays: Vec<Vec<f64>> = program
        .inputs()
        .iter()
        .filter_map(|leaf| match leaf {
            Leaf::Jet(_) => None,
            Leaf::Coordinate(i) => Some(points.axis(*i)),
            Leaf::Normal(i) => Some(points.normal(*i).unwrap_or_default()),
            // Parameters have got their values when the problem was made.
            Leaf::Parameter(_) => Some(Vec::new()),
        })
        .collect();
    arrays.push(points.values.clone().unwrap_or_default());
    let mut padded = Vec::with_capacity(arrays.len() * stride);
    for mut array in arrays {
        array.resize(stride, 0.0);
        padded.extend(array.into_iter().map(T::from_f64));
    }
    gpu.upload("inputs of the residual", &padded)
}

fn setting<R>(value: &str, expected: &'static str) -> Result<R, Error> {
    Err(Error::Setting { name: "optimizer", value: value.to_owned(), expected })
}
