//! Geometric multigrid as a preconditioner: cycles over coarser and coarser grids, recorded into the loop's plan.
//!
//! ```text
//! cycle(f):  z ← smooth(0, f)              damped Jacobi, Chebyshev, or red–black Gauss–Seidel
//!            e ← cycle(Pᵀ(f − Az))         on the next coarser grid; on the coarsest, e ← A⁻¹f
//!            z ← z + P e
//!            z ← smooth(z, f)              the adjoint of the first
//! ```
//!
//! A coarse operator is the discretisation in finite volumes that the faces of the finer one add up to (`faces.rs`), and
//! not the Galerkin product, so that every level has five or seven points. The cycle is symmetric and positive definite
//! whatever the coarse operators are, as long as these are so themselves (Tatebe, Copper Mountain, 1993).

pub(crate) mod coarsest;
pub(crate) mod cycle;
pub(crate) mod descend;
pub(crate) mod faces;
mod hierarchy;
pub(crate) mod level;
pub(crate) mod smoother;
pub(crate) mod transfer;

pub use hierarchy::Hierarchy;

use std::fmt;
use std::str::FromStr;

/// The settings of multigrid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Multigrid {
    /// The order in which the levels are visited. If not given, V; or W where the coefficients jump, over which V cycles carry too little.
    pub cycle: Option<Cycle>,
    /// What smooths the error on each level.
    pub smoother: Smoother,
    /// Smoothing steps before and after each coarse correction, from 1 to [`MOST_SWEEPS`](Self::MOST_SWEEPS).
    pub sweeps: usize,
    /// How a coarse correction is interpolated. If not given, linearly; or as it is where the coefficients jump, across which nothing is
    /// linear (Wesseling, SIAM J. Sci. Stat. Comput. 9, 1988).
    pub transfer: Option<Transfer>,
}

/// The order in which the levels are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cycle {
    /// Down and up once.
    V,
    /// Two cycles on each coarser level.
    W,
    /// An F cycle and then a V cycle on each coarser level. It is not symmetric: the loop takes flexible directions.
    F,
}

/// What smooths the error on a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Smoother {
    /// Jacobi's method, damped by 0.8.
    Jacobi,
    /// A Chebyshev polynomial of the fourth kind in D⁻¹A, of as many degrees as there are steps.
    Chebyshev,
    /// Red–black Gauss–Seidel: red first before the correction, black first after it.
    RedBlack,
}

/// How a coarse correction is interpolated; the residual is restricted with the transpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// Linear along each axis.
    Trilinear,
    /// The coarse cell's value in all its fine cells.
    Constant,
}

impl Multigrid {
    /// More smoothing steps are a mistake.
    pub const MOST_SWEEPS: usize = 16;
}

impl Default for Multigrid {
    fn default() -> Self {
        Self { cycle: None, smoother: Smoother::Jacobi, sweeps: 2, transfer: None }
    }
}

impl Cycle {
    const NAMES: [(Self, &str); 3] = [(Self::V, "v"), (Self::W, "w"), (Self::F, "f")];
}

impl Smoother {
    const NAMES: [(Self, &str); 3] =
        [(Self::Jacobi, "jacobi"), (Self::Chebyshev, "chebyshev"), (Self::RedBlack, "red-black")];
}

impl Transfer {
    const NAMES: [(Self, &str); 2] = [(Self::Trilinear, "trilinear"), (Self::Constant, "constant")];
}

/// The name of a choice among all.
fn name<C: PartialEq>(choice: C, names: &[(C, &'static str)]) -> &'static str {
    names.iter().find(|(known, _)| *known == choice).map_or("", |(_, name)| name)
}

/// The choice that `word` names.
fn named<C: Copy>(word: &str, names: &[(C, &str)]) -> Option<C> {
    names.iter().find(|(_, name)| *name == word).map(|&(named, _)| named)
}

/// Sets a choice to the one that `word` names; false where it names none.
fn choose<C: Copy>(choice: &mut C, word: &str, names: &[(C, &str)]) -> bool {
    named(word, names).is_some_and(|named| {
        *choice = named;
        true
    })
}

/// Sets what `word` names among cycles, smoothers and numbers of smoothing steps; false where it names none.
pub(crate) fn choose_steps(
    word: &str,
    cycle: &mut Cycle,
    smoother: &mut Smoother,
    sweeps: &mut usize,
) -> bool {
    let mut choose_sweeps = || match word.parse() {
        Ok(number) if (1..=Multigrid::MOST_SWEEPS).contains(&number) => {
            *sweeps = number;
            true
        }
        _ => false,
    };
    choose(cycle, word, &Cycle::NAMES) || choose(smoother, word, &Smoother::NAMES) || choose_sweeps()
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(*self, &Self::NAMES))
    }
}

impl fmt::Display for Smoother {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(*self, &Self::NAMES))
    }
}

impl fmt::Display for Multigrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("multigrid")?;
        if let Some(cycle) = self.cycle {
            write!(f, ":{cycle}")?;
        }
        write!(f, ":{}:{}", self.smoother, self.sweeps)?;
        self.transfer.map_or(Ok(()), |transfer| write!(f, ":{}", name(transfer, &Transfer::NAMES)))
    }
}

impl FromStr for Multigrid {
    type Err = String;

    /// `multigrid` and then, each after a colon and in any order, a cycle (`v`, `w`, `f`), a smoother (`jacobi`,
    /// `chebyshev`, `red-black`), the number of smoothing steps, and a transfer (`trilinear`, `constant`).
    fn from_str(text: &str) -> Result<Self, String> {
        let mut multigrid = Self::default();
        let mut words = text.split(':');
        if words.next() != Some("multigrid") {
            return Err(format!("`{text}` is not multigrid"));
        }
        for word in words {
            let Self { cycle, smoother, sweeps, transfer } = &mut multigrid;
            if let Some(named) = named(word, &Cycle::NAMES) {
                *cycle = Some(named);
            } else if let Some(named) = named(word, &Transfer::NAMES) {
                *transfer = Some(named);
            } else if !choose_steps(word, &mut Cycle::V, smoother, sweeps) {
                return Err(format!(
                    "`{word}` in `{text}` is none of v, w, f, jacobi, chebyshev, red-black, trilinear, constant, or a \
                     number of smoothing steps from 1 to {}",
                    Self::MOST_SWEEPS
                ));
            }
        }
        Ok(multigrid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_written() {
        for text in
            ["multigrid:jacobi:2", "multigrid:w:red-black:1:constant", "multigrid:f:chebyshev:3:trilinear"]
        {
            assert_eq!(text.parse::<Multigrid>().map(|multigrid| multigrid.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("multigrid".parse(), Ok(Multigrid::default()));
        for text in ["multigrid:x", "multigrid:0", "multigrid:17", "multigrid:", "multi"] {
            assert!(text.parse::<Multigrid>().is_err(), "{text}");
        }
    }
}
