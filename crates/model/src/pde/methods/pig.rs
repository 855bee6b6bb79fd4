//! Physics-informed Gaussians: a small network over sums of Gaussians, all of it trained.

use std::sync::Arc;

use ansatz_features::{Features, Trainable};
use ansatz_gaussian::{FullGaussians, GaussianSum, PigNetwork, ProductGaussians, TrainedGaussians};

use crate::pde::{Frame, Method, Optimizer, PdeError};

/// Physics-informed Gaussians (Kang et al., ICLR 2025): u = c_0 + Σ_h c_h tanh(b_h + Σ_k W_hk φ_k(x)), where each φ_k is a sum of
/// Gaussians of its own with trained amplitudes, centres and widths. Without hidden units, u is one such sum.
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
    /// Embeddings φ_k, 1 to 8; one, if there are no hidden units.
    pub embeddings: usize,
    /// Hidden units, at most 64; 0 for the identity as the head.
    pub units: usize,
    /// 1/σ before the training, in units of 1/half the side of the domain's box: one, or one for each coordinate.
    pub bandwidth: Vec<f64>,
    /// The covariance of each Gaussian.
    pub covariance: Covariance,
    /// How it is trained.
    pub optimizer: Optimizer,
}

/// How Gaussians may be shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Covariance {
    /// A width along each coordinate.
    #[default]
    Diagonal,
    /// Any ellipsoid, so that Gaussians turn along fronts and layers, with half as many parameters again in two dimensions. None is
    /// periodic: a periodic condition is one that the fit fulfils as well as it can.
    Full,
}

impl Pig {
    /// Four embeddings of `gaussians` Gaussians each, and sixteen hidden units, as in the paper; σ is 0.3.
    pub fn new(gaussians: usize) -> Self {
        Self {
            gaussians,
            embeddings: 4,
            units: 16,
            bandwidth: vec![1.0 / 0.3],
            covariance: Covariance::default(),
            optimizer: Optimizer::default(),
        }
    }

    fn network(&self, frame: &Frame, scales: &[f64], seed: u64) -> Result<Arc<dyn Trainable>, PdeError> {
        let embedding = |k: usize| {
            let (d, widths) = (frame.dimension(), frame.lengths(scales));
            let centres = frame.centres(self.gaussians, seed.wrapping_add(k as u64))?;
            Ok(match self.covariance {
                Covariance::Diagonal => ProductGaussians::new(d, centres, widths, frame.periods())?.into(),
                Covariance::Full => {
                    let entry =
                        |at: usize| if at.is_multiple_of(d + 1) { widths[at % d].powi(-2) } else { 0.0 };
                    let precision: Vec<f64> = (0..d * d).map(entry).collect();
                    FullGaussians::new(d, centres, precision.repeat(self.gaussians))?.into()
                }
            })
        };
        if self.units == 0 {
            return Ok(Arc::new(GaussianSum::new(embedding(0)?)));
        }
        let embeddings =
            (0..self.embeddings).map(embedding).collect::<Result<Vec<TrainedGaussians>, PdeError>>()?;
        Ok(Arc::new(PigNetwork::new(embeddings, self.units, 0.3, seed)?))
    }
}

impl Method for Pig {
    fn name(&self) -> &'static str {
        "pig"
    }

    fn family(&self) -> String {
        let gaussians = match self.covariance {
            Covariance::Diagonal => "product Gaussians",
            Covariance::Full => "Gaussians of full covariance",
        };
        if self.units == 0 { gaussians.to_owned() } else { format!("tanh over {gaussians}") }
    }

    fn features(&self) -> usize {
        if self.units == 0 { self.gaussians } else { self.embeddings.saturating_mul(self.gaussians) }
    }

    fn scales(&self) -> Option<&[f64]> {
        Some(&self.bandwidth)
    }

    fn is_periodic(&self) -> bool {
        self.covariance == Covariance::Diagonal
    }

    fn ladder(&self, _features: usize, _dimension: usize) -> Vec<f64> {
        Vec::new()
    }

    fn points(&self, dimension: usize) -> usize {
        // Steps of second order fit what they see: ten points for each parameter keep them honest.
        let of_covariance = match self.covariance {
            Covariance::Diagonal => dimension,
            Covariance::Full => dimension * (dimension + 1) / 2,
        };
        self.features().saturating_mul(10 * (1 + dimension + of_covariance))
    }

    fn optimizer(&self, _linear: bool) -> &'static str {
        self.optimizer.name()
    }

    fn training(&self) -> Optimizer {
        self.optimizer
    }

    fn max_steps(&self) -> usize {
        self.optimizer.max_steps()
    }

    fn trainable(
        &self,
        frame: &Frame,
        scales: &[f64],
        seed: u64,
    ) -> Result<Option<Arc<dyn Trainable>>, PdeError> {
        Ok(Some(self.network(frame, scales, seed)?))
    }

    fn draw(
        &self,
        frame: &Frame,
        _features: usize,
        scales: &[f64],
        seed: u64,
    ) -> Result<Arc<dyn Features>, PdeError> {
        Ok(self.network(frame, scales, seed)?)
    }
}
