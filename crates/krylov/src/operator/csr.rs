//! Compressed sparse rows in f64: the matrix as the user gave it, and the reference every device format is held to.

use std::ops::Range;

use rayon::prelude::*;

use super::{Components, NullComponents, Operator, OperatorError};

/// A sparse matrix by rows, columns strictly ascending within each row.
///
/// Entries that were given are kept even where their value is zero: they are part of the pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Csr {
    columns: usize,
    row_ptr: Vec<usize>,
    column_indices: Vec<u32>,
    values: Vec<f64>,
}

/// How the lengths of the rows are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowStatistics {
    /// The shortest row.
    pub min: usize,
    /// The mean length.
    pub mean: f64,
    /// The longest row.
    pub max: usize,
    /// The standard deviation of the lengths.
    pub std: f64,
}

/// The worst pair of entries that should be equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asymmetry {
    /// |aᵢⱼ − aⱼᵢ| over the largest magnitude in rows i and j.
    pub relative: f64,
    /// i, counted from 0.
    pub row: usize,
    /// j, counted from 0.
    pub column: usize,
    /// aᵢⱼ.
    pub value: f64,
    /// aⱼᵢ, zero where it is not stored.
    pub mirrored: f64,
}

impl Csr {
    /// Builds a matrix from `(row, column, value)` in any order; duplicates are summed in the order given.
    pub fn from_triplets(
        rows: usize,
        columns: usize,
        triplets: &[(usize, usize, f64)],
    ) -> Result<Self, OperatorError> {
        check_extents(rows, columns, triplets.len())?;
        if let Some(&(row, column, _)) = triplets.iter().find(|&&(r, c, _)| r >= rows || c >= columns) {
            return Err(OperatorError::IndexOutside { row, column, rows, columns });
        }
        // Counting sort by row; within a row a stable sort by column keeps the order of duplicates.
        let mut end = vec![0usize; rows + 1];
        triplets.iter().for_each(|&(row, _, _)| end[row + 1] += 1);
        prefix_sum(&mut end);
        let mut bucket = vec![(0u32, 0.0); triplets.len()];
        let mut next = end.clone();
        for &(row, column, value) in triplets {
            bucket[next[row]] = (column as u32, value);
            next[row] += 1;
        }
        let mut matrix = Self {
            columns,
            row_ptr: Vec::with_capacity(rows + 1),
            column_indices: Vec::with_capacity(triplets.len()),
            values: Vec::with_capacity(triplets.len()),
        };
        matrix.row_ptr.push(0);
        for row in 0..rows {
            let entries = &mut bucket[end[row]..end[row + 1]];
            entries.sort_by_key(|&(column, _)| column);
            for same in entries.chunk_by(|a, b| a.0 == b.0) {
                matrix.column_indices.push(same[0].0);
                matrix.values.push(same.iter().map(|&(_, value)| value).sum());
            }
            matrix.row_ptr.push(matrix.values.len());
        }
        Ok(matrix)
    }

    /// Takes over compressed rows: `row_ptr` ascends from 0 to the number of entries, and the columns of each row
    /// ascend strictly.
    pub fn from_parts(
        columns: usize,
        row_ptr: Vec<usize>,
        column_indices: Vec<u32>,
        values: Vec<f64>,
    ) -> Result<Self, OperatorError> {
        let entries = values.len();
        if column_indices.len() != entries {
            return Err(OperatorError::Length {
                what: "column_indices",
                found: column_indices.len(),
                expected: entries,
            });
        }
        let (Some(&first), Some(&last)) = (row_ptr.first(), row_ptr.last()) else {
            return Err(OperatorError::Length { what: "row_ptr", found: 0, expected: 1 });
        };
        check_extents(row_ptr.len() - 1, columns, entries)?;
        let descent = row_ptr.windows(2).position(|pair| pair[0] > pair[1]).map(|row| row + 1);
        let wrong = (first != 0).then_some(0).or(descent).or((last != entries).then(|| row_ptr.len() - 1));
        if let Some(index) = wrong {
            return Err(OperatorError::RowPointer { index, value: row_ptr[index], entries });
        }
        let matrix = Self { columns, row_ptr, column_indices, values };
        for row in 0..matrix.rows() {
            let (indices, _) = matrix.row(row);
            if indices.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(OperatorError::Unsorted { row });
            }
            if let Some(&column) = indices.last().filter(|&&column| column as usize >= columns) {
                let (column, rows) = (column as usize, matrix.rows());
                return Err(OperatorError::IndexOutside { row, column, rows, columns });
            }
        }
        Ok(matrix)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.row_ptr.len() - 1
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Where each row begins among the entries, and where the last one ends.
    pub fn row_ptr(&self) -> &[usize] {
        &self.row_ptr
    }

