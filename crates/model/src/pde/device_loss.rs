//! What a device has of a loss while features are trained: made once for the points, and refilled in each step.

use std::sync::Arc;

use super::PdeError as Error;
use super::collocation::{DeviceCollocation, linearise_on_host};
use super::equation::Linearised;
use super::jacobian::DeviceJacobian;
use super::loss::Loss;
use super::matrix_free::MatrixFree;
use super::step::Form;
use super::tier::Tier;
use super::trial::Trial;
use super::values::DeviceValues;

/// A loss at its points, for features of one shape.
pub(super) struct DeviceLoss<T: Tier> {
    pub evaluation: Evaluation<T>,
    /// Along tangent functions.
    pub along: Along<T>,
    /// By the coefficients alone, where they are solved for after each step.
    pub by_coefficients: Option<DeviceJacobian<T>>,
}

impl<T: Tier> DeviceLoss<T> {
    /// Records all of it for features of these shapes, and their tangent functions.
    pub fn new(
        loss: &Loss<'_>,
        (trial, tangent): (&Trial, &Trial),
        form: Form,
        projection: bool,
    ) -> Result<Self, Error> {
        let points = loss.points::<T>(trial)?;
        let along = match form {
            Form::ConjugateGradients => {
                Along::Free(MatrixFree::new(loss.gpu, tangent, loss.equations, &loss.collocations)?)
            }
            Form::Qr | Form::Kernel => Along::Kept(DeviceJacobian::new(&points, tangent)?),
        };
        let by_coefficients = projection.then(|| DeviceJacobian::new(&points, trial)).transpose()?;
        Ok(Self { evaluation: Evaluation::new(&points, trial)?, along, by_coefficients })
    }
}

/// What finds R and its partial derivatives at all points: in f64 the device. What steps are judged by is not rounded to f32: amplitudes
/// that cancel each other would leave nothing of the residual. So steps in f32 are those of iterative refinement.
pub(super) struct Evaluation<T>(Option<DeviceValues<T>>);

impl<T: Tier> Evaluation<T> {
    pub fn new(points: &Arc<DeviceCollocation<T>>, trial: &Trial) -> Result<Self, Error> {
        Ok(Self(if T::IS_F64 { Some(DeviceValues::new(points, trial)?) } else { None }))
    }

    /// For u = Σ c_j φ_j with the features of `trial`, which take the place of those before.
    pub fn at(&mut self, loss: &Loss<'_>, trial: &Trial, c: &[f64]) -> Result<Vec<Linearised>, Error> {
        if let Some(values) = &self.0 {
            values.load(trial)?;
        }
        self.at_coefficients(loss, trial, c)
    }

    /// The same with the features that are there.
    pub fn at_coefficients(
        &mut self,
        loss: &Loss<'_>,
        trial: &Trial,
        c: &[f64],
    ) -> Result<Vec<Linearised>, Error> {
        let (equations, collocations) = (loss.equations, &loss.collocations);
        match &mut self.0 {
            Some(values) => Ok(values.linearise((trial, c), equations, collocations)?),
            None => Ok(linearise_on_host(trial, c, equations, collocations)),
        }
    }
}

/// The Jacobian along tangent functions.
pub(super) enum Along<T: Tier> {
    Kept(DeviceJacobian<T>),
    /// Its rows are made again for each product.
    Free(MatrixFree<T>),
}

impl<T: Tier> Along<T> {
    /// Makes it that of these tangent functions, for R and its partial derivatives `at` the points.
    pub fn fill(&mut self, loss: &Loss<'_>, tangent: &Trial, at: &[Linearised]) -> Result<(), Error> {
        match self {
            Self::Kept(jacobian) => jacobian.load(tangent)?,
            Self::Free(jacobian) => jacobian.load(tangent)?,
        }
        self.weigh(loss, at)
    }

    /// The same after the weights of the loss have changed.
    pub fn weigh(&mut self, loss: &Loss<'_>, at: &[Linearised]) -> Result<(), Error> {
        match self {
            Self::Kept(jacobian) => _ = jacobian.assemble(at, &loss.weights())?,
            Self::Free(jacobian) => jacobian.weigh(at, &loss.weights())?,
        }
        Ok(())
    }

    /// λ_b ω_b² mean_b ‖∇R‖² of each condition b: the squares of its rows.
    pub fn traces(&mut self, loss: &Loss<'_>) -> Result<Vec<f64>, Error> {
        match self {
            Self::Kept(jacobian) => Ok(jacobian.traces()?),
            Self::Free(jacobian) => jacobian.traces(loss.equations.len()),
        }
    }
}
