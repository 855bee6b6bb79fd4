//! Weights of the conditions against each other that follow the training.

/// How the losses of the conditions are weighed against each other while features are trained.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Balance {
    /// By their ω alone, which say what an operator does to the features as they are drawn.
    #[default]
    Fixed,
    /// By λ_b beside ω_b², which make gradients of all conditions as large as each other.
    GradientNorm(GradientNorm),
}

/// λ_b ← α λ_b + (1 − α) Σ_i g_i/g_b, from λ_b = 1 on.
///
/// For methods of first order g_b is the norm of the gradient of ω_b² mean_b R² (Wang, Sankaran, Wang & Perdikaris, arXiv 2308.08468,
/// section 3.4; after Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43, 2021).
///
/// For Levenberg and Marquardt's it is ω_b² mean_b ‖∇R‖², the trace of JᵀJ of the condition (Wang, Yu & Perdikaris, J. Comput. Phys. 449,
/// 2022, equation 6.5): gradients of losses fall with the residuals, and where these are small against each other, as after steps of second
/// order, their ratio is noise; how much a residual moves with the parameters does not fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientNorm {
    /// Before the first step, and after every so many.
    pub every: usize,
    /// α, from 0 to below 1: what stays of the weights before.
    pub memory: f64,
}

impl Default for GradientNorm {
    fn default() -> Self {
        Self { every: 100, memory: 0.9 }
    }
}

/// No condition counts more than so many times as much as all together.
const MOST: f64 = 1e6;

impl GradientNorm {
    /// The next λ, where the `sizes` are g. What has no gradient keeps its weight, and does not matter; nor does what is not `counted`.
    pub(super) fn update(&self, balance: &[f64], sizes: &[f64], counted: &[bool]) -> Vec<f64> {
        let counted = |b: usize| counted[b] && sizes[b] > 0.0 && sizes[b].is_finite();
        let sum: f64 = (0..sizes.len()).filter(|&b| counted(b)).map(|b| sizes[b]).sum();
        let next = |(b, &before): (usize, &f64)| {
            let now = if counted(b) { (sum / sizes[b]).min(MOST) } else { before };
            self.memory * before + (1.0 - self.memory) * now
        };
        balance.iter().enumerate().map(next).collect()
    }

    /// Whether it is time for it.
    pub(super) fn is_due(&self, steps: usize) -> bool {
        steps.is_multiple_of(self.every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_to_make_all_gradients_as_large_as_their_sum() {
        let rule = GradientNorm { every: 1, memory: 0.5 };
        let sizes = [8.0, 2.0, 0.0, 0.5, 1e-20];
        let counted = [true, true, true, true, false];
        let mut balance = vec![1.0; 5];
        for _ in 0..60 {
            balance = rule.update(&balance, &sizes, &counted);
        }
        assert_eq!(balance, [10.5 / 8.0, 10.5 / 2.0, 1.0, 21.0, 1.0]);
        assert_eq!(rule.update(&[2.0], &[f64::NAN], &[true]), [2.0]);
    }
}
