//! How the solution of a PDE ended.

use super::newton::Stop;

/// Why a solve ended. [`PdeReason::Residual`] is given only from a residual that was recomputed in f64 on the host, at
/// points that the fit has not seen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PdeReason {
    /// Every condition's residual is at most `rtol` times the size of its terms.
    Residual,
    /// The fit settled, but at fresh points this condition's residual is above the tolerance.
    Underresolved {
        /// The condition.
        condition: String,
    },
    /// The residual is as small as the precision of the fit lets it be, which is above the tolerance.
    AttainableAccuracy {
        /// Relative error of u that rounding alone explains.
        floor: f64,
    },
    /// The steps of Gauss–Newton are used up.
    MaxSteps,
    /// No step made the residual smaller.
    Stagnated,
    /// A condition or a step is not finite.
    NonFinite {
        /// Which condition, which part of it and where, as far as it is known.
        cause: String,
    },
    /// The residual is small, but these unknown parameters might as well have other values.
    Undetermined {
        /// The parameters.
        unknowns: String,
    },
    /// Fewer collocation points than unknowns.
    TooFewPoints,
    /// The features depend on each other, and nothing regularises the fit.
    RankDeficient,
    /// The caller stopped it.
    Stopped,
}

impl PdeReason {
    /// Whether the solution fulfils the tolerance.
    pub fn converged(&self) -> bool {
        *self == Self::Residual
    }

    /// The name, as in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Residual => "Residual",
            Self::Underresolved { .. } => "Underresolved",
            Self::AttainableAccuracy { .. } => "AttainableAccuracy",
            Self::MaxSteps => "MaxSteps",
            Self::Stagnated => "Stagnated",
            Self::NonFinite { .. } => "NonFinite",
            Self::Undetermined { .. } => "Undetermined",
            Self::TooFewPoints => "TooFewPoints",
            Self::RankDeficient => "RankDeficient",
            Self::Stopped => "Stopped",
        }
    }

    /// One sentence on what to do.
    pub fn hint(&self) -> String {
        match self {
            Self::Residual => "Nothing to do: the residual was verified in f64 at fresh points.".to_owned(),
            Self::Underresolved { condition } => format!(
                "At fresh points the residual of `{condition}` is above the tolerance: use more features and points, time windows, or another bandwidth; where conditions contradict each other, as at a corner or at the initial time, nothing of this helps."
            ),
            Self::AttainableAccuracy { floor } => format!(
                "Rounding alone explains a relative error of {floor:.0e}: use f64 if this was f32, rougher or fewer features, or a larger rtol."
            ),
            Self::MaxSteps => "Allow more steps; where the problem is nonlinear, a weaker nonlinearity to begin with helps, too.".to_owned(),
            Self::Stagnated => {
                "No step made the residual smaller; use more features, or begin from a problem with a weaker nonlinearity."
                    .to_owned()
            }
            Self::NonFinite { cause } => format!(
                "Infinite or NaN {cause}: look at the expression there; where it has a value for some values of an unknown only, an unknown that may have any, such as its logarithm, helps."
            ),
            Self::Undetermined { unknowns } => format!(
                "The conditions hold, but they would as well with other values of {unknowns}: measure more, or elsewhere, or give what is known as [parameters]."
            ),
            Self::TooFewPoints => "Give at least as many points as unknowns; two to ten times as many are usual.".to_owned(),
            Self::RankDeficient => "Give a small Tikhonov parameter, or fewer features.".to_owned(),
            Self::Stopped => "The caller stopped it; from a checkpoint, if there is one, it can be resumed.".to_owned(),
        }
    }

    /// Where the fit ended without settling; `None` where the residual decides.
    pub(super) fn of(stop: Stop, cause: Option<&str>) -> Option<Self> {
        match stop {
            Stop::Settled | Stop::Stagnated => None,
            Stop::MaxSteps => Some(Self::MaxSteps),
            Stop::NonFinite => {
                Some(Self::NonFinite { cause: cause.unwrap_or("a value of the fit").to_owned() })
            }
            Stop::TooFewRows => Some(Self::TooFewPoints),
            Stop::RankDeficient => Some(Self::RankDeficient),
            Stop::Stopped => Some(Self::Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verified_residual_is_convergence() {
        let others = [
            PdeReason::Underresolved { condition: "x".to_owned() },
            PdeReason::AttainableAccuracy { floor: 1e-6 },
            PdeReason::MaxSteps,
            PdeReason::Stagnated,
            PdeReason::NonFinite { cause: "x".to_owned() },
            PdeReason::Undetermined { unknowns: "`k`".to_owned() },
            PdeReason::TooFewPoints,
            PdeReason::RankDeficient,
            PdeReason::Stopped,
        ];
        assert!(PdeReason::Residual.converged());
        assert!(others.iter().all(|reason| !reason.converged() && !reason.hint().is_empty()));
    }
}
