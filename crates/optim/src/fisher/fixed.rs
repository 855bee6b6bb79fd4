//! M-FAC's static algorithm: all gradients at once.

use super::{FisherError, check, check_damping};
use crate::vector::{add, dot};

/// F⁻¹ = λ⁻¹I − Σ_i v_i v_iᵀ/(m + g_iᵀv_i), where v_i = F_{i−1}⁻¹ g_i: the formula of Sherman and Morrison, applied to one
/// gradient after the other and unrolled (Frantar, Kurtic and Alistarh, NeurIPS 2021, section 3).
///
/// ```
/// use ansatz_optim::StaticFisher;
///
/// // F = 1·I + (1/1) (1, 2)(1, 2)ᵀ = [2 2; 2 5]
/// let fisher = StaticFisher::new(&[vec![1.0, 2.0]], 1.0)?;
/// let x = fisher.apply(&[2.0, 5.0]);
/// assert!(x[0].abs() < 1e-15 && (x[1] - 1.0).abs() < 1e-15);
/// assert!((fisher.diagonal()[0] - 5.0 / 6.0).abs() < 1e-15);
/// # Ok::<(), ansatz_optim::FisherError>(())
/// ```
#[derive(Debug, Clone)]
pub struct StaticFisher {
    pub(super) damping: f64,
    pub(super) parameters: usize,
    /// v_i, and 1/(m + g_iᵀv_i).
    pub(super) terms: Vec<(Vec<f64>, f64)>,
}

impl StaticFisher {
    /// Of these gradients, all of one length, with λ = `damping`.
    ///
    /// # Errors
    /// [`FisherError`]: no gradients, different lengths, numbers that are not finite, a λ that is not positive.
    pub fn new(gradients: &[Vec<f64>], damping: f64) -> Result<Self, FisherError> {
        check_damping(damping)?;
        let parameters = gradients.first().ok_or(FisherError::Empty)?.len();
        let mut fisher = Self { damping, parameters, terms: Vec::with_capacity(gradients.len()) };
        for gradient in gradients {
            check(gradient, parameters)?;
            let v = fisher.apply(gradient);
            let weight = 1.0 / (gradients.len() as f64 + dot(gradient, &v));
            fisher.terms.push((v, weight));
        }
        Ok(fisher)
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// F⁻¹x.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut y: Vec<f64> = x.iter().map(|x| x / self.damping).collect();
        for (v, weight) in &self.terms {
            add(&mut y, -weight * dot(v, x), v);
        }
        y
    }

    /// The diagonal of F⁻¹.
    pub fn diagonal(&self) -> Vec<f64> {
        let mut diagonal = vec![1.0 / self.damping; self.parameters];
        for (v, weight) in &self.terms {
            diagonal.iter_mut().zip(v).for_each(|(d, v)| *d -= weight * v * v);
        }
        diagonal
    }
}
