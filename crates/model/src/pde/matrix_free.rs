//! The Jacobian along tangent functions where it is too large to be kept: products with it, for which its rows are made again, tile by tile.

use std::ops::Range;

use ansatz_features::Rows;
use ansatz_gpu::{Buffer, Gpu, GpuError, Plan};
use ansatz_linalg::{ColumnSquares, Gemv, Matrix};
use ansatz_optim::Jacobian;

use super::collocation::{factors_of, rows_of, upload_points};
use super::equation::{Equation, Linearised};
use super::gradient::{read, write};
use super::space::DeviceSpace;
use super::tier::Tier;
use super::trial::{Group, Trial, by_field};
use super::{Collocation, PdeError as Error};

/// Bytes of the rows of a tile, and the most points in it.
const TILE_BYTES: usize = 1 << 25;
const TILE_POINTS: usize = 1 << 13;

/// J, with the rows and columns of `DeviceJacobian`. Recorded once for tangent functions of one shape.
pub(super) struct MatrixFree<T: Tier> {
    gpu: Gpu,
    space: DeviceSpace<T>,
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

/// Some points of an equation.
struct Tile<T> {
    equation: usize,
    points: Range<usize>,
    first_row: usize,
    vector: Buffer<T>,
    parts: Vec<Part<T>>,
}

/// What their rows have of one field.
struct Part<T> {
    group: Group,
    /// ω_p ∂R/∂u_t, of partners with the sign −1.
    factors: Vec<(f64, Buffer<T>)>,
    /// Of each column.
    squares: Buffer<T>,
}

impl<T: Tier> MatrixFree<T> {
    /// Uploads the points and the tangent functions, and records the products.
    pub fn new(
        gpu: &Gpu,
        tangent: &Trial,
        equations: &[Equation],
        collocations: &[Collocation],
    ) -> Result<Self, Error> {
        let columns: Vec<Range<usize>> =
            (0..tangent.fields().len()).map(|field| tangent.columns(field)).collect();
        let widest = columns.iter().map(Range::len).max().unwrap_or(0).max(1);
        let longest = collocations.iter().map(|block| block.points.len()).max().unwrap_or(0);
        let fit = TILE_BYTES / (widest * size_of::<T>());
        let most = (fit / 4 * 4).clamp(4, TILE_POINTS).min(longest.next_multiple_of(4).max(4));
        let vectors = columns.iter().map(|range| Ok((range.clone(), gpu.buffer("v", range.len())?)));
        let matrices = columns.iter().map(|range| Matrix::zeros(gpu, "rows of a tile", most, range.len()));
        let matrices = matrices.collect::<Result<Vec<_>, _>>()?;
        let plan = |label| Plan::new(gpu, label);
        let mut free = Self {
            gpu: gpu.clone(),
            space: DeviceSpace::new(gpu, tangent)?,
            rows: rows_of(collocations),
            fields: vectors.collect::<Result<_, GpuError>>()?,
            present: vec![false; columns.len()],
            tiles: Vec::new(),
            forward: plan("Jv"),
            backward: plan("Jᵀw"),
            squares: plan("lengths of columns"),
        };
        let mut first_row = 0;
        for (number, (equation, block)) in equations.iter().zip(collocations).enumerate() {
            let count = block.points.len();
            for first in (0..count).step_by(most) {
                let points = first..(first + most).min(count);
                free.record((number, first_row + first), (equation, block), points, &matrices)?;
            }
            first_row += count.next_multiple_of(4);
        }
        Ok(free)
    }

