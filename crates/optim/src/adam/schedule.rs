//! Learning rates.

/// η of step t = 1, 2, …: `rate` · min(1, t/W) · decay(max(t − 1 − W, 0)), where W is `warm_up`.
///
/// ```
/// use ansatz_optim::{Decay, Schedule};
///
/// let schedule = Schedule { warm_up: 10, decay: Decay::Exponential { factor: 0.5, steps: 100 }, ..Schedule::constant(1e-3) };
/// assert_eq!(schedule.rate_of(1), 1e-4);
/// assert_eq!(schedule.rate_of(11), 1e-3);
/// assert!((schedule.rate_of(111) - 5e-4).abs() < 1e-18);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The rate between warm-up and decay.
    pub rate: f64,
    /// W: steps over which the rate rises.
    pub warm_up: u32,
    /// How it falls afterwards.
    pub decay: Decay,
}

/// How a learning rate falls, as a function of the number k of steps since the warm-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decay {
    /// 1.
    Constant,
    /// factor^(k/steps).
    Exponential {
        /// What remains after `steps`: more than 0 and at most 1.
        factor: f64,
        /// Steps, at least one.
        steps: u32,
    },
    /// last + (1 − last)(1 + cos(π min(k/steps, 1)))/2 (Loshchilov and Hutter, ICLR 2017, equation 5, without restarts).
    Cosine {
        /// Steps, at least one.
        steps: u32,
        /// What remains after them, between 0 and 1.
        last: f64,
    },
}

impl Schedule {
    /// The same rate always.
    pub fn constant(rate: f64) -> Self {
        Self { rate, warm_up: 0, decay: Decay::Constant }
    }

    /// η of step `step`, counted from 1.
    pub fn rate_of(&self, step: u32) -> f64 {
        let along = f64::from(step.saturating_sub(self.warm_up.saturating_add(1))) * self.decay.speed();
        let decay = match self.decay {
            Decay::Constant => 1.0,
            Decay::Exponential { .. } => (-along).exp(),
            Decay::Cosine { last, .. } => {
                last + (1.0 - last) * 0.5 * (1.0 + (std::f64::consts::PI * along.min(1.0)).cos())
            }
        };
        let risen = if step < self.warm_up { f64::from(step) / f64::from(self.warm_up) } else { 1.0 };
        self.rate * risen * decay
    }

    /// What is wrong with it.
    pub(super) fn problem(&self) -> Option<String> {
        let wrong = |what: &str, value: f64, expected: &str| {
            Some(format!("{what} is {value}; it must be {expected}"))
        };
        match self.decay {
            _ if !(self.rate > 0.0 && self.rate.is_finite()) => {
                wrong("the rate", self.rate, "positive and finite")
            }
            Decay::Exponential { factor, .. } if !(factor > 0.0 && factor <= 1.0) => {
                wrong("the factor of the decay", factor, "more than 0 and at most 1")
            }
            Decay::Cosine { last, .. } if !(0.0..=1.0).contains(&last) => {
                wrong("the last part of the rate", last, "between 0 and 1")
            }
            Decay::Exponential { steps: 0, .. } | Decay::Cosine { steps: 0, .. } => {
                wrong("the number of steps of the decay", 0.0, "at least one")
            }
            _ => None,
        }
    }
}

impl Decay {
    /// The number of the kernel's branch.
    pub(super) fn kind(&self) -> u32 {
        match self {
            Self::Constant => 0,
            Self::Exponential { .. } => 1,
            Self::Cosine { .. } => 2,
        }
    }

    /// What k is multiplied by, in the exponent or as a part of the way.
    pub(super) fn speed(&self) -> f64 {
        match *self {
            Self::Constant => 0.0,
            Self::Exponential { factor, steps } => -factor.ln() / f64::from(steps),
            Self::Cosine { steps, .. } => 1.0 / f64::from(steps),
        }
    }

    /// What remains.
    pub(super) fn last(&self) -> f64 {
        if let Self::Cosine { last, .. } = *self { last } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_falls_to_its_last_part_and_stays_there() {
        let schedule = Schedule { decay: Decay::Cosine { steps: 100, last: 0.1 }, ..Schedule::constant(2.0) };
        assert_eq!(schedule.rate_of(1), 2.0);
        assert!((schedule.rate_of(51) - 1.1).abs() < 1e-12);
        assert!((schedule.rate_of(101) - 0.2).abs() < 1e-12);
        assert!((schedule.rate_of(u32::MAX) - 0.2).abs() < 1e-12);
    }
}
