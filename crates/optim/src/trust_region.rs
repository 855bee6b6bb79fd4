//! The damping of Levenberg and Marquardt (Levenberg, 1944; Marquardt, 1963), controlled by the gain ratio (Nielsen, 1999).

/// λ of min ‖J δ + r‖² + λ² ‖D δ‖², as steps turn out well or badly.
///
/// ```
/// use ansatz_optim::{TrustRegion, Verdict};
///
/// let mut region = TrustRegion::new(1e-2);
/// // The model promised to take 1 from ‖r‖², and so it was: less damping.
/// assert_eq!(region.judge(4.0, 3.0, 1.0), Verdict::Accepted);
/// assert!(region.lambda() < 1e-2);
/// // Worse than before: more damping.
/// assert_eq!(region.judge(3.0, 3.5, 1.0), Verdict::Rejected);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrustRegion {
    lambda: f64,
    growth: f64,
}

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Accepted,
    /// It is to be tried again with the new λ.
    Rejected,
    /// No λ makes the residual smaller.
    Exhausted,
}

/// λ, relative to columns of length one, past which a step is too short to matter.
const MOST: f64 = 1e8;
const LEAST: f64 = 1e-16;

impl TrustRegion {
    /// Begins with this λ.
    pub fn new(lambda: f64) -> Self {
        Self { lambda, growth: 2.0 }
    }

    /// Goes on where another one stood: see [`TrustRegion::state`].
    pub fn resumed([lambda, growth]: [f64; 2]) -> Self {
        Self { lambda, growth }
    }

    /// All that it knows: λ, and how fast λ grows where steps fail.
    pub fn state(&self) -> [f64; 2] {
        [self.lambda, self.growth]
    }

    /// λ for the next step.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// Judges a step that took ‖r‖² from `before` to `after`, where the linear model promised a decrease of `promised`.
    pub fn judge(&mut self, before: f64, after: f64, promised: f64) -> Verdict {
        let gain = (before - after) / promised;
        if gain > 0.0 && after < before {
            // In terms of λ², which is Nielsen's μ: μ ← μ max(1/3, 1 − (2ρ − 1)³).
            self.lambda *= (1.0 - (2.0 * gain - 1.0).powi(3)).max(1.0 / 3.0).sqrt();
            self.lambda = self.lambda.max(LEAST);
            self.growth = 2.0;
            return Verdict::Accepted;
        }
        self.lambda *= self.growth.sqrt();
        self.growth *= 2.0;
        if self.lambda > MOST { Verdict::Exhausted } else { Verdict::Rejected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damping_grows_faster_and_faster_until_it_gives_up() {
        let mut region = TrustRegion::new(1.0);
        let mut tries = 1;
        while region.judge(1.0, f64::NAN, 0.5) == Verdict::Rejected {
            tries += 1;
        }
        assert!(tries < 12, "{tries}");
    }

    #[test]
    fn a_poor_gain_is_taken_with_more_damping() {
        let mut region = TrustRegion::new(1.0);
        assert_eq!(region.judge(1.0, 0.99, 0.5), Verdict::Accepted);
        assert!(region.lambda() > 1.0);
    }
}
