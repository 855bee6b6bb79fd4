//! A sum of Gaussians whose amplitudes, centres and widths move.

use ansatz_features::{FeatureError, Features, MultiIndex};

use super::dot;
use crate::ProductGaussians;

/// A step moves a centre by at most this part of its width, and changes a width by at most this factor's logarithm: further
/// away, the tangent says nothing.
const LONGEST: f64 = 0.5;
/// φ = Σ_i w_i G_i.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Embedding {
    pub gaussians: ProductGaussians,
    /// w_ki.
    pub amplitudes: Vec<f64>,
}

/// What a tangent function is the derivative by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    /// μ_i. ∂G/∂μ = −∂G/∂x.
    Centre(usize),
    /// log σ_i. A Gaussian of constant mass, (1/σ) G, solves the heat equation: ∂(G/σ)/∂σ = σ ∂²(G/σ)/∂x². So with the
    /// amplitude changing as 1/σ, the derivative is σ² ∂²G/∂x².
    Width(usize),
}

impl Shift {
    /// α and what the derivative by this parameter adds to it.
    pub fn of(self, term: &MultiIndex) -> MultiIndex {
        let mut shifted = *term;
        match self {
            Self::Centre(i) => shifted.0[i] += 1,
            Self::Width(i) => shifted.0[i] += 2,
        }
        shifted
    }
}

impl Embedding {
    /// The parameters of each Gaussian beside its amplitude. Periodic Gaussians keep their widths.
    pub fn shifts(&self) -> Vec<Shift> {
        let periods = self.gaussians.periods();
        let widths = (0..periods.len()).filter(|&i| periods[i].is_none()).map(Shift::Width);
        (0..periods.len()).map(Shift::Centre).chain(widths).collect()
    }

    /// What the derivatives by the amplitude and by each of the other parameters add to the order of a term.
    pub fn all_shifts(&self) -> Vec<MultiIndex> {
        let value = MultiIndex::VALUE;
        std::iter::once(value).chain(self.shifts().into_iter().map(|shift| shift.of(&value))).collect()
    }

    /// What an optimiser on a device moves: amplitudes, centres and log σ, the latter two coordinate by coordinate.
    pub fn parameters(&self) -> Vec<f64> {
        let (d, centres, widths) =
            (self.gaussians.dimensions(), self.gaussians.centres(), self.gaussians.widths());
        let mut parameters = self.amplitudes.clone();
        for shift in self.shifts() {
            match shift {
                Shift::Centre(i) => parameters.extend(centres.iter().skip(i).step_by(d)),
                Shift::Width(i) => {
                    parameters.extend(widths.iter().skip(i).step_by(d).map(|width| width.ln()))
                }
            }
        }
        parameters
    }

    /// With other [parameters](Self::parameters), as many as these.
    pub fn with_parameters(&self, parameters: &[f64]) -> Result<Self, FeatureError> {
        let (n, d) = (self.gaussians.len(), self.gaussians.dimensions());
        let (mut centres, mut widths) = (self.gaussians.centres(), self.gaussians.widths());
        for (shift, values) in self.shifts().into_iter().zip(parameters[n..].chunks(n.max(1))) {
            for (j, &value) in values.iter().enumerate() {
                match shift {
                    Shift::Centre(i) => centres[j * d + i] = value,
                    Shift::Width(i) => widths[j * d + i] = value.exp(),
                }
            }
        }
        let gaussians = ProductGaussians::new(d, centres, widths, self.gaussians.periods().to_vec())?;
        Ok(Self { gaussians, amplitudes: parameters[..n].to_vec() })
    }

    /// Steps that change amplitudes by their root mean square, centres by σ and widths by a factor e.
    pub fn step_units(&self) -> Vec<f64> {
        let (n, d, widths) = (self.gaussians.len(), self.gaussians.dimensions(), self.gaussians.widths());
        let size = (dot(&self.amplitudes, &self.amplitudes) / n as f64).sqrt();
        let mut units = vec![size; n];
        for shift in self.shifts() {
            units.extend(self.amplitudes.iter().enumerate().map(|(j, w)| match shift {
                Shift::Centre(i) => w.abs() * widths[j * d + i],
                Shift::Width(i) => w.abs() * widths[j * d + i].powi(2),
            }));
        }
        units
    }

    /// After a step along ∂φ/∂w = G, and ∂G/∂x_i and ∂²G/∂x_i² in place of the derivatives by centres and widths.
    pub fn moved(&self, step: &[f64]) -> Result<Self, FeatureError> {
        let (n, d) = (self.gaussians.len(), self.gaussians.dimensions());
        let (mut centres, mut widths) = (self.gaussians.centres(), self.gaussians.widths());
        let mut amplitudes: Vec<f64> = self.amplitudes.iter().zip(step).map(|(w, step)| w + step).collect();
        let bounded = |x: f64| if x.is_nan() { 0.0 } else { x.clamp(-LONGEST, LONGEST) };
        for (shift, step) in self.shifts().into_iter().zip(step[n..].chunks(n)) {
            for (j, &step) in step.iter().enumerate() {
                let w = self.amplitudes[j];
                match shift {
                    Shift::Centre(i) => {
                        let at = j * d + i;
                        let width = widths[at];
                        centres[at] += width * bounded(-step / (w * width));
                    }
                    Shift::Width(i) => {
                        let at = j * d + i;
                        let growth = bounded(step / (w * widths[at] * widths[at]));
                        widths[at] *= growth.exp();
                        amplitudes[j] *= (-growth).exp();
                    }
                }
            }
        }
        let gaussians = ProductGaussians::new(d, centres, widths, self.gaussians.periods().to_vec())?;
        Ok(Self { gaussians, amplitudes })
    }
}
