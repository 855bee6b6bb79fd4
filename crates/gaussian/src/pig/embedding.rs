//! A sum of Gaussians whose amplitudes, centres and covariances move.

use ansatz_features::{FeatureError, Features, MultiIndex};

use super::TrainedGaussians;
use super::{dot, free, full_step};
use crate::ProductGaussians;
use crate::form::Form;

/// A step moves a centre by at most this part of its width, and changes a width by at most this factor's logarithm: further
/// away, the tangent says nothing.
pub(super) const LONGEST: f64 = 0.5;

/// φ = Σ_i w_i G_i.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Embedding {
    pub gaussians: TrainedGaussians,
    /// w_ki.
    pub amplitudes: Vec<f64>,
}

/// What a tangent function is the derivative by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    /// μ_i. ∂G/∂μ = −∂G/∂x.
    Centre(usize),
    /// Entry ik of the covariance Σ, i ≤ k; of a diagonal one σ_i² alone. A Gaussian of constant mass solves the heat equation:
    /// G/√|Σ| moves with Σ by ½ Σ_ik dΣ_ik ∂_ik(G/√|Σ|). So with the amplitude changing as 1/√|Σ|, the derivative is ∂_ik G but
    /// for a factor.
    Spread(usize, usize),
}

impl Shift {
    /// α and what the derivative by this parameter adds to it.
    pub fn of(self, term: &MultiIndex) -> MultiIndex {
        let mut shifted = *term;
        match self {
            Self::Centre(i) => shifted.0[i] += 1,
            Self::Spread(i, k) => {
                shifted.0[i] += 1;
                shifted.0[k] += 1;
            }
        }
        shifted
    }
}

impl Embedding {
    /// The parameters of each Gaussian beside its amplitude. Periodic Gaussians keep their widths.
    pub fn shifts(&self) -> Vec<Shift> {
        let form = self.gaussians.form();
        let spreads: Vec<Shift> = match &form {
            Form::Product(periods) => {
                let free = (0..periods.len()).filter(|&i| periods[i].is_none());
                free.map(|i| Shift::Spread(i, i)).collect()
            }
            Form::Full(d) => (0..*d).flat_map(|i| (i..*d).map(move |k| Shift::Spread(i, k))).collect(),
        };
        (0..form.dimensions()).map(Shift::Centre).chain(spreads).collect()
    }

    /// What the derivatives by the amplitude and by each of the other parameters add to the order of a term.
    pub fn all_shifts(&self) -> Vec<MultiIndex> {
        let value = MultiIndex::VALUE;
        std::iter::once(value).chain(self.shifts().into_iter().map(|shift| shift.of(&value))).collect()
    }

    /// What an optimiser on a device moves: amplitudes, and for each shift what [`free`] says.
    pub fn parameters(&self) -> Vec<f64> {
        [self.amplitudes.clone(), free::parameters(&self.gaussians, &self.shifts())].concat()
    }

    /// With other [parameters](Self::parameters), as many as these.
    pub fn with_parameters(&self, parameters: &[f64]) -> Result<Self, FeatureError> {
        let (amplitudes, rest) = parameters.split_at(self.gaussians.len());
        let gaussians = free::with_parameters(&self.gaussians, &self.shifts(), rest)?;
        Ok(Self { gaussians, amplitudes: amplitudes.to_vec() })
    }

    /// Steps that change amplitudes by their root mean square, centres by σ and widths by a factor e.
    pub fn step_units(&self) -> Vec<f64> {
        let (n, d, widths) = (self.gaussians.len(), self.gaussians.dimensions(), self.gaussians.widths());
        let size = (dot(&self.amplitudes, &self.amplitudes) / n as f64).sqrt();
        let mut units = vec![size; n];
        for shift in self.shifts() {
            units.extend(self.amplitudes.iter().enumerate().map(|(j, w)| match shift {
                Shift::Centre(i) => w.abs() * widths[j * d + i],
                Shift::Spread(i, k) => w.abs() * widths[j * d + i] * widths[j * d + k],
            }));
        }
        units
    }

    /// After a step along ∂φ/∂w = G, and ∂_i G and ∂_ik G in place of the derivatives by centres and covariances.
    pub fn moved(&self, step: &[f64]) -> Result<Self, FeatureError> {
        let (of_amplitudes, rest) = step.split_at(self.gaussians.len());
        let mut amplitudes: Vec<f64> =
            self.amplitudes.iter().zip(of_amplitudes).map(|(w, step)| w + step).collect();
        let gaussians = match &self.gaussians {
            TrainedGaussians::Product(gaussians) => self.product(gaussians, rest, &mut amplitudes)?.into(),
            TrainedGaussians::Full(gaussians) => {
                full_step::moved(gaussians, &self.amplitudes, rest, &mut amplitudes)?.into()
            }
        };
        Ok(Self { gaussians, amplitudes })
    }

    fn product(
        &self,
        gaussians: &ProductGaussians,
        step: &[f64],
        amplitudes: &mut [f64],
    ) -> Result<ProductGaussians, FeatureError> {
        let (n, d) = (gaussians.len(), gaussians.dimensions());
        let (mut centres, mut widths) = (gaussians.centres(), gaussians.widths());
        let bounded = |x: f64| if x.is_nan() { 0.0 } else { x.clamp(-LONGEST, LONGEST) };
        for (shift, step) in self.shifts().into_iter().zip(step.chunks(n.max(1))) {
            for (j, &step) in step.iter().enumerate() {
                let w = self.amplitudes[j];
                match shift {
                    Shift::Centre(i) => {
                        let at = j * d + i;
                        let width = widths[at];
                        centres[at] += width * bounded(-step / (w * width));
                    }
                    Shift::Spread(i, _) => {
                        let at = j * d + i;
                        let growth = bounded(step / (w * widths[at] * widths[at]));
                        widths[at] *= growth.exp();
                        amplitudes[j] *= (-growth).exp();
                    }
                }
            }
        }
        ProductGaussians::new(d, centres, widths, gaussians.periods().to_vec())
    }
}
