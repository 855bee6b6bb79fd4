//! The collocation points on a device, and what the equations have of the unknowns at them.

use std::ops::Range;

use ansatz_gpu::{Buffer, Gpu, GpuError};

use super::Collocation;
use super::equation::{Equation, Linearised};
use super::singular::SingularFunction;
use super::tier::Tier;
use super::trial::{Group, Trial, by_field};

/// The collocation points of every equation on a device.
pub(super) struct DeviceCollocation<T> {
    pub gpu: Gpu,
    pub blocks: Vec<Block<T>>,
    pub rows: usize,
}

/// Rows of the matrix; those that pad a block are zero.
pub(super) fn rows_of(collocations: &[Collocation]) -> usize {
    collocations.iter().map(|block| block.points.len().next_multiple_of(4)).sum()
}

/// R and its partial derivatives at all points in f64 on the host, for u = Σ c_j φ_j.
pub(super) fn linearise_on_host(
    trial: &Trial,
    c: &[f64],
    equations: &[Equation],
    collocations: &[Collocation],
) -> Vec<Linearised> {
    let block = |(equation, collocation): (&Equation, &Collocation)| {
        let points = &collocation.points;
        equation.at(points, |x, jets| trial.jets(c, points.dimension, x, jets))
    };
    equations.iter().zip(collocations).map(block).collect()
}

/// The points of one equation.
pub(super) struct Block<T> {
    pub first_row: usize,
    pub count: usize,
    pub stride: usize,
    /// Twice where the equation is about a jump between partners.
    pub sides: Vec<Side<T>>,
}

pub(super) struct Side<T> {
    pub points: Buffer<T>,
    /// +1, and -1 for partners.
    pub sign: f64,
    pub fields: Vec<Field>,
}

/// What an equation has of one field.
pub(super) struct Field {
    pub group: Group,
    /// Of each function for a corner, at each point, each term. These are few, and need f64 near their corners, where terms
    /// cancel that are far larger than their sum.
    pub singular: Vec<Vec<Vec<f64>>>,
}

impl<T: Tier> DeviceCollocation<T> {
    /// Uploads the points, and evaluates the functions for corners there.
    pub fn new(
        gpu: &Gpu,
        trial: &Trial,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<Self, GpuError> {
        let (mut blocks, mut rows) = (Vec::new(), 0);
        for (equation, Collocation { points, .. }) in equations.iter().zip(collocations) {
            let (count, stride) = (points.len(), points.len().next_multiple_of(4));
            let side = |coordinates: &[f64], sign| -> Result<Side<T>, GpuError> {
                let field = |group: Group| {
                    let singular = singular_jets(trial, &group, coordinates);
                    Field { group, singular }
                };
                Ok(Side {
                    points: upload_points(gpu, coordinates, points.dimension, stride)?,
                    sign,
                    fields: by_field(&equation.jets, trial.fields().len()).into_iter().map(field).collect(),
                })
            };
            let mut sides = vec![side(&points.coordinates, 1.0)?];
            if let Some(partners) = &points.partners {
                sides.push(side(partners, -1.0)?);
            }
            blocks.push(Block { first_row: rows, count, stride, sides });
            rows += stride;
        }
        Ok(Self { gpu: gpu.clone(), blocks, rows })
    }
}

fn singular_jets(trial: &Trial, group: &Group, coordinates: &[f64]) -> Vec<Vec<Vec<f64>>> {
    let at_point = |function: &SingularFunction, x: &[f64]| {
        group.terms.iter().map(|term| function.jet([x[0], x[1]], term)).collect()
    };
    let functions = trial.singular(group.field).iter();
    functions.map(|function| coordinates.chunks_exact(2).map(|x| at_point(function, x)).collect()).collect()
}

/// `factor` ∂R/∂u_t at some points, for each term t of a group; each padded to a multiple of four points by zeros.
pub(super) fn factors_of<T: Tier>(
    group: &Group,
    at: &Linearised,
    points: Range<usize>,
    factor: f64,
) -> Vec<T> {
    let stride = points.len().next_multiple_of(4);
    let mut factors = vec![T::zero(); group.terms.len() * stride];
    for (&jet, factors) in group.jets.iter().zip(factors.chunks_mut(stride.max(1))) {
        let partials = factors.iter_mut().zip(&at.partials[jet][points.clone()]);
        partials.for_each(|(to, &value)| *to = T::from_f64(factor * value));
    }
    factors
}

/// Coordinate after coordinate, each padded to `stride` points by the last one.
pub(super) fn upload_points<T: Tier>(
    gpu: &Gpu,
    coordinates: &[f64],
    dimension: usize,
    stride: usize,
) -> Result<Buffer<T>, GpuError> {
    let count = coordinates.len() / dimension.max(1);
    let at = |i: usize, p: usize| T::from_f64(coordinates[p.min(count - 1) * dimension + i]);
    let by_coordinate: Vec<T> = if count == 0 {
        Vec::new()
    } else {
        (0..dimension).flat_map(|i| (0..stride).map(move |p| at(i, p))).collect()
    };
    gpu.upload("points", &by_coordinate)
}
