//! M-FAC's dynamic algorithm: a window of gradients that slides.

use std::collections::VecDeque;

use super::{FisherError, check, check_damping};
use crate::vector::{add, dot};

/// F⁻¹x = λ⁻¹(x − Σ_i c_i g_i), where (mλI + GGᵀ) c = Gx and the gradients in the window are the rows of G.
///
/// The coefficients c are those of Frantar, Kurtic and Alistarh (NeurIPS 2021, section 3), who eliminate in mI + GGᵀ/λ. Here
/// its triangle L, LLᵀ = mλI + GGᵀ, is kept and changed along with the window: a new gradient appends a row, and what follows
/// one that is left out takes up that one's column by rotations (Gill, Golub, Murray and Saunders, Math. Comp. 28, 1974), O(m²)
/// each. m is the room in the window, whether or not it is full: gradients that are not there yet count as zero.
///
/// ```
/// use ansatz_optim::SlidingFisher;
///
/// let mut fisher = SlidingFisher::new(2, 2, 1.0)?;
/// fisher.push(vec![7.0, -3.0])?;
/// fisher.push(vec![2.0, 0.0])?;
/// fisher.push(vec![0.0, 4.0])?;
/// // The first has left. F = I + ½ (4 e₀e₀ᵀ + 16 e₁e₁ᵀ) = diag(3, 9)
/// let x = fisher.apply(&[3.0, 9.0]);
/// assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] - 1.0).abs() < 1e-14);
/// # Ok::<(), ansatz_optim::FisherError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SlidingFisher {
    parameters: usize,
    window: usize,
    damping: f64,
    /// The oldest first.
    gradients: VecDeque<Vec<f64>>,
    /// The rows of L, up to the diagonal.
    factor: Vec<Vec<f64>>,
}

impl SlidingFisher {
    /// An empty window with room for `window` gradients of `parameters` entries, and λ = `damping`.
    ///
    /// # Errors
    /// [`FisherError::Empty`] without room, [`FisherError::Damping`].
    pub fn new(parameters: usize, window: usize, damping: f64) -> Result<Self, FisherError> {
        check_damping(damping)?;
        if window == 0 {
            return Err(FisherError::Empty);
        }
        Ok(Self { parameters, window, damping, gradients: VecDeque::new(), factor: Vec::new() })
    }

    /// Number of gradients in the window.
    pub fn len(&self) -> usize {
        self.gradients.len()
    }

    /// Whether the window is empty: then F = λI.
    pub fn is_empty(&self) -> bool {
        self.gradients.is_empty()
    }

    /// Takes a gradient in; the oldest leaves a full window.
    ///
    /// # Errors
    /// [`FisherError::Length`] and [`FisherError::NonFinite`]: the window stays as it was.
    pub fn push(&mut self, gradient: Vec<f64>) -> Result<(), FisherError> {
        check(&gradient, self.parameters)?;
        if self.len() == self.window {
            self.remove(0);
        }
        let mut row = self.forward(self.products(&gradient));
        // What is left of the diagonal is at least mλ, whatever rounding says.
        let damping = self.window as f64 * self.damping;
        let rest = damping + dot(&gradient, &gradient) - dot(&row, &row);
        row.push(rest.max(damping).sqrt());
        self.factor.push(row);
        self.gradients.push_back(gradient);
        Ok(())
    }

    /// Leaves the gradient out that is `index` places behind the oldest; gives it back, if there is one.
    pub fn remove(&mut self, index: usize) -> Option<Vec<f64>> {
        let gradient = self.gradients.remove(index)?;
        self.factor.remove(index);
        // Without column w, the rows behind have LLᵀ = L'L'ᵀ + wwᵀ.
        let mut w: Vec<f64> = self.factor[index..].iter_mut().map(|row| row.remove(index)).collect();
        let rows = &mut self.factor[index..];
        for k in 0..rows.len() {
            let diagonal = rows[k][index + k];
            let length = diagonal.hypot(w[k]);
            let (c, s) = (diagonal / length, w[k] / length);
            for (row, w) in rows[k..].iter_mut().zip(&mut w[k..]) {
                let entry = &mut row[index + k];
                (*entry, *w) = (c * *entry + s * *w, c * *w - s * *entry);
            }
        }
        Some(gradient)
    }

    /// All that it knows: the gradients, the oldest first, then the rows of L. For [`SlidingFisher::resume`].
    pub fn state(&self) -> Vec<Vec<f64>> {
        self.gradients.iter().chain(&self.factor).cloned().collect()
    }

    /// Goes on from such a state, to the last bit; `None` where it is none of such a matrix.
    pub fn resume(parameters: usize, window: usize, damping: f64, state: &[Vec<f64>]) -> Option<Self> {
        let (gradients, factor) = state.split_at(state.len() / 2);
        let fits = gradients.len() == factor.len()
            && gradients.len() <= window
            && gradients.iter().all(|gradient| gradient.len() == parameters)
            && factor.iter().enumerate().all(|(i, row)| row.len() == i + 1);
        let gradients = gradients.iter().cloned().collect();
        let fisher =
            Self { gradients, factor: factor.to_vec(), ..Self::new(parameters, window, damping).ok()? };
        fits.then_some(fisher)
    }

    /// F⁻¹x.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        let c = self.backward(self.forward(self.products(x)));
        let mut y = x.to_vec();
        for (gradient, c) in self.gradients.iter().zip(c) {
            add(&mut y, -c, gradient);
        }
        y.iter_mut().for_each(|y| *y /= self.damping);
        y
    }

    /// Gx.
    fn products(&self, x: &[f64]) -> Vec<f64> {
        self.gradients.iter().map(|gradient| dot(gradient, x)).collect()
    }

    /// L⁻¹b.
    fn forward(&self, mut b: Vec<f64>) -> Vec<f64> {
        for (i, row) in self.factor.iter().enumerate() {
            b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
        }
        b
    }

    /// L⁻ᵀb.
    fn backward(&self, mut b: Vec<f64>) -> Vec<f64> {
        for (i, row) in self.factor.iter().enumerate().rev() {
            let (before, rest) = b.split_at_mut(i);
            rest[0] /= row[i];
            add(before, -rest[0], row);
        }
        b
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn it_goes_on_from_its_state_to_the_last_bit() {
        let gradient = |k: u32| (0..5).map(|i| f64::from((7 * k + 3 * i * i + k * i) % 11) - 4.5).collect();
        let mut whole = SlidingFisher::new(5, 3, 0.1).unwrap();
        (0..5).for_each(|k| whole.push(gradient(k)).unwrap());
        let mut resumed = SlidingFisher::resume(5, 3, 0.1, &whole.state()).unwrap();
        for k in 5..8 {
            whole.push(gradient(k)).unwrap();
            resumed.push(gradient(k)).unwrap();
        }
        assert_eq!(whole.apply(&[1.0; 5]), resumed.apply(&[1.0; 5]));
        let state = whole.state();
        assert!(SlidingFisher::resume(5, 2, 0.1, &state).is_none(), "more gradients than room");
        assert!(SlidingFisher::resume(4, 3, 0.1, &state).is_none(), "of other parameters");
        assert!(SlidingFisher::resume(5, 3, 0.1, &state[..5]).is_none(), "cut off");
    }
}
