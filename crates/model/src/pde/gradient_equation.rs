//! The part of one equation in the gradient of the loss.

use ansatz_expr::{Jet, Leaf, Program, Scalar};
use ansatz_features::{Residual, Transposed, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};

use super::collocation::upload_points;
use super::equation::Equation;
use super::gradient::{Gradient, setting};
use super::tier::Tier;
use super::trial::by_field;
use super::{Collocation, PdeError as Error};

impl<T: Tier + Scalar> Gradient<T> {
    /// The residual of one equation, and its part of the sums for each field; `begun` says for which fields there is some already. The
    /// losses of its points.
    pub fn record_equation(
        &self,
        plan: &mut Plan,
        number: usize,
        (equation, collocation): (&Equation, &Collocation),
        sums: &[Buffer<T>],
        begun: &mut [bool],
    ) -> Result<Buffer<T>, Error> {
        let (gpu, points) = (self.gpu.clone(), &collocation.points);
        if points.partners.is_some() {
            return setting("of first order, with conditions between partners", "features that are periodic");
        }
        let (count, stride) = (points.len(), points.len().next_multiple_of(4));
        let program = Program::new(&equation.gradient);
        let jets: Vec<Jet> = program.inputs().iter().filter_map(jet).collect();
        let device_points = upload_points(&gpu, &points.coordinates, points.dimension, stride)?;
        let fixed = fixed::<T>(&gpu, &program, collocation, stride)?;
        let (values, coefficients) = (
            gpu.buffer("derivatives of the unknown", jets.len() * stride)?,
            gpu.buffer("coefficients", jets.len() * stride)?,
        );
        let losses = gpu.buffer("losses", stride)?;
        // Jets are sorted, so those of a field stand together.
        let groups = by_field(&jets, self.fields.len());
        for group in &groups {
            let resident = &self.fields[group.field].resident;
            resident.features().record_values(
                plan,
                &Values {
                    terms: &group.terms,
                    points: &device_points,
                    count,
                    weights: resident.parameters(),
                    first_weight: 0,
                    values: &values,
                    first_value: group.jets[0],
                },
            )?;
        }
        Residual {
            program: &program,
            scales: &self.scales,
            scale: number,
            fixed: &fixed,
            jets: &values,
            coefficients: &coefficients,
            losses: &losses,
            points: count,
        }
        .record(plan)?;
        for group in &groups {
            let field = &self.fields[group.field];
            field.resident.tangent().record_transposed(
                plan,
                &Transposed {
                    terms: &group.terms,
                    points: &device_points,
                    count,
                    coefficients: &coefficients,
                    first_coefficient: group.jets[0],
                    sums: &sums[group.field],
                    first_sum: 0,
                    accumulate: std::mem::replace(&mut begun[group.field], true),
                },
            )?;
        }
        Ok(losses)
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