    /// Records the part of some points of an equation; each field has a matrix for the rows of a tile.
    fn record(
        &mut self,
        (number, first_row): (usize, usize),
        (equation, block): (&Equation, &Collocation),
        range: Range<usize>,
        matrices: &[Matrix<T>],
    ) -> Result<(), Error> {
        let gpu = self.gpu.clone();
        let (count, stride) = (range.len(), range.len().next_multiple_of(4));
        let (all, dimension) = (&block.points, block.points.dimension);
        let part = |coordinates: &[f64]| {
            let own = &coordinates[range.start * dimension..range.end * dimension];
            upload_points::<T>(&gpu, own, dimension, stride)
        };
        let mut sides = vec![(part(&all.coordinates)?, 1.0)];
        if let Some(partners) = &all.partners {
            sides.push((part(partners)?, -1.0));
        }
        let vector = gpu.buffer("rows of J", count)?;
        let mut parts = Vec::new();
        for (place, group) in by_field(&equation.jets, self.fields.len()).into_iter().enumerate() {
            let (matrix, field) = (&matrices[group.field], group.field);
            let squares = gpu.buffer("squares of columns", matrix.columns())?;
            let factors = sides.iter().map(|&(_, sign)| {
                let buffer = gpu.buffer("coefficients of the operator", group.terms.len() * stride)?;
                Ok((sign, buffer))
            });
            let factors: Vec<(f64, Buffer<T>)> = factors.collect::<Result<_, GpuError>>()?;
            let v = &self.fields[field].1;
            let transposed_before = std::mem::replace(&mut self.present[field], true);
            let one_if = |on: bool| if on { T::one() } else { T::zero() };
            let plans = [&mut self.forward, &mut self.backward, &mut self.squares];
            for (product, plan) in plans.into_iter().enumerate() {
                for (side, ((points, _), (_, coefficients))) in sides.iter().zip(&factors).enumerate() {
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
                    self.space.features()[field].record_rows(plan, &rows)?;
                }
                let (a, alpha) = (matrix.view(0..count, 0..matrix.columns())?, T::one());
                match product {
                    0 => Gemv { alpha, a, transpose: false, x: v, beta: one_if(place > 0), y: &vector }
                        .record(plan)?,
                    1 => {
                        Gemv { alpha, a, transpose: true, x: &vector, beta: one_if(transposed_before), y: v }
                            .record(plan)?
                    }
                    _ => ColumnSquares { a, results: &squares }.record(plan)?,
                }
            }
            parts.push(Part { group, factors, squares });
        }
        self.tiles.push(Tile { equation: number, points: range, first_row, vector, parts });
        Ok(())
    }

    /// Puts other tangent functions of the same shape there.
    pub fn load(&self, tangent: &Trial) -> Result<(), Error> {
        Ok(self.space.load(&self.gpu, tangent)?)
    }

    /// J shall be that for R and its partial derivatives `at` the points; weights are those of the rows of each equation.
    pub fn weigh(&self, at: &[Linearised], weights: &[f64]) -> Result<(), Error> {
        for tile in &self.tiles {
            let (at, weight) = (&at[tile.equation], weights[tile.equation]);
            for part in &tile.parts {
                for (sign, buffer) in &part.factors {
                    let factors: Vec<T> = factors_of(&part.group, at, tile.points.clone(), sign * weight);
                    self.gpu.write(buffer, 0, &factors)?;
                }
            }
        }
        Ok(())
    }

    /// The lengths of the columns.
    pub fn lengths(&mut self) -> Result<Vec<f64>, Error> {
        let mut lengths = vec![0.0; self.fields.last().map_or(0, |(columns, _)| columns.end)];
        self.each_squares(|_, columns, squares| {
            lengths[columns].iter_mut().zip(squares).for_each(|(sum, square)| *sum += square);
        })?;
        lengths.iter_mut().for_each(|length| *length = length.sqrt());
        Ok(lengths)
    }

    /// The sum of the squares of all rows of each equation.
    pub fn traces(&mut self, equations: usize) -> Result<Vec<f64>, Error> {
        let mut traces = vec![0.0; equations];
        self.each_squares(|equation, _, squares| traces[equation] += squares.iter().sum::<f64>())?;
        Ok(traces)
    }

    /// Hands the squares of columns to `take`, with their equation and which columns they are of, tile by tile.
    fn each_squares(&mut self, mut take: impl FnMut(usize, Range<usize>, Vec<f64>)) -> Result<(), Error> {
        self.squares.run()?;
        for tile in &self.tiles {
            for part in &tile.parts {
                let columns = self.fields[part.group.field].0.clone();
                take(tile.equation, columns, read(&self.gpu, &part.squares)?);
            }
        }
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
