//! A rectangle of a matrix.

use std::ops::Range;

use ansatz_gpu::{Buffer, Gpu, GpuError, Real};

use crate::Matrix;

/// Some rows and columns of a matrix, side by side; the rows begin at a multiple of four.
#[derive(Debug, Clone)]
pub struct View<'a, T> {
    matrix: &'a Matrix<T>,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Slab, place there, and columns.
pub(crate) type Part<T> = (Buffer<T>, usize, Range<usize>);

impl<T: Real> Matrix<T> {
    /// All of it.
    pub fn all(&self) -> View<'_, T> {
        View { matrix: self, rows: 0..self.rows(), columns: 0..self.columns() }
    }

    /// Some rows and columns of it.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where they lie outside the matrix, or the rows do not begin at a multiple of four.
    pub fn view(&self, rows: Range<usize>, columns: Range<usize>) -> Result<View<'_, T>, GpuError> {
        let wrong = |message| Err(GpuError::Misuse { what: "view of a matrix".to_owned(), message });
        let within = |range: &Range<usize>, end| range.start <= range.end && range.end <= end;
        if !within(&rows, self.rows()) || !within(&columns, self.columns()) {
            return wrong(format!(
                "rows {rows:?} and columns {columns:?} of a matrix with {} rows and {} columns",
                self.rows(),
                self.columns()
            ));
        }
        if !rows.start.is_multiple_of(4) {
            return wrong(format!("rows {rows:?} do not begin at a multiple of four"));
        }
        Ok(View { matrix: self, rows, columns })
    }
}

impl<'a, T: Real> View<'a, T> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The slab that holds column `column` of the view, and where in it the view's part of this column begins, in
    /// groups of four.
    pub(crate) fn locate(&self, column: usize) -> Option<(&'a Buffer<T>, usize)> {
        let column = self.columns.start + column;
        let (slab, columns) = self.matrix.slabs().nth(column / self.matrix.slab_columns())?;
        Some((slab, (column - columns.start) * self.stride4() + self.rows.start / 4))
    }

    /// The parts of the view that lie in one slab and have at most so many columns: slab, place there as in
    /// [`View::locate`], and columns of the view. A view without columns is one empty part, in a buffer of nothing.
    pub(crate) fn parts(&self, gpu: &Gpu, most: usize) -> Result<Vec<Part<T>>, GpuError> {
        let mut cuts: Vec<usize> = self.seams().chain([0, self.columns()]).collect();
        cuts.extend((0..self.columns()).step_by(most.min(self.columns().max(1))));
        cuts.sort_unstable();
        cuts.dedup();
        let part = |pair: &[usize]| {
            let (slab, first4) = self.locate(pair[0])?;
            Some((slab.clone(), first4, pair[0]..pair[1]))
        };
        let parts: Vec<_> = cuts.windows(2).filter_map(part).collect();
        Ok(if parts.is_empty() { vec![(gpu.buffer("nothing", 0)?, 0, 0..0)] } else { parts })
    }

    /// Groups of four from one column to the next.
    pub(crate) fn stride4(&self) -> usize {
        self.matrix.stride() / 4
    }

    /// Where the view goes from one slab to the next, counted from its first column.
    pub(crate) fn seams(&self) -> impl Iterator<Item = usize> + use<'a, T> {
        let Range { start, end } = self.columns;
        let ends = self.matrix.slabs().map(|(_, columns)| columns.end);
        ends.filter(move |&seam| start < seam && seam < end).map(move |seam| seam - start)
    }
}
