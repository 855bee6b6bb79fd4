//! The gradient of the loss by all parameters, which stay on the device.

use std::sync::Arc;

use ansatz_expr::Scalar;
use ansatz_features::{Resident, Trainable};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_linalg::{Dot, Grid};

use super::equation::Equation;
use super::state::State;
use super::tier::Tier;
use super::{Collocation, PdeError as Error};

/// ∇ Σ_b λ_b ω_b² mean_b R²: embeddings, residuals and derivatives all happen on the device, and nothing of it grows with the number of
/// points but what each point has.
pub(super) struct Gradient<T: Tier> {
    pub gpu: Gpu,
    pub fields: Vec<Field<T>>,
    /// 2 λ_b ω_b²/points of each equation.
    pub scales: Buffer<T>,
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
    /// Whether it is a single number, as unknown parameters are.
    pub is_number: bool,
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
            let gradient = gpu.buffer("gradient", resident.parameters().len())?;
            Ok(Field { resident, gradient, is_number: features.parameters() == 1 })
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

    /// All of it, recorded for these points.
    pub fn plan(
        &mut self,
        label: &str,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<Plan, Error> {
        let mut recorded = Plan::new(&self.gpu, label);
        let plan = &mut recorded;
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
        self.weigh(collocations)?;
        Ok(recorded)
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

pub(super) fn setting<R>(value: &str, expected: &'static str) -> Result<R, Error> {
    Err(Error::Setting { name: "optimizer", value: value.to_owned(), expected })
}
