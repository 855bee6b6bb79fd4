//! The Jacobian along tangent functions where it is too large to be kept: products with it, for which its rows are made again, tile by tile.

use std::ops::Range;

use ansatz_features::{DeviceFeatures, Rows};
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_linalg::{ColumnSquares, Gemv, Matrix};
use ansatz_optim::Jacobian;

use super::collocation::{DeviceSpace, factors_of, rows_of, upload_points};
use super::equation::{Equation, Linearised};
use super::gradient::{read, write};
use super::tier::Tier;
use super::trial::{Trial, by_field};
use super::{Collocation, PdeError as Error};

/// Bytes of the rows of a tile, and the most points in it.
const TILE_BYTES: usize = 1 << 25;
const TILE_POINTS: usize = 1 << 13;

/// J, with the rows and columns of `DeviceCollocation::assemble_along`.
pub(super) struct MatrixFree<T: Tier> {
    gpu: Gpu,
    rows: usize,
    /// The columns of each field, and the vectors of as many numbers.
    fields: Vec<(Range<usize>, Buffer<T>)>,
    /// Which of them an equation has.
    present: Vec<bool>,
    tiles: Vec<Tile<T>>,
    forward: Plan,
    backward: Plan,
    squares: Plan,
}

/// Some rows, and for each field that is in them the squares of their part of its columns.
struct Tile<T> {
    first_row: usize,
    vector: Buffer<T>,
    squares: Vec<(usize, Buffer<T>)>,
}

/// The plans under way.
struct Recorder<'a, T: Tier> {
    free: MatrixFree<T>,
    features: &'a [Box<dyn DeviceFeatures<T>>],
    /// For each field the rows of a tile.
    matrices: Vec<Matrix<T>>,
}

impl<T: Tier> MatrixFree<T> {
    /// Records the products, for R and its partial derivatives `at` the points of a state with these tangent functions.
    pub fn new(
        gpu: &Gpu,
        tangent: &Trial,
        (equations, collocations): (&[Equation], &[Collocation]),
        at: &[Linearised],
        row_weights: &[f64],
    ) -> Result<Self, Error> {
        let space = DeviceSpace::<T>::new(gpu, tangent)?;
        let columns: Vec<Range<usize>> =
            (0..tangent.fields().len()).map(|field| tangent.columns(field)).collect();
        let widest = columns.iter().map(Range::len).max().unwrap_or(0).max(1);
        let longest = collocations.iter().map(|block| block.points.len()).max().unwrap_or(0);
        let fit = TILE_BYTES / (widest * size_of::<T>());
        let most = (fit / 4 * 4).clamp(4, TILE_POINTS).min(longest.next_multiple_of(4).max(4));
        let vectors = columns.iter().map(|range| Ok((range.clone(), gpu.buffer("v", range.len())?)));
        let matrices = columns.iter().map(|range| Matrix::zeros(gpu, "rows of a tile", most, range.len()));
        let plan = |label| Plan::new(gpu, label);
        let mut recorder = Recorder {
            free: Self {
                gpu: gpu.clone(),
                rows: rows_of(collocations),
                fields: vectors.collect::<Result<_, GpuError>>()?,
                present: vec![false; columns.len()],
                tiles: Vec::new(),
                forward: plan("Jv"),
                backward: plan("Jᵀw"),
                squares: plan("lengths of columns"),
            },
            features: space.features(),
            matrices: matrices.collect::<Result<_, _>>()?,
        };
        let mut first_row = 0;
        for (((equation, block), at), &weight) in equations.iter().zip(collocations).zip(at).zip(row_weights)
        {
            let count = block.points.len();
            for first in (0..count).step_by(most) {
                let points = first..(first + most).min(count);
                recorder.record(first_row + first, (equation, block), (at, weight), points)?;
            }
            first_row += count.next_multiple_of(4);
        }
        Ok(recorder.free)
    }

    /// The lengths of the columns.
    pub fn lengths(&mut self) -> Result<Vec<f64>, Error> {
        self.squares.run()?;
        let mut lengths = vec![0.0; self.fields.last().map_or(0, |(columns, _)| columns.end)];
        for (field, squares) in self.tiles.iter().flat_map(|tile| &tile.squares) {
            let of_field = lengths[self.fields[*field].0.clone()].iter_mut();
            of_field.zip(read(&self.gpu, squares)?).for_each(|(sum, square)| *sum += square);
        }
        lengths.iter_mut().for_each(|length| *length = length.sqrt());
        Ok(lengths)
    }
}

