//! The methods: which features span the trial space.

use std::sync::Arc;

use ansatz_features::{Features, Trainable};
use ansatz_optim::{AdamOptions, Lbfgs};
use ansatz_problem::{Domain, DomainError, Region, Sampler, Shape};

use super::PdeError as Error;
use super::mfac_steps::MfacOptions;

/// Collocation points for each feature, if their number is not given.
const POINTS_PER_FEATURE: usize = 4;

/// A family of features with fixed inner parameters, so that a linear problem is one least-squares solve.
pub trait Method: std::fmt::Debug + Sync {
    /// Its name, as in reports.
    fn name(&self) -> &'static str;

    /// What its features are, such as `sine`.
    fn family(&self) -> String;

    /// Features of each field.
    fn features(&self) -> usize;

    /// The scales of the features per coordinate, in units of half the side of the domain's box; one for all
    /// coordinates, or one for each. `None` has them chosen by a held-out residual.
    fn scales(&self) -> Option<&[f64]>;

    /// Whether its features can repeat themselves along a coordinate, so that periodicity is exact.
    fn is_periodic(&self) -> bool;

    /// Scales to choose from, for `features` features in `dimension` coordinates, from smooth to rough.
    fn ladder(&self, features: usize, dimension: usize) -> Vec<f64>;

    /// The features of a field before they are trained; `None` where the method trains nothing.
    ///
    /// # Errors
    /// As [`Method::draw`].
    fn trainable(
        &self,
        _frame: &Frame,
        _scales: &[f64],
        _seed: u64,
    ) -> Result<Option<Arc<dyn Trainable>>, Error> {
        Ok(None)
    }

    /// Collocation points inside for each field in `dimension` coordinates, if their number is not given.
    fn points(&self, _dimension: usize) -> usize {
        POINTS_PER_FEATURE * self.features()
    }

    /// What finds the coefficients, and the features where these are trained.
    fn optimizer(&self, linear: bool) -> &'static str {
        if linear { "least squares" } else { "Gauss–Newton" }
    }

    /// How features are trained.
    fn training(&self) -> Optimizer {
        Optimizer::default()
    }

    /// Most steps, if their number is not given.
    fn max_steps(&self) -> usize {
        30
    }

    /// Draws `features` features of a field, with a scale for each coordinate; every field has a `seed` of its own.
    ///
    /// # Errors
    /// Where the scales are no positive numbers, or the features have no such periods.
    fn draw(
        &self,
        frame: &Frame,
        features: usize,
        scales: &[f64],
        seed: u64,
    ) -> Result<Arc<dyn Features>, Error>;
}

/// How features are trained. Gradients of first-order methods are those of all points at once.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Optimizer {
    /// Steps of second order.
    #[default]
    LevenbergMarquardt,
    /// Steps of first order, all on the device.
    Adam(AdamOptions),
    /// Steps of first order in which the last few gradients stand for the curvature: loss and gradient come from the device, one
    /// line search for each step. Its own most iterations do not count, but the steps asked for; its noise is at least the rounding of the fit's
    /// precision.
    Lbfgs(Lbfgs),
    /// Adam for the first steps, then L-BFGS.
    AdamThenLbfgs {
        /// How Adam steps.
        adam: AdamOptions,
        /// Its steps.
        steps: usize,
        /// How L-BFGS goes on.
        lbfgs: Lbfgs,
    },
    /// Steps of first order along the gradient times the inverse Fisher matrix of the last gradients.
    Mfac(MfacOptions),
}

impl Optimizer {
    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LevenbergMarquardt => "Levenberg–Marquardt",
            Self::Adam(_) => "Adam",
            Self::Lbfgs(_) => "L-BFGS",
            Self::AdamThenLbfgs { .. } => "Adam, then L-BFGS",
            Self::Mfac(_) => "M-FAC",
        }
    }

    /// Most steps, if their number is not given.
    pub(super) fn max_steps(&self) -> usize {
        match self {
            Self::LevenbergMarquardt => 300,
            Self::Adam(_) => 20_000,
            Self::Lbfgs(_) | Self::Mfac(_) => 5_000,
            Self::AdamThenLbfgs { steps, .. } => steps.saturating_add(5_000),
        }
    }
}

/// What features must know of the domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The smallest coordinates of its points.
    pub low: Vec<f64>,
    /// The largest.
    pub high: Vec<f64>,
    /// The coordinates in which the solution is periodic.
    pub periodic: Vec<bool>,
}

impl Frame {
    /// Number of coordinates, time included.
    pub fn dimension(&self) -> usize {
        self.low.len()
    }

    /// The centre of the box.
    pub fn centre(&self) -> Vec<f64> {
        self.low.iter().zip(&self.high).map(|(low, high)| 0.5 * (low + high)).collect()
    }

    /// The sides of the box in which the solution is periodic.
    pub fn periods(&self) -> Vec<Option<f64>> {
        self.half_sides().iter().zip(&self.periodic).map(|(half, on)| on.then_some(2.0 * half)).collect()
    }

    /// Lengths in units of half the side: 1/scale along each coordinate.
    pub fn lengths(&self, scales: &[f64]) -> Vec<f64> {
        self.half_sides().iter().zip(scales).map(|(half, scale)| half / scale).collect()
    }

    /// Centres of Gaussians, point after point: they fill the box and a margin around it, but for coordinates in which the
    /// solution is periodic. Gaussians at the edge alone cannot bend freely there.
    ///
    /// # Errors
    /// Where the box has no volume, or there are too many.
    pub fn centres(&self, count: usize, seed: u64) -> Result<Vec<f64>, DomainError> {
        const MARGIN: f64 = 0.1;
        let half_sides = self.half_sides();
        let bounds: Vec<[f64; 2]> = (0..self.dimension())
            .map(|i| {
                let margin = if self.periodic[i] { 0.0 } else { MARGIN * half_sides[i] };
                [self.low[i] - margin, self.high[i] + margin]
            })
            .collect();
        let names = (0..self.dimension()).map(|i| format!("x{i}"));
        let around = Domain::named(Shape::cuboid(&bounds), names);
        Ok(around.sample(&Region::Interior, count, Sampler::Sobol, seed)?.coordinates)
    }

    /// Half the sides of the box.
    pub fn half_sides(&self) -> Vec<f64> {
        self.low.iter().zip(&self.high).map(|(low, high)| 0.5 * (high - low)).collect()
    }
}
