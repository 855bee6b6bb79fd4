//! Physics-informed Gaussians: a small network over sums of Gaussians, all of it trained.

use std::sync::Arc;

use ansatz_features::{Features, Trainable};
use ansatz_gaussian::{PigNetwork, ProductGaussians};
use ansatz_problem::{Domain, Region, Sampler, Shape};

use crate::pde::{Frame, Method, PdeError};

/// Physics-informed Gaussians (Kang et al., ICLR 2025): u = c_0 + Σ_h c_h tanh(b_h + Σ_k W_hk φ_k(x)), where each φ_k is a sum of
/// Gaussians of its own with trained amplitudes, centres and widths. Trained by Levenberg and Marquardt.
///
/// ```
/// use ansatz::pde::Pig;
/// let method = Pig { embeddings: 2, ..Pig::new(50) };
/// assert_eq!(method.units, 16);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Pig {
    /// Gaussians of each embedding.
    pub gaussians: usize,
    /// Embeddings φ_k, 1 to 8.
    pub embeddings: usize,
    /// Hidden units, 1 to 64.
    pub units: usize,
    /// 1/σ before the training, in units of 1/half the side of the domain's box: one, or one for each coordinate.
    pub bandwidth: Vec<f64>,
}

/// The margin around the box, in units of its half sides: Gaussians at the edge alone cannot bend freely there.
const MARGIN: f64 = 0.1;

impl Pig {
    /// Four embeddings of `gaussians` Gaussians each, and sixteen hidden units, as in the paper; σ is 0.3.
    pub fn new(gaussians: usize) -> Self {
        Self { gaussians, embeddings: 4, units: 16, bandwidth: vec![1.0 / 0.3] }
    }

    fn network(
        &self,
        frame: &Frame,
        scales: &[f64],
        seed: u64,
        field: usize,
    ) -> Result<PigNetwork, PdeError> {
        let half_sides = frame.half_sides();
        let bounds: Vec<[f64; 2]> = (0..frame.dimension())
            .map(|i| {
                let margin = if frame.periodic[i] { 0.0 } else { MARGIN * half_sides[i] };
                [frame.low[i] - margin, frame.high[i] + margin]
            })
            .collect();
        let names = (0..frame.dimension()).map(|i| format!("x{i}"));
        let around = Domain::named(Shape::cuboid(&bounds), names);
        let seed = seed.wrapping_add((field as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let widths: Vec<f64> = half_sides.iter().zip(scales).map(|(half, scale)| half / scale).collect();
        let periods: Vec<_> =
            half_sides.iter().zip(&frame.periodic).map(|(half, on)| on.then_some(2.0 * half)).collect();
        let embeddings = (0..self.embeddings)
            .map(|k| {
                let seed = seed.wrapping_add(k as u64);
                let centres = around.sample(&Region::Interior, self.gaussians, Sampler::Sobol, seed)?;
                let centres = centres.coordinates;
                Ok(ProductGaussians::new(frame.dimension(), centres, widths.clone(), periods.clone())?)
            })
            .collect::<Result<Vec<_>, PdeError>>()?;
        Ok(PigNetwork::new(embeddings, self.units, 1.0, seed)?)
    }
}

impl Method for Pig {
    fn name(&self) -> &'static str {
        "pig"
    }

    fn family(&self) -> &'static str {
        "tanh over product Gaussians"
    }

    fn features(&self) -> usize {
        self.embeddings * self.gaussians
    }

    fn scales(&self) -> Option<&[f64]> {
        Some(&self.bandwidth)
    }

    fn is_periodic(&self) -> bool {
        true
    }

    fn ladder(&self, _features: usize, _dimension: usize) -> Vec<f64> {
        Vec::new()
    }

    fn max_steps(&self) -> usize {
        300
    }

    fn trainable(
        &self,
        frame: &Frame,
        scales: &[f64],
        seed: u64,
        field: usize,
    ) -> Result<Option<Arc<dyn Trainable>>, PdeError> {
        Ok(Some(Arc::new(self.network(frame, scales, seed, field)?)))
    }

    fn draw(
        &self,
        frame: &Frame,
        _features: usize,
        scales: &[f64],
        seed: u64,
        field: usize,
    ) -> Result<Arc<dyn Features>, PdeError> {
        Ok(Arc::new(self.network(frame, scales, seed, field)?))
    }
}
