//! What the twins of all products have in common.

use std::ops::Range;

use ansatz_gpu::Real;
use rayon::prelude::*;

use crate::cg::control::{SUMS, Status};
use crate::cg::share;

/// What one launch computes.
pub(super) struct Work {
    pub columns: u32,
    /// Scalars from one column of x and y to the next.
    pub length: usize,
    /// The entries of y that are computed.
    pub entries: Range<usize>,
    pub control_stride: u32,
    pub groups: u32,
    pub partial_offset: u32,
}

/// Whether the work of a column is to be done.
pub(super) fn is_running<T: Real>(control: &[T], column: usize, control_stride: u32) -> bool {
    Status::from_word(control[column * control_stride as usize]) == Status::Running
}

/// yᵢ = `product(x, i)` for the entries of a launch in every column that runs, and the partial sums of xᵀy.
pub(super) fn multiply<T: Real>(
    work: &Work,
    control: &mut [T],
    x: &[T],
    y: &mut [T],
    product: impl Fn(&[T], usize) -> T + Sync,
) {
    let chunk = share(work.entries.len(), work.groups as usize);
    for column in 0..work.columns as usize {
        if !is_running(control, column, work.control_stride) {
            continue;
        }
        let x = &x[column * work.length..(column + 1) * work.length];
        let y = &mut y[column * work.length..(column + 1) * work.length][work.entries.clone()];
        let partial: Vec<T> = y
            .par_chunks_mut(chunk)
            .enumerate()
            .map(|(group, y)| {
                let mut sum = T::zero();
                for (i, y) in (work.entries.start + group * chunk..).zip(y) {
                    *y = product(x, i);
                    sum += *y * x[i];
                }
                sum
            })
            .collect();
        let at = column * work.control_stride as usize + SUMS + work.partial_offset as usize;
        for (group, word) in control[at..at + work.groups as usize].iter_mut().enumerate() {
            *word = partial.get(group).copied().unwrap_or_else(T::zero);
        }
    }
}
