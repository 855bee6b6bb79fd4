//! The twins: the kernels in plain Rust, which the CPU executor runs.

use ansatz_gpu::{Args, Real};
use rayon::prelude::*;

use crate::MultiIndex;
use crate::launch::{Family, Jets, RowsParams, Specialised, SumParams, ValuesParams};

/// What the twins of a launch know beyond its arguments.
pub(crate) struct Twin<T> {
    jets: Jets<T>,
    dimensions: usize,
    terms: usize,
    has_factors: bool,
}

impl<T: Real> Twin<T> {
    pub fn new(family: &Family<'_, T>, special: &Specialised<T>, terms: &[MultiIndex]) -> Self {
        let (jets, has_factors) = (special.jets.clone(), special.factors.is_some());
        Self { jets, dimensions: family.dimensions, terms: terms.len(), has_factors }
    }

    /// `<family>/rows`.
    pub fn rows(&self, args: &Args, accumulate: bool) {
        let params: RowsParams = args.params();
        let (points, coefficients, features) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
        let factors = self.has_factors.then(|| args.read::<T>(4));
        let factors = factors.as_deref().unwrap_or_default();
        let mut matrix = args.write::<T>(4 + usize::from(self.has_factors));
        let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
        let (stride, first) = (4 * params.stride4 as usize, 4 * params.first4 as usize);
        let coefficients = &coefficients[(params.first_term as usize * padded).min(coefficients.len())..];
        let place = |j: u32| j.wrapping_add(params.shift) as usize * stride;
        let columns = matrix[place(params.begin)..place(params.end)].par_chunks_mut(stride);
        columns.enumerate().for_each(|(column, to)| {
            let j = params.begin as usize + column;
            let (mut x, mut jets) = (vec![T::zero(); self.dimensions], vec![T::zero(); self.terms]);
            for (p, to) in to[first..first + padded].iter_mut().enumerate() {
                let mut sum = T::zero();
                if p < count {
                    x.iter_mut().enumerate().for_each(|(i, x)| *x = points[i * padded + p]);
                    (self.jets)(&features, factors, j, &x, &mut jets);
                    sum = jets.iter().enumerate().map(|(t, &jet)| coefficients[t * padded + p] * jet).sum();
                }
                *to = if accumulate { *to + sum } else { sum };
            }
        });
    }

    /// `<family>/values`.
    pub fn values(&self, args: &Args) {
        let params: ValuesParams = args.params();
        let (points, weights, features) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
        let factors = self.has_factors.then(|| args.read::<T>(4));
        let factors = factors.as_deref().unwrap_or_default();
        let mut values = args.write::<T>(4 + usize::from(self.has_factors));
        let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
        let weights = &weights[params.first_weight as usize..][..params.features as usize];
        let share = 4 * params.share as usize;
        for chunk in 0..params.chunks as usize {
            let features_of_chunk = chunk * share..((chunk + 1) * share).min(weights.len());
            let sums: Vec<T> = (0..count)
                .into_par_iter()
                .flat_map_iter(|p| {
                    let x: Vec<T> = (0..self.dimensions).map(|i| points[i * padded + p]).collect();
                    let (mut sums, mut jets) = (vec![T::zero(); self.terms], vec![T::zero(); self.terms]);
                    for j in features_of_chunk.clone() {
                        (self.jets)(&features, factors, j, &x, &mut jets);
                        sums.iter_mut().zip(&jets).for_each(|(sum, &jet)| *sum += weights[j] * jet);
                    }
                    sums
                })
                .collect();
            for t in 0..self.terms {
                let term = chunk * params.terms as usize + params.first_term as usize + t;
                let to = &mut values[term * padded..][..padded];
                to.fill(T::zero());
                to[..count].iter_mut().enumerate().for_each(|(p, to)| *to = sums[p * self.terms + t]);
            }
        }
    }
}

/// `features/chunk_sum`.
pub(crate) fn sum_twin<T: Real>(args: &Args) {
    let SumParams { n4, chunks, stride4, first4 } = args.params();
    let (partials, mut values) = (args.read::<T>(1), args.write::<T>(2));
    let [n, stride, first] = [n4, stride4, first4].map(|quads| 4 * quads as usize);
    for (i, value) in values[first..first + n].iter_mut().enumerate() {
        *value = (0..chunks as usize).map(|chunk| partials[chunk * stride + first + i]).sum();
    }
}