    /// The column of each entry, row by row.
    pub fn column_indices(&self) -> &[u32] {
        &self.column_indices
    }

    /// The value of each entry, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Columns and values of one row.
    pub fn row(&self, row: usize) -> (&[u32], &[f64]) {
        let range: Range<usize> = self.row_ptr[row]..self.row_ptr[row + 1];
        (&self.column_indices[range.clone()], &self.values[range])
    }

    /// Columns and values of one row, which may be changed.
    pub(crate) fn row_mut(&mut self, row: usize) -> (&[u32], &mut [f64]) {
        let range: Range<usize> = self.row_ptr[row]..self.row_ptr[row + 1];
        (&self.column_indices[range.clone()], &mut self.values[range])
    }

    /// `row_ptr`, column indices and values.
    pub(crate) fn into_parts(self) -> (Vec<usize>, Vec<u32>, Vec<f64>) {
        (self.row_ptr, self.column_indices, self.values)
    }

    /// Whether the entries are in the same places.
    pub(crate) fn has_pattern_of(&self, other: &Self) -> bool {
        self.columns == other.columns
            && self.row_ptr == other.row_ptr
            && self.column_indices == other.column_indices
    }

    /// A S with S = diag(s), for as many numbers as there are columns.
    pub(crate) fn scale_columns(&mut self, s: &[f64]) {
        self.values.iter_mut().zip(&self.column_indices).for_each(|(value, &j)| *value *= s[j as usize]);
    }

    /// The entry at (row, column), zero where none is stored.
    pub fn get(&self, row: usize, column: usize) -> f64 {
        let (indices, values) = self.row(row);
        indices.binary_search(&(column as u32)).map_or(0.0, |k| values[k])
    }

    /// `Err` unless the matrix is square.
    pub fn check_square(&self) -> Result<(), OperatorError> {
        let (rows, columns) = (self.rows(), self.columns);
        if rows == columns { Ok(()) } else { Err(OperatorError::NotSquare { rows, columns }) }
    }

    /// Row, column and value of the first entry that is infinite or not a number.
    pub fn first_non_finite(&self) -> Option<(usize, usize, f64)> {
        let entry = self.values.iter().position(|value| !value.is_finite())?;
        let row = self.row_ptr.partition_point(|&start| start <= entry) - 1;
        Some((row, self.column_indices[entry] as usize, self.values[entry]))
    }

    /// How the lengths of the rows are spread; all zero for a matrix without rows.
    pub fn row_statistics(&self) -> RowStatistics {
        let rows = self.rows().max(1) as f64;
        let lengths = || self.row_ptr.windows(2).map(|pair| pair[1] - pair[0]);
        let mean = self.values.len() as f64 / rows;
        let variance = lengths().map(|length| (length as f64 - mean).powi(2)).sum::<f64>() / rows;
        RowStatistics {
            min: lengths().min().unwrap_or(0),
            mean,
            max: lengths().max().unwrap_or(0),
            std: variance.sqrt(),
        }
    }

