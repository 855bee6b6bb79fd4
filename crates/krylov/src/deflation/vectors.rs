//! Vectors of deflation that are made and not given.

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;

use ansatz_gpu::{Gpu, Real};

use super::Deflation;
use crate::KrylovError;
use crate::lanczos::{MOST_STEPS, RitzVectors};
use crate::operator::Operator;

/// Vectors that need no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeflationVectors {
    /// So many vectors that are 1 on as many consecutive unknowns each, and 0 elsewhere (Nicolaides 1987).
    Blocks(usize),
    /// The Ritz vectors of the smallest Ritz values, which the Lanczos process finds once for all right-hand sides.
    Ritz {
        /// How many.
        count: usize,
        /// Lanczos steps, each of which keeps a vector.
        steps: usize,
    },
}

/// Lanczos steps for each Ritz vector, if not given.
const STEPS: usize = 10;

impl DeflationVectors {
    /// The vectors, for a symmetric operator. `seed` is of the start of the Lanczos process, which `look` sees: it is told the steps that
    /// are done, and may break.
    ///
    /// # Errors
    /// As [`RitzVectors::new`].
    pub fn of(
        self,
        gpu: &Gpu,
        a: &dyn Operator,
        seed: u64,
        look: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Vec<Vec<f64>>, KrylovError> {
        let n = a.columns();
        match self {
            Self::Blocks(count) => {
                let block =
                    |j: usize| (0..n).map(|i| f64::from(u8::from(i * count / n.max(1) == j))).collect();
                Ok((0..count).map(block).collect())
            }
            Self::Ritz { count, steps } if gpu.capabilities().f64 => {
                ritz::<f64>(gpu, a, count, steps, seed, look)
            }
            Self::Ritz { count, steps } => ritz::<f32>(gpu, a, count, steps, seed, look),
        }
    }
}

fn ritz<T: Real>(
    gpu: &Gpu,
    a: &dyn Operator,
    count: usize,
    steps: usize,
    seed: u64,
    look: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Vec<Vec<f64>>, KrylovError> {
    Ok(RitzVectors::<T>::new(gpu, a, steps, seed, look)?.first(gpu, count)?)
}

impl fmt::Display for DeflationVectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocks(count) => write!(f, "blocks:{count}"),
            Self::Ritz { count, steps } => write!(f, "ritz:{count}:{steps}"),
        }
    }
}

impl FromStr for DeflationVectors {
    type Err = String;

    /// `blocks:K`, or `ritz:K[:STEPS]` with ten Lanczos steps for each vector if not given.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let most = Deflation::MOST;
            Err(format!(
                "`{text}` is none of blocks:1-{most}, ritz:1-{most}[:STEPS], STEPS from K to {MOST_STEPS}"
            ))
        };
        let mut parts = text.split(':');
        let name = parts.next();
        let numbers: Result<Vec<usize>, _> = parts.map(str::parse).collect();
        match (name, numbers.as_deref()) {
            (Some("blocks"), Ok(&[count @ 1..=Deflation::MOST])) => Ok(Self::Blocks(count)),
            (Some("ritz"), Ok(&[count @ 1..=Deflation::MOST])) => {
                Ok(Self::Ritz { count, steps: STEPS * count })
            }
            (Some("ritz"), Ok(&[count @ 1..=Deflation::MOST, steps]))
                if (count..=MOST_STEPS).contains(&steps) =>
            {
                Ok(Self::Ritz { count, steps })
            }
            _ => wrong(),
        }
    }
}
