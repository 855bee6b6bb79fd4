//! Gauss–Newton with unknown parameters.

use super::PdeError as Error;
use super::newton::{Fit, Stop};
use super::unknowns::Unknowns;

/// Fits at most, one after another.
const FITS: usize = 6;
/// A fit that makes the norm smaller by less than this factor is the last.
const WORTHWHILE: f64 = 0.5;

/// The best of the fits by `fit`, which begins at the coefficients that it is given. Where parameters are unknown, it begins again and again with
/// those found and nothing else: while parameters are wrong, coefficients of features that depend on each other grow large to fulfil
/// what cannot be fulfilled, and stay so.
pub(super) fn refit(
    unknowns: &Unknowns,
    coefficients: usize,
    mut fit: impl FnMut(Vec<f64>) -> Result<Fit, Error>,
) -> Result<Fit, Error> {
    let mut best = fit(unknowns.begin(coefficients))?;
    if unknowns.len() == 0 {
        return Ok(best);
    }
    for _ in 1..FITS {
        if !matches!(best.stop, Stop::Settled | Stop::Stagnated | Stop::MaxSteps) {
            break;
        }
        let mut c = vec![0.0; coefficients];
        let last = coefficients - unknowns.len();
        c[last..].copy_from_slice(&best.c[last..]);
        let again = fit(c)?;
        let (before, after) = (best.last_norm(), again.last_norm());
        // A comparison with NaN is false.
        let worthwhile = after < WORTHWHILE * before;
        if after < before {
            best = again.after(best);
        }
        if !worthwhile {
            break;
        }
    }
    Ok(best)
}
