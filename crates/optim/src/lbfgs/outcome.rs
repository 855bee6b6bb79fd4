//! How a minimisation ended.

/// Where a minimisation stands after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LbfgsProgress<'a> {
    /// Steps so far.
    pub iteration: usize,
    /// Evaluations of f so far.
    pub evaluations: usize,
    /// θ.
    pub theta: &'a [f64],
    /// f(θ).
    pub value: f64,
    /// ‖∇f(θ)‖∞.
    pub gradient_norm: f64,
    /// The length of the step.
    pub step: f64,
}

/// Why a minimisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LbfgsReason {
    /// ‖∇f‖∞ is at most the tolerance.
    GradientSmall,
    /// The steps are used up.
    MaxIterations,
    /// For a while, steps have lowered neither f nor ‖∇f‖: what is left is rounding.
    AttainableAccuracy,
    /// −∇f leads nowhere: its square is lost to underflow or overflow.
    NoDescent,
    /// No step along −∇f lowers f by what the gradient promises: the gradient is wrong, or rounding is more than stated.
    LineSearch,
    /// f or its gradient is infinite or NaN at the start, or wherever a step was tried.
    NonFinite,
    /// The caller stopped it.
    Stopped,
}

impl LbfgsReason {
    /// Whether θ satisfies the criterion that was asked for.
    pub fn converged(&self) -> bool {
        *self == Self::GradientSmall
    }

    /// The name, as in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GradientSmall => "GradientSmall",
            Self::MaxIterations => "MaxIterations",
            Self::AttainableAccuracy => "AttainableAccuracy",
            Self::NoDescent => "NoDescent",
            Self::LineSearch => "LineSearch",
            Self::NonFinite => "NonFinite",
            Self::Stopped => "Stopped",
        }
    }

    /// One sentence on what to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::GradientSmall => "Nothing to do.",
            Self::MaxIterations => "Allow more iterations.",
            Self::AttainableAccuracy => "Accept it, or compute f and its gradient in a higher precision.",
            Self::NoDescent => "Scale f, so that its gradient is neither tiny nor huge.",
            Self::LineSearch => {
                "Compare the gradient with differences of f, or state a larger rounding of f."
            }
            Self::NonFinite => "Start where f and its gradient are finite.",
            Self::Stopped => "The caller stopped it; start from theta to go on.",
        }
    }
}

/// The result of a minimisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// θ.
    pub theta: Vec<f64>,
    /// f(θ).
    pub value: f64,
    /// ‖∇f(θ)‖∞.
    pub gradient_norm: f64,
    /// Why it ended.
    pub reason: LbfgsReason,
    /// Steps.
    pub iterations: usize,
    /// Evaluations of f.
    pub evaluations: usize,
    /// f at the start and after every step.
    pub history: Vec<f64>,
}
