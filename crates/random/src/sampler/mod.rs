//! Points of the unit cube [0, 1)^d, to be carried to where they belong.

mod grid;
mod halton;
mod latin;
mod sobol;

use std::{fmt, str::FromStr};

use crate::Philox;

/// How points are spread. Every point is a pure function of seed and index; another seed gives other points (of equal
/// quality), but for the grid, which has no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sampler {
    /// Independent and uniform.
    Uniform,
    /// One point in each of n slices of every axis (McKay, Beckman and Conover, 1979).
    LatinHypercube,
    /// Radical inverses in the first primes (Halton, 1960), rotated at random (Cranley and Patterson, 1976).
    Halton,
    /// Sobol's sequence with the direction numbers of Joe and Kuo (2008), under a random digital shift.
    #[default]
    Sobol,
    /// Centres of equal cells. As many points as fill a lattice: not always as many as were asked for.
    Grid,
}

impl Sampler {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Uniform, Self::LatinHypercube, Self::Halton, Self::Sobol, Self::Grid];

    /// The name in problem files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::LatinHypercube => "latin-hypercube",
            Self::Halton => "halton",
            Self::Sobol => "sobol",
            Self::Grid => "grid",
        }
    }

    /// Points `first .. first + count` in `dimension` (at most 8) dimensions, `x[p * dimension + i]`.
    ///
    /// Of a Latin hypercube and of a grid, each call makes a whole one of `count` points.
    pub fn points(self, dimension: usize, first: u64, count: usize, random: Philox) -> Vec<f64> {
        match self {
            Self::Uniform => {
                let start = first * dimension as u64;
                (0..(count * dimension) as u64).map(|i| random.uniform(start + i)).collect()
            }
            Self::LatinHypercube => latin::points(dimension, first, count, random),
            Self::Halton => halton::points(dimension, first, count, random),
            Self::Sobol => sobol::points(dimension, first, count, random),
            Self::Grid => grid::points(dimension, count),
        }
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No sampler has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no sampler `{0}`; expected uniform, latin-hypercube, halton, sobol or grid")]
pub struct UnknownSampler(pub String);

impl FromStr for Sampler {
    type Err = UnknownSampler;

    fn from_str(name: &str) -> Result<Self, UnknownSampler> {
        Self::ALL
            .into_iter()
            .find(|sampler| sampler.name() == name)
            .ok_or_else(|| UnknownSampler(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean of ∏ 2x_i over the unit cube is 1: independent points of n = 4096 miss it by about √((4/3)³ − 1)/√n = 0.018.
    #[test]
    fn low_discrepancy_integrates_better() {
        let error = |sampler: Sampler| {
            let points = sampler.points(3, 0, 4096, Philox::new(3, 0));
            let products = points.chunks(3).map(|x| x.iter().map(|x| 2.0 * x).product::<f64>());
            (products.sum::<f64>() / (points.len() / 3) as f64 - 1.0).abs()
        };
        assert!(error(Sampler::Uniform) < 0.06);
        assert!(error(Sampler::LatinHypercube) < 0.03);
        assert!(error(Sampler::Halton) < 4e-3);
        assert!(error(Sampler::Sobol) < 2e-3);
        assert!(error(Sampler::Grid) < 1e-12);
    }

    #[test]
    fn seeds_and_offsets() {
        for sampler in Sampler::ALL {
            let draw = |first, count, seed| sampler.points(2, first, count, Philox::new(seed, 5));
            assert!(draw(0, 100, 1).iter().all(|x| (0.0..1.0).contains(x)), "{sampler}");
            assert_eq!(draw(0, 64, 1), draw(0, 64, 1));
            assert_eq!(draw(0, 0, 1), [0.0; 0]);
            if sampler != Sampler::Grid {
                assert_ne!(draw(0, 64, 1), draw(0, 64, 2));
                assert_ne!(draw(0, 64, 1), draw(64, 64, 1));
            }
            if matches!(sampler, Sampler::Uniform | Sampler::Halton | Sampler::Sobol) {
                assert_eq!(draw(0, 64, 1)[20..], draw(10, 54, 1));
            }
        }
    }

    #[test]
    fn names() {
        for sampler in Sampler::ALL {
            assert_eq!(sampler.name().parse(), Ok(sampler));
        }
        assert!("sobel".parse::<Sampler>().is_err());
    }
}
