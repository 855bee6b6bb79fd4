//! Algebraic multigrid as a preconditioner: smoothed aggregation (Vaněk, Mandel and Brezina, Computing 56, 1996).
//!
//! ```text
//! aggregates:  disjoint sets of strongly connected nodes, each a node of the next level      aggregates.rs
//! T R = B      a QR factorisation per aggregate of vectors B that A nearly maps to zero      tentative.rs
//! P = (I − ω/ρ A) T,  ω = 4/3, ρ ≥ λmax(A)                                                   setup.rs
//! A_c = PᵀAP,  B_c = R
//! ```
//!
//! Every level is scaled to unit diagonal, so that Jacobi's method needs no diagonal and the numbers stay within the range
//! of f32. The set-up runs on the host in f64 ([`SmoothedAggregation`]); a cycle runs on the device ([`Hierarchy`]), in the
//! order and with the smoothers of geometric multigrid.

mod aggregates;
mod coarsest;
mod hierarchy;
mod near_null;
mod product;
mod setup;
mod strength;
mod tentative;
mod update;

pub use hierarchy::Hierarchy;
pub use near_null::NearNullSpace;
pub use setup::SmoothedAggregation;

use std::fmt;
use std::str::FromStr;

use crate::multigrid::{Cycle, Multigrid, Smoother, choose_steps};

/// The settings of a cycle of algebraic multigrid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amg {
    /// The order in which the levels are visited.
    pub cycle: Cycle,
    /// What smooths the error on each level; a matrix has no colours, so not [`Smoother::RedBlack`].
    pub smoother: Smoother,
    /// Smoothing steps before and after each coarse correction, from 1 to [`Multigrid::MOST_SWEEPS`].
    pub sweeps: usize,
}

impl Default for Amg {
    fn default() -> Self {
        Self { cycle: Cycle::V, smoother: Smoother::Chebyshev, sweeps: 2 }
    }
}

impl Amg {
    /// Whether the settings make sense.
    pub(crate) fn is_valid(&self) -> bool {
        self.smoother != Smoother::RedBlack && (1..=Multigrid::MOST_SWEEPS).contains(&self.sweeps)
    }
}

impl fmt::Display for Amg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "amg:{}:{}:{}", self.cycle, self.smoother, self.sweeps)
    }
}

impl FromStr for Amg {
    type Err = String;

    /// `amg` and then, each after a colon and in any order, a cycle (`v`, `w`, `f`), a smoother (`jacobi`, `chebyshev`), and
    /// the number of smoothing steps.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut amg = Self::default();
        let mut words = text.split(':');
        if words.next() != Some("amg") {
            return Err(format!("`{text}` is not amg"));
        }
        for word in words {
            let known = choose_steps(word, &mut amg.cycle, &mut amg.smoother, &mut amg.sweeps);
            if !known || !amg.is_valid() {
                return Err(format!(
                    "`{word}` in `{text}` is none of v, w, f, jacobi, chebyshev, or a number of smoothing steps from 1 to {}",
                    Multigrid::MOST_SWEEPS
                ));
            }
        }
        Ok(amg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_written() {
        for text in ["amg:v:jacobi:2", "amg:w:chebyshev:1", "amg:f:chebyshev:3"] {
            assert_eq!(text.parse::<Amg>().map(|amg| amg.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("amg".parse(), Ok(Amg::default()));
        for text in ["amg:x", "amg:0", "amg:17", "amg:", "amg:red-black", "multigrid"] {
            assert!(text.parse::<Amg>().is_err(), "{text}");
        }
    }
}