    /// The worst deviation from A = Aᵀ, the first of equals; `None` where A is exactly symmetric.
    pub fn asymmetry(&self) -> Option<Asymmetry> {
        let largest: Vec<f64> = (0..self.rows())
            .map(|row| self.row(row).1.iter().fold(0.0, |m: f64, v| m.max(v.abs())))
            .collect();
        let largest_of = |row: usize| largest.get(row).copied().unwrap_or(0.0);
        let worst_of = |row: usize| {
            let (indices, values) = self.row(row);
            let mut worst: Option<Asymmetry> = None;
            for (&column, &value) in indices.iter().zip(values) {
                let column = column as usize;
                let mirrored = if column < self.rows() { self.get(column, row) } else { 0.0 };
                if value != mirrored {
                    let relative = (value - mirrored).abs() / largest[row].max(largest_of(column));
                    if worst.is_none_or(|w| relative > w.relative) {
                        worst = Some(Asymmetry { relative, row, column, value, mirrored });
                    }
                }
            }
            worst
        };
        // `max_by` would return the last of equals; folding in order returns the first.
        let by_row: Vec<Asymmetry> = (0..self.rows()).into_par_iter().filter_map(worst_of).collect();
        by_row.into_iter().reduce(|worst, a| if a.relative > worst.relative { a } else { worst })
    }

    /// ‖A‖_F = (Σ aᵢⱼ²)^½, scaled so that it neither overflows nor underflows early.
    pub fn norm_frobenius(&self) -> f64 {
        let largest = self.values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        if largest == 0.0 || !largest.is_finite() {
            return largest;
        }
        largest * self.values.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt()
    }

    /// S A S with S = diag(s): with s = D^(−½), Jacobi preconditioning as a change of variables.
    pub fn scaled(&self, s: &[f64]) -> Result<Self, OperatorError> {
        self.check_square()?;
        if s.len() != self.rows() {
            return Err(OperatorError::Length { what: "the scaling", found: s.len(), expected: self.rows() });
        }
        let mut scaled = self.clone();
        for row in 0..self.rows() {
            for k in self.row_ptr[row]..self.row_ptr[row + 1] {
                // One factor after the other: both together may be infinite where the entry is tiny.
                scaled.values[k] = scaled.values[k] * s[row] * s[self.column_indices[k] as usize];
            }
        }
        Ok(scaled)
    }

    /// Aᵀ.
    pub fn transposed(&self) -> Self {
        let mut row_ptr = vec![0; self.columns + 1];
        self.column_indices.iter().for_each(|&column| row_ptr[column as usize + 1] += 1);
        prefix_sum(&mut row_ptr);
        let mut next = row_ptr.clone();
        let mut transposed = Self {
            columns: self.rows(),
            row_ptr,
            column_indices: vec![0; self.values.len()],
            values: vec![0.0; self.values.len()],
        };
        for row in 0..self.rows() {
            let (indices, values) = self.row(row);
            for (&column, &value) in indices.iter().zip(values) {
                let at = &mut next[column as usize];
                transposed.column_indices[*at] = row as u32;
                transposed.values[*at] = value;
                *at += 1;
            }
        }
        transposed
    }

    /// A diag(s), with empty rows and columns beyond its own up to `size` of each.
    pub(crate) fn squared(mut self, s: &[f64], size: usize) -> Self {
        self.values.iter_mut().zip(&self.column_indices).for_each(|(value, &j)| *value *= s[j as usize]);
        let end = self.values.len();
        self.row_ptr.resize(size + 1, end);
        Self { columns: size, ..self }
    }

    /// ‖aⱼ‖₂ of every column.
    pub(crate) fn column_norms(&self) -> Vec<f64> {
        let largest = self.values.iter().fold(f64::MIN_POSITIVE, |m: f64, v| m.max(v.abs()));
        let mut squares = vec![0.0; self.columns];
        for (&column, value) in self.column_indices.iter().zip(&self.values) {
            squares[column as usize] += (value / largest).powi(2);
        }
        squares.iter().map(|square| largest * square.sqrt()).collect()
    }

