//! The twins: what the kernels of `shaders/layers` do, in plain Rust, which the CPU executor runs.

use std::ops::Range;
use std::sync::Arc;

use ansatz_features::MultiIndex;
use ansatz_gpu::{Args, Real};
use rayon::prelude::*;

use crate::jet::{MAX_SLOTS, Slots, factorial};
use crate::point::Point;
use crate::shape::Shape;

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct RowsParams {
    pub count: u32,
    pub first: u32,
    pub begin: u32,
    pub end: u32,
    pub shift: u32,
    pub stride4: u32,
    pub first4: u32,
    pub first_term: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct SumsParams {
    pub count: u32,
    pub first: u32,
    pub first_term: u32,
    pub steps: u32,
    pub chunks: u32,
    pub columns: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct ValuesParams {
    pub count: u32,
    pub first: u32,
    pub first_weight: u32,
    pub first_term: u32,
}

/// Points whose rows the twin holds at a time.
const BLOCK: usize = 256;

/// What the twins of a launch know beyond its arguments.
pub(crate) struct Twin {
    pub shape: Arc<Shape>,
    pub slots: Arc<Slots>,
    pub terms: Vec<MultiIndex>,
    pub tangent: bool,
    /// Groups of four points of the launch.
    pub groups: usize,
}

impl Twin {
    /// The points of the launch, with the padding of the last group.
    fn points(&self, first: u32) -> Range<usize> {
        4 * first as usize..4 * (first as usize + self.groups)
    }

    /// `layers/rows` and `layers/tangent`.
    pub fn rows<T: Real>(&self, args: &Args, accumulate: bool) {
        let params: RowsParams = args.params();
        let (points, coefficients, packed) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
        let mut matrix = args.write::<T>(5);
        let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
        let (stride, first) = (4 * params.stride4 as usize, 4 * params.first4 as usize);
        let coefficients = &coefficients[(params.first_term as usize * padded).min(coefficients.len())..];
        let point = Point { shape: &self.shape, slots: &self.slots, packed: &packed };
        let place = |j: u32| j.wrapping_add(params.shift) as usize * stride;
        let columns = &mut matrix[place(params.begin)..place(params.end)];
        for begin in self.points(params.first).step_by(BLOCK) {
            let block = begin..(begin + BLOCK).min(self.points(params.first).end);
            let row = |p: usize| self.row(&point, (&points, coefficients), (count, p));
            let rows: Vec<Vec<T>> = block.clone().into_par_iter().map(row).collect();
            columns.par_chunks_mut(stride).enumerate().for_each(|(column, to)| {
                let j = params.begin as usize + column;
                for (to, row) in to[first..][block.clone()].iter_mut().zip(&rows) {
                    *to = if accumulate { *to + row[j] } else { row[j] };
                }
            });
        }
    }

    /// `layers/rows` and `layers/tangent` with SUMS.
    pub fn sums<T: Real>(&self, args: &Args) {
        let params: SumsParams = args.params();
        let (points, coefficients, packed) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
        let mut partials = args.write::<T>(5);
        let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
        let (chunks, columns) = (params.chunks as usize, params.columns as usize);
        let coefficients = &coefficients[(params.first_term as usize * padded).min(coefficients.len())..];
        let point = Point { shape: &self.shape, slots: &self.slots, packed: &packed };
        let partials = &mut partials[..chunks * columns];
        partials.par_chunks_mut(columns).enumerate().for_each(|(chunk, sums)| {
            sums.fill(T::zero());
            for step in 0..params.steps as usize {
                let first = 4 * (params.first as usize + step * chunks + chunk);
                for p in first..(first + 4).min(count) {
                    let row = self.row(&point, (&points, coefficients), (count, p));
                    sums.iter_mut().zip(&row).for_each(|(sum, &entry)| *sum += entry);
                }
            }
        });
    }

    /// The row of point p, zero beyond the last of `count`.
    fn row<T: Real>(
        &self,
        point: &Point<'_, T>,
        (points, coefficients): (&[T], &[T]),
        (count, p): (usize, usize),
    ) -> Vec<T> {
        let (outer, padded) = (self.shape.features(), count.next_multiple_of(4));
        let mut row = vec![T::zero(); outer + self.shape.inner()];
        if p >= count {
            return row;
        }
        let x: Vec<T> = (0..self.shape.dimensions).map(|i| points[i * padded + p]).collect();
        let mut seed = [T::zero(); MAX_SLOTS];
        for (t, term) in self.terms.iter().enumerate() {
            let factor = T::from_f64(factorial(term).into());
            seed[self.slots.place(term)] += factor * coefficients[t * padded + p];
        }
        let forward = point.forward(&x);
        for (to, h) in row.iter_mut().zip(&forward.h[self.shape.depth()]) {
            *to = point.dot(&seed, h);
        }
        row[outer - 1] = seed[0];
        if self.tangent {
            point.reverse(&forward, &seed, |j, value| row[outer + j] = value);
        }
        row
    }

    /// `layers/values` and `layers/tangent_values`.
    pub fn values<T: Real>(&self, args: &Args) {
        let params: ValuesParams = args.params();
        let (points, weights, packed) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
        let mut values = args.write::<T>(5);
        let (count, padded) = (params.count as usize, params.count.next_multiple_of(4) as usize);
        let point = Point { shape: &self.shape, slots: &self.slots, packed: &packed };
        let weights = &weights[params.first_weight as usize..];
        let at = |p: usize| {
            let mut u = [T::zero(); MAX_SLOTS];
            if p < count {
                let x: Vec<T> = (0..self.shape.dimensions).map(|i| points[i * padded + p]).collect();
                let forward = point.forward(&x);
                u = if self.tangent { point.push(&forward, weights) } else { point.sum(&forward, weights) };
            }
            let value = |term: &MultiIndex| T::from_f64(factorial(term).into()) * u[self.slots.place(term)];
            self.terms.iter().map(value).collect()
        };
        let sums: Vec<Vec<T>> = self.points(params.first).into_par_iter().map(at).collect();
        for (p, sums) in self.points(params.first).zip(sums) {
            for (t, sum) in sums.into_iter().enumerate() {
                values[(params.first_term as usize + t) * padded + p] = sum;
            }
        }
    }
}
