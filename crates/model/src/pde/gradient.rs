//! The gradient of the loss by all parameters, which stay on the device.

use std::sync::Arc;

use ansatz_expr::{Jet, Leaf, Program, Scalar};
use ansatz_features::{Resident, Residual, Trainable, Transposed, Values};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_linalg::{Dot, Grid};

use super::collocation::upload_points;
use super::equation::Equation;
use super::state::State;
use super::tier::Tier;
use super::trial::by_field;
use super::{Collocation, PdeError as Error};

/// ∇ Σ_b λ_b ω_b² mean_b R²: embeddings, residuals and derivatives all happen on the device, and nothing of it grows with the number of
/// points but what each point has.
pub(super) struct Gradient<T: Tier> {
    gpu: Gpu,
    pub fields: Vec<Field<T>>,
    /// 2 λ_b ω_b²/points of each equation.
    scales: Buffer<T>,
    /// λ_b.
    balance: Vec<f64>,
    /// Of each equation, as it was recorded last, the losses of its points.
    losses: Vec<Buffer<T>>,
    points: usize,
}

/// What finds the norms of the gradients of each equation's loss.
pub(super) struct Norms<T> {
    plan: Plan,
    /// Of each equation by the parameters of each field.
    squares: Buffer<T>,
}

/// A field, and the gradient by its parameters.
pub(super) struct Field<T> {
    pub resident: Box<dyn Resident<T>>,
    pub gradient: Buffer<T>,
}

/// Features and coefficients of a field.
pub(super) type OnHost = (Arc<dyn Trainable>, Vec<f64>);

impl<T: Tier + Scalar> Gradient<T> {
    /// Of these features and coefficients, which count as many as `equations`.
    pub fn new(gpu: &Gpu, fields: &[OnHost], equations: usize) -> Result<Self, Error> {
        let field = |(features, c): &OnHost| {
            let Some(resident) = T::resident(&**features, gpu, c)? else {
                return setting(
                    "of first order, over features without kernels for it",
                    "levenberg-marquardt",
                );
            };
            Ok(Field { gradient: gpu.buffer("gradient", resident.parameters().len())?, resident })
        };
        Ok(Self {
            gpu: gpu.clone(),
            fields: fields.iter().map(field).collect::<Result<_, Error>>()?,
            scales: gpu.buffer("scales of losses", equations)?,
            balance: vec![1.0; equations],
            losses: Vec::new(),
            points: 0,
        })
    }

