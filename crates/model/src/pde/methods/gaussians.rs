//! Gaussians with fixed centres and widths: u = Σ_j c_j exp(−½ Σ_i ((x_i − μ_ji)/σ_i)²).

use std::sync::Arc;

use ansatz_features::Features;
use ansatz_gaussian::ProductGaussians;

use crate::pde::{Frame, Method, PdeError};

/// Gaussians whose centres fill the domain's box and a margin around it; along a period they repeat.
///
/// ```
/// use ansatz::pde::Gaussians;
/// let method = Gaussians::new(800).with_width(&[0.2]);
/// assert_eq!(method.features, 800);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussians {
    /// Gaussians of each field.
    pub features: usize,
    /// 1/σ in units of 1/half the side of the domain's box: one, or one for each coordinate. Chosen by a held-out residual
    /// if not given.
    pub bandwidth: Option<Vec<f64>>,
}

impl Gaussians {
    /// `features` Gaussians for each field; their width is to be chosen.
    pub fn new(features: usize) -> Self {
        Self { features, bandwidth: None }
    }

    /// With this width σ in units of half the side of the domain's box: one for all coordinates, or one for each.
    pub fn with_width(mut self, width: &[f64]) -> Self {
        self.bandwidth = Some(width.iter().map(|width| 1.0 / width).collect());
        self
    }
}

impl Method for Gaussians {
    fn name(&self) -> &'static str {
        "gaussians"
    }

    fn family(&self) -> String {
        "product Gaussian".to_owned()
    }

    fn features(&self) -> usize {
        self.features
    }

    fn scales(&self) -> Option<&[f64]> {
        self.bandwidth.as_deref()
    }

    fn is_periodic(&self) -> bool {
        true
    }

    fn ladder(&self, features: usize, dimension: usize) -> Vec<f64> {
        // Widths from twelve times the distance of neighbours to half of it, every half octave: wide ones are accurate, but
        // hardly differ from each other.
        let distance = 2.0 * (features as f64).powf(-1.0 / dimension as f64);
        (0..=9).map(|half_octaves| 2.0_f64.powf(0.5 * f64::from(half_octaves)) / (12.0 * distance)).collect()
    }

    fn draw(
        &self,
        frame: &Frame,
        features: usize,
        scales: &[f64],
        seed: u64,
    ) -> Result<Arc<dyn Features>, PdeError> {
        let centres = frame.centres(features, seed)?;
        let (widths, periods) = (frame.lengths(scales), frame.periods());
        Ok(Arc::new(ProductGaussians::new(frame.dimension(), centres, widths, periods)?))
    }
}
