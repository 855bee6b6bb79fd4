//! The methods: which features span the trial space.

use std::sync::Arc;

use ansatz_features::{Features, Trainable};

use super::PdeError as Error;

/// A family of features with fixed inner parameters, so that a linear problem is one least-squares solve.
pub trait Method: std::fmt::Debug + Sync {
    /// Its name, as in reports.
    fn name(&self) -> &'static str;

    /// What its features are, such as `sine`.
    fn family(&self) -> &'static str;

    /// Features of each field.
    fn features(&self) -> usize;

    /// The scales of the features per coordinate, in units of half the side of the domain's box; one for all
    /// coordinates, or one for each. `None` has them chosen by a held-out residual.
    fn scales(&self) -> Option<&[f64]>;

    /// Whether its features can repeat themselves along a coordinate, so that periodicity is exact.
    fn is_periodic(&self) -> bool;

    /// Scales to choose from, for `features` features in `dimension` coordinates, from smooth to rough.
    fn ladder(&self, features: usize, dimension: usize) -> Vec<f64>;

    /// The features of field number `field` before they are trained; `None` where the method trains nothing.
    ///
    /// # Errors
    /// As [`Method::draw`].
    fn trainable(
        &self,
        _frame: &Frame,
        _scales: &[f64],
        _seed: u64,
        _field: usize,
    ) -> Result<Option<Arc<dyn Trainable>>, Error> {
        Ok(None)
    }

    /// Most steps, if their number is not given.
    fn max_steps(&self) -> usize {
        30
    }

    /// Draws `features` features of field number `field`, with a scale for each coordinate.
    ///
    /// # Errors
    /// Where the scales are no positive numbers, or the features have no such periods.
    fn draw(
        &self,
        frame: &Frame,
        features: usize,
        scales: &[f64],
        seed: u64,
        field: usize,
    ) -> Result<Arc<dyn Features>, Error>;
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

    /// Half the sides of the box.
    pub fn half_sides(&self) -> Vec<f64> {
        self.low.iter().zip(&self.high).map(|(low, high)| 0.5 * (high - low)).collect()
    }
}