impl<T: Tier> Recorder<'_, T> {
    /// Records the part of some points of an equation.
    fn record(
        &mut self,
        first_row: usize,
        (equation, block): (&Equation, &Collocation),
        (at, weight): (&Linearised, f64),
        points: Range<usize>,
    ) -> Result<(), Error> {
        let gpu = self.free.gpu.clone();
        let (count, stride) = (points.len(), points.len().next_multiple_of(4));
        let (all, dimension) = (&block.points, block.points.dimension);
        let part = |coordinates: &[f64]| {
            upload_points::<T>(
                &gpu,
                &coordinates[points.start * dimension..points.end * dimension],
                dimension,
                stride,
            )
        };
        let mut sides = vec![(part(&all.coordinates)?, 1.0)];
        if let Some(partners) = &all.partners {
            sides.push((part(partners)?, -1.0));
        }
        let vector = gpu.buffer("rows of J", count)?;
        let mut squares = Vec::new();
        for (number, group) in by_field(&equation.jets, self.features.len()).into_iter().enumerate() {
            let (matrix, field) = (&self.matrices[group.field], group.field);
            let of_columns = gpu.buffer("squares of columns", matrix.columns())?;
            let mut factors = Vec::new();
            for (_, sign) in &sides {
                let numbers: Vec<T> = factors_of(&group, at, points.clone(), sign * weight);
                factors.push(gpu.upload("coefficients of the operator", &numbers)?);
            }
            let v = &self.free.fields[field].1;
            let transposed_before = std::mem::replace(&mut self.free.present[field], true);
            let one_if = |on: bool| if on { T::one() } else { T::zero() };
            let plans = [&mut self.free.forward, &mut self.free.backward, &mut self.free.squares];
            for (product, plan) in plans.into_iter().enumerate() {
                for (side, ((points, _), coefficients)) in sides.iter().zip(&factors).enumerate() {
                    let rows = Rows {
                        terms: &group.terms,
                        points,
                        count,
                        coefficients,
                        first_coefficient: 0,
                        matrix,
                        first_row: 0,
                        first_column: 0,
                        accumulate: side > 0,
                    };
                    self.features[field].record_rows(plan, &rows)?;
                }
                let (a, alpha) = (matrix.view(0..count, 0..matrix.columns())?, T::one());
                match product {
                    0 => Gemv { alpha, a, transpose: false, x: v, beta: one_if(number > 0), y: &vector }
                        .record(plan)?,
                    1 => {
                        Gemv { alpha, a, transpose: true, x: &vector, beta: one_if(transposed_before), y: v }
                            .record(plan)?
                    }
                    _ => ColumnSquares { a, results: &of_columns }.record(plan)?,
                }
            }
            squares.push((field, of_columns));
        }
        self.free.tiles.push(Tile { first_row, vector, squares });
        Ok(())
    }
}

impl<T: Tier> Jacobian for MatrixFree<T> {
    type Error = Error;

    fn multiply(&mut self, v: &[f64]) -> Result<Vec<f64>, Error> {
        for (columns, vector) in &self.fields {
            write(&self.gpu, vector, &v[columns.clone()])?;
        }
        self.forward.run()?;
        let mut product = vec![0.0; self.rows];
        for tile in &self.tiles {
            let rows = read(&self.gpu, &tile.vector)?;
            product[tile.first_row..][..rows.len()].copy_from_slice(&rows);
        }
        Ok(product)
    }

    fn multiply_transposed(&mut self, w: &[f64]) -> Result<Vec<f64>, Error> {
        for tile in &self.tiles {
            write(&self.gpu, &tile.vector, &w[tile.first_row..][..tile.vector.len()])?;
        }
        self.backward.run()?;
        let of_field = |((columns, vector), &present): (&(Range<usize>, Buffer<T>), &bool)| {
            if present { read(&self.gpu, vector) } else { Ok(vec![0.0; columns.len()]) }
        };
        let parts = self.fields.iter().zip(&self.present).map(of_field);
        Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
    }
}