    /// The diagonal, as long as the shorter side.
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.rows().min(self.columns)).map(|i| self.get(i, i)).collect()
    }

    /// ‖A‖∞ = maxᵢ Σⱼ |aᵢⱼ|.
    pub fn norm_inf(&self) -> f64 {
        (0..self.rows()).map(|row| self.row(row).1.iter().map(|v| v.abs()).sum()).fold(0.0, f64::max)
    }

    /// y = A x, for `x` of `columns` and `y` of `rows` entries.
    pub fn apply(&self, x: &[f64], y: &mut [f64]) {
        debug_assert!(x.len() == self.columns && y.len() == self.rows());
        y.par_iter_mut().with_min_len(1024).enumerate().for_each(|(row, y)| {
            let (indices, values) = self.row(row);
            *y = indices.iter().zip(values).map(|(&column, value)| value * x[column as usize]).sum();
        });
    }
}

impl Operator for Csr {
    fn dimension(&self) -> usize {
        self.rows()
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn unknowns(&self) -> usize {
        self.columns
    }

    fn nonzeros(&self) -> usize {
        self.values.len()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) {
        self.apply(x, y);
    }

    fn diagonal(&self) -> Vec<f64> {
        self.diagonal()
    }

    fn norm_inf(&self) -> f64 {
        self.norm_inf()
    }

    fn is_active(&self, index: usize) -> bool {
        index < self.rows().max(self.columns)
    }

    /// A component is null where every row sums to zero up to rounding. For square matrices.
    fn null_components(&self) -> NullComponents {
        let mut components = Components::new(self.rows().max(self.columns));
        for row in 0..self.rows() {
            let (indices, values) = self.row(row);
            for (&column, _) in indices.iter().zip(values).filter(|&(_, &value)| value != 0.0) {
                components.join(row, column as usize);
            }
        }
        let grounded = |row: usize| {
            let (_, values) = self.row(row);
            let magnitude: f64 = values.iter().map(|v| v.abs()).sum();
            // Each entry and each addition may be rounded.
            let rounding = 2.0 * f64::EPSILON * values.len() as f64 * magnitude;
            values.iter().sum::<f64>().abs() > rounding
        };
        components.ungrounded(|row| row < self.rows(), grounded)
    }

    fn defect(&self) -> Option<super::Defect> {
        super::defect::of_matrix(self)
    }

    fn visit_row(&self, row: usize, visit: &mut dyn FnMut(usize, f64)) {
        let (columns, values) = self.row(row);
        columns.iter().zip(values).for_each(|(&column, &value)| visit(column as usize, value));
    }

    /// Coordinate descent (Leventhal and Lewis, Math. Oper. Res. 35, 2010); the rows of a symmetric matrix are its columns.
    fn descend(&self, x: &mut [f64], r: &mut [f64]) -> bool {
        for (i, x) in x.iter_mut().enumerate() {
            let (indices, values) = self.row(i);
            let entries = || indices.iter().map(|&j| j as usize).zip(values);
            let (along, square) = entries().fold((0.0, 0.0), |(g, s), (j, a)| (g + a * r[j], s + a * a));
            let moved = *x + along / square;
            let step = moved - *x;
            if step != 0.0 && step.is_finite() {
                entries().for_each(|(j, a)| r[j] -= a * step);
                *x = moved;
            }
        }
        true
    }

    fn form(&self) -> super::Form<'_> {
        super::Form::Csr(self)
    }
}

/// Turns counts, stored one place later, into starts.
fn prefix_sum(counts: &mut [usize]) {
    let mut total = 0;
    for count in counts {
        total += *count;
        *count = total;
    }
}

/// Rows, columns and entries must be numbered by 32 bits.
fn check_extents(rows: usize, columns: usize, entries: usize) -> Result<(), OperatorError> {
    let limit = u32::MAX as usize;
    for (what, count) in [("rows", rows), ("columns", columns), ("entries", entries)] {
        if count > limit {
            return Err(OperatorError::TooMany { what, count, limit });
        }
    }
    Ok(())
}