    /// Records all of it, for these points.
    pub fn record(
        &mut self,
        plan: &mut Plan,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<(), Error> {
        (self.losses, self.points) = (Vec::new(), 0);
        for field in &self.fields {
            field.resident.record_load(plan)?;
        }
        // The first equation that has a field overwrites its gradient.
        let mut begun = vec![false; self.fields.len()];
        let sums: Vec<Buffer<T>> = self.fields.iter().map(|field| field.gradient.clone()).collect();
        for (number, (equation, collocation)) in equations.iter().zip(collocations).enumerate() {
            let losses = self.record_equation(plan, number, (equation, collocation), &sums, &mut begun)?;
            self.losses.push(losses);
            self.points += collocation.points.len();
        }
        for field in &self.fields {
            field.resident.record_gradient(plan, &field.gradient)?;
        }
        self.weigh(collocations)
    }

    /// Records the norms of the gradients of each equation's loss, for these points.
    pub fn record_norms(
        &self,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<Norms<T>, Error> {
        let mut recorded = Plan::new(&self.gpu, "norms of gradients");
        let plan = &mut recorded;
        let fields = self.fields.len();
        let results = self.gpu.buffer("squares of gradients", equations.len() * fields)?;
        let sums = self.fields.iter().map(|field| self.gpu.buffer("gradient", field.gradient.len()));
        let sums = sums.collect::<Result<Vec<Buffer<T>>, _>>()?;
        for field in &self.fields {
            field.resident.record_load(plan)?;
        }
        for (number, (equation, collocation)) in equations.iter().zip(collocations).enumerate() {
            let mut begun = vec![false; fields];
            self.record_equation(plan, number, (equation, collocation), &sums, &mut begun)?;
            let present = (0..fields).filter(|&field| begun[field]);
            for (field, sums) in present.map(|field| (field, &sums[field])) {
                self.fields[field].resident.record_gradient(plan, sums)?;
                let grid = Grid::reduction(&self.gpu, sums.len());
                let partials = self.gpu.buffer("partial squares", grid.groups as usize)?;
                let slot = (number * fields + field) as u32;
                Dot { x: sums, y: sums, partials: &partials, results: &results, slot, grid }.record(plan)?;
            }
        }
        Ok(Norms { plan: recorded, squares: results })
    }

    /// ‖∇ ω_b² mean_b R²‖ of each equation b by all parameters, where they stand.
    pub fn norms(&self, norms: &mut Norms<T>) -> Result<Vec<f64>, GpuError> {
        norms.plan.run()?;
        let squares = read(&self.gpu, &norms.squares)?;
        let by_equation = squares.chunks(self.fields.len().max(1)).zip(&self.balance);
        Ok(by_equation.map(|(squares, balance)| squares.iter().sum::<f64>().sqrt() / balance).collect())
    }

    /// The residual of one equation, and its part of the sums for each field; `begun` says for which fields there is some already. The
    /// losses of its points.
    fn record_equation(
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

    /// λ_b.
    pub fn balance(&self) -> &[f64] {
        &self.balance
    }

    /// Gives the losses other λ_b.
    pub fn rebalance(&mut self, balance: Vec<f64>, collocations: &[Collocation]) -> Result<(), Error> {
        self.balance = balance;
        self.weigh(collocations)
    }

    /// Writes the weights of the losses.
    fn weigh(&self, collocations: &[Collocation]) -> Result<(), Error> {
        let scale = |(block, balance): (&Collocation, &f64)| {
            T::from_f64(2.0 * balance * block.weight.powi(2) / block.points.len().max(1) as f64)
        };
        let scales: Vec<T> = collocations.iter().zip(&self.balance).map(scale).collect();
        Ok(self.gpu.write(&self.scales, 0, &scales)?)
    }

    /// Points of all equations.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Parameters of all fields, coefficients among them.
    pub fn parameters(&self) -> usize {
        self.fields.iter().map(|field| field.gradient.len()).sum()
    }

    /// ω² mean R² of each equation, for the parameters of the last gradient.
    pub fn losses(&self) -> Result<Vec<f64>, GpuError> {
        let sum = |(losses, balance): (&Buffer<T>, &f64)| {
            Ok(read(&self.gpu, losses)?.iter().sum::<f64>() / balance)
        };
        self.losses.iter().zip(&self.balance).map(sum).collect()
    }

    /// Σ_b λ_b ω_b² mean_b R² for the parameters of the last gradient.
    pub fn loss(&self) -> Result<f64, GpuError> {
        let parts = self.losses()?;
        Ok(parts.iter().zip(&self.balance).map(|(loss, balance)| balance * loss).sum())
    }

    /// The last gradient by the parameters of each field.
    pub fn slopes(&self) -> Result<Vec<Vec<f64>>, GpuError> {
        self.fields.iter().map(|field| read(&self.gpu, &field.gradient)).collect()
    }

    /// Numbers of all fields, one after another, as those of each.
    pub fn by_field(&self, numbers: &[f64]) -> Vec<Vec<f64>> {
        let mut rest = numbers;
        let of_field = |field: &Field<T>| {
            let (own, others) = rest.split_at(field.gradient.len().min(rest.len()));
            rest = others;
            own.to_vec()
        };
        self.fields.iter().map(of_field).collect()
    }

    /// The features and coefficients that parameters of each field stand for.
    pub fn on_host(&self, parameters: &[Vec<f64>]) -> Result<State, Error> {
        let (mut fields, mut c) = (Vec::new(), Vec::new());
        for (field, parameters) in self.fields.iter().zip(parameters) {
            let (features, coefficients) = field.resident.on_host(parameters)?;
            fields.push(features);
            c.extend(coefficients);
        }
        Ok(State::new(fields, c))
    }

    /// The parameters of each field as they are now.
    pub fn read(&self) -> Result<Vec<Vec<f64>>, GpuError> {
        self.fields.iter().map(|field| read(&self.gpu, field.resident.parameters())).collect()
    }

    /// Moves the parameters of each field there; `false` where these are others.
    pub fn set(&self, parameters: &[Vec<f64>]) -> Result<bool, GpuError> {
        let fits = parameters.len() == self.fields.len()
            && self
                .fields
                .iter()
                .zip(parameters)
                .all(|(field, numbers)| field.gradient.len() == numbers.len());
        if fits {
            let mut pairs = self.fields.iter().zip(parameters);
            pairs.try_for_each(|(field, numbers)| write(&self.gpu, field.resident.parameters(), numbers))?;
        }
        Ok(fits)
    }

    /// What is found with the parameters as they are now.
    pub fn found(&self) -> Result<State, Error> {
        self.on_host(&self.read()?)
    }
}

/// The numbers of a buffer, widened.
pub(super) fn read<T: Tier>(gpu: &Gpu, buffer: &Buffer<T>) -> Result<Vec<f64>, GpuError> {
    Ok(gpu.read(buffer)?.into_iter().map(T::widen).collect())
}

/// Writes all numbers of a buffer.
pub(super) fn write<T: Tier>(gpu: &Gpu, buffer: &Buffer<T>, numbers: &[f64]) -> Result<(), GpuError> {
    gpu.write(buffer, 0, &numbers.iter().map(|&number| T::from_f64(number)).collect::<Vec<T>>())
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
