//! The writer.

use super::{Coordinates, Symmetry, WriteError};
use crate::io::atomic::write_whole;
use std::{io::Write, path::Path};

/// Writes a sparse matrix; of a symmetric one the lower triangle. Reading gives every value back exactly.
pub fn write_coordinates(path: &Path, matrix: &Coordinates) -> Result<(), WriteError> {
    check(path, matrix)?;
    let symmetry = match matrix.symmetry {
        Symmetry::General => "general",
        Symmetry::Symmetric => "symmetric",
        Symmetry::SkewSymmetric => "skew-symmetric",
    };
    let is_stored = |&&(row, column, _): &&(u32, u32, f64)| match matrix.symmetry {
        Symmetry::General => true,
        Symmetry::Symmetric => row >= column,
        Symmetry::SkewSymmetric => row > column,
    };
    let count = matrix.entries.iter().filter(is_stored).count();
    write_whole(path, |out| {
        writeln!(out, "%%MatrixMarket matrix coordinate real {symmetry}")?;
        writeln!(out, "{} {} {count}", matrix.rows, matrix.columns)?;
        for &(row, column, value) in matrix.entries.iter().filter(is_stored) {
            writeln!(out, "{} {} {value:e}", u64::from(row) + 1, u64::from(column) + 1)?;
        }
        Ok(())
    })
}

/// Writes a dense matrix given column after column. Reading gives every value back exactly.
pub fn write_array(path: &Path, rows: usize, columns: usize, values: &[f64]) -> Result<(), WriteError> {
    if rows.checked_mul(columns) != Some(values.len()) {
        let problem = format!("{} values were given for a matrix of {rows} by {columns}", values.len());
        return Err(WriteError::unsuitable(path, problem, "as many values as the matrix has places"));
    }
    write_whole(path, |out| {
        writeln!(out, "%%MatrixMarket matrix array real general\n{rows} {columns}")?;
        values.iter().try_for_each(|value| writeln!(out, "{value:e}"))
    })
}

/// The writer drops one triangle of a symmetric matrix, so that triangle must hold nothing new.
fn check(path: &Path, matrix: &Coordinates) -> Result<(), WriteError> {
    let outside = |&&(row, column, _): &&(u32, u32, f64)| {
        row as usize >= matrix.rows || column as usize >= matrix.columns
    };
    if let Some((row, column, _)) = matrix.entries.iter().find(outside) {
        let problem = format!(
            "the entry ({row}, {column}), counted from 0, is outside a matrix of {} by {}",
            matrix.rows, matrix.columns
        );
        return Err(WriteError::unsuitable(path, problem, "entries within the matrix"));
    }
    let sign = match matrix.symmetry {
        Symmetry::General => return Ok(()),
        Symmetry::Symmetric => 1.0,
        Symmetry::SkewSymmetric => -1.0,
    };
    let triangle = |upper: bool| {
        let mut half: Vec<_> = matrix
            .entries
            .iter()
            .filter(|&&(row, column, _)| if upper { row < column } else { row > column })
            .map(|&(row, column, value)| match upper {
                true => (row, column, (sign * value).to_bits()),
                false => (column, row, value.to_bits()),
            })
            .collect();
        half.sort_unstable();
        half
    };
    let diagonal = sign < 0.0 && matrix.entries.iter().any(|&(row, column, v)| row == column && v != 0.0);
    if diagonal || matrix.rows != matrix.columns || triangle(true) != triangle(false) {
        let problem = format!("the matrix is said to be {:?}, but its entries are not", matrix.symmetry);
        return Err(WriteError::unsuitable(path, problem, "entries that mirror each other, or `General`"));
    }
    Ok(())
}
