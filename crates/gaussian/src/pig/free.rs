//! What an optimiser on a device moves in place of covariances: numbers that may have any value.
//!
//! A width is e^τ. A full covariance is that of P = SSᵀ with the lower triangular S = D(1 + T), D = diag(e^{−τ}) and T below the
//! diagonal. The parameter of the pair i ≤ k, in whose place the sum over ∂_ik G stands, is τ_i where i = k, else T_ki.

use ansatz_features::{FeatureError, Features, MAX_DIMENSIONS};
use ansatz_gpu::Real;

use super::TrainedGaussians;
use super::embedding::Shift;
use crate::full::{cholesky, place};
use crate::{FullGaussians, ProductGaussians};

/// Rows of [`MAX_DIMENSIONS`] numbers.
pub(super) type Square<T> = [[T; MAX_DIMENSIONS]; MAX_DIMENSIONS];

/// S from its parameters in d coordinates.
pub(super) fn factor<T: Real>(d: usize, pair: impl Fn(usize, usize) -> T) -> Square<T> {
    let mut s = [[T::zero(); MAX_DIMENSIONS]; MAX_DIMENSIONS];
    for i in 0..d {
        s[i][i] = (-pair(i, i)).exp();
        (0..i).for_each(|k| s[i][k] = s[i][i] * pair(k, i));
    }
    s
}

/// P_ik of i ≤ k.
pub(super) fn precision<T: Real>(s: &Square<T>, i: usize, k: usize) -> T {
    (0..=i).map(|m| s[i][m] * s[k][m]).sum()
}

/// The parameters of Gaussians, those of each shift for all of them.
pub(super) fn parameters(gaussians: &TrainedGaussians, shifts: &[Shift]) -> Vec<f64> {
    let (n, d) = (gaussians.len(), gaussians.dimensions());
    let mut numbers = Vec::with_capacity(n * shifts.len());
    match gaussians {
        TrainedGaussians::Product(gaussians) => {
            let (centres, widths) = (gaussians.centres(), gaussians.widths());
            for shift in shifts {
                match *shift {
                    Shift::Centre(i) => numbers.extend(centres.iter().skip(i).step_by(d)),
                    Shift::Spread(i, _) => {
                        numbers.extend(widths.iter().skip(i).step_by(d).map(|width| width.ln()));
                    }
                }
            }
        }
        TrainedGaussians::Full(gaussians) => {
            // They were positive definite when these Gaussians were made.
            let matrices = gaussians.precisions().chunks(d * d);
            let factors: Vec<Vec<f64>> = matrices.filter_map(|matrix| cholesky(matrix, d)).collect();
            for shift in shifts {
                match *shift {
                    Shift::Centre(i) => numbers.extend(gaussians.centres().iter().skip(i).step_by(d)),
                    Shift::Spread(i, k) if i == k => {
                        numbers.extend(factors.iter().map(|s| -s[i * d + i].ln()));
                    }
                    Shift::Spread(i, k) => {
                        numbers.extend(factors.iter().map(|s| s[k * d + i] / s[k * d + k]));
                    }
                }
            }
        }
    }
    numbers
}

/// Gaussians like these with other parameters.
pub(super) fn with_parameters(
    gaussians: &TrainedGaussians,
    shifts: &[Shift],
    numbers: &[f64],
) -> Result<TrainedGaussians, FeatureError> {
    let (n, d) = (gaussians.len(), gaussians.dimensions());
    Ok(match gaussians {
        TrainedGaussians::Product(gaussians) => {
            let (mut centres, mut widths) = (gaussians.centres(), gaussians.widths());
            for (shift, values) in shifts.iter().zip(numbers.chunks(n.max(1))) {
                for (j, &value) in values.iter().enumerate() {
                    match *shift {
                        Shift::Centre(i) => centres[j * d + i] = value,
                        Shift::Spread(i, _) => widths[j * d + i] = value.exp(),
                    }
                }
            }
            ProductGaussians::new(d, centres, widths, gaussians.periods().to_vec())?.into()
        }
        TrainedGaussians::Full(_) => {
            let (mut centres, mut precisions) = (vec![0.0; n * d], vec![0.0; n * d * d]);
            for j in 0..n {
                let s = factor(d, |i, k| numbers[place(d, i, k) * n + j]);
                for i in 0..d {
                    centres[j * d + i] = numbers[i * n + j];
                    for k in i..d {
                        let entry = precision(&s, i, k);
                        precisions[(j * d + i) * d + k] = entry;
                        precisions[(j * d + k) * d + i] = entry;
                    }
                }
            }
            FullGaussians::new(d, centres, precisions)?.into()
        }
    })
}
