//! Fields on a regular grid (`.vti`).

use super::{
    super::{WriteError, atomic::write_whole},
    BEGIN_RAW, END_RAW, HEAD, Values, declare, write_field,
};
use std::{
    io::{self, Write},
    path::Path,
};

/// A regular grid of cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Number of cells along x, y and z; 0 along z makes a flat grid.
    pub cells: [usize; 3],
    /// The corner with the smallest coordinates.
    pub origin: [f64; 3],
    /// The sides of a cell.
    pub spacing: [f64; 3],
}

/// What the values of a field belong to; x runs fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// One value per cell.
    Cells,
    /// One value per corner, so one more than cells along each side.
    Points,
}

impl Grid {
    /// The number of values in a field, or `None` where it overflows.
    fn count(&self, on: On) -> Option<usize> {
        self.cells.iter().try_fold(1_usize, |product, &side| {
            let side = match on {
                On::Cells => side.max(1),
                On::Points => side.checked_add(1)?,
            };
            product.checked_mul(side)
        })
    }
}

/// Writes named fields on the cells or the points of a grid.
///
/// # Errors
/// A field of another length, a grid that is not finite, or what the file system says.
pub fn write_image(
    path: &Path,
    grid: &Grid,
    on: On,
    fields: &[(&str, Values<'_>)],
) -> Result<(), WriteError> {
    let count = grid.count(on);
    for (name, values) in fields {
        if Some(values.len()) != count {
            let problem =
                format!("the field {name} has {} values on a grid of {:?} cells", values.len(), grid.cells);
            let expected = match on {
                On::Cells => "one value per cell",
                On::Points => "one value per point",
            };
            return Err(WriteError::unsuitable(path, problem, expected));
        }
    }
    if !grid.origin.iter().all(|x| x.is_finite()) || !grid.spacing.iter().all(|&h| h.is_finite() && h > 0.0) {
        let problem = format!("the grid starts at {:?} in steps of {:?}", grid.origin, grid.spacing);
        return Err(WriteError::unsuitable(path, problem, "a finite origin and positive steps"));
    }
    write_whole(path, |out| {
        header(out, grid, on, fields)?;
        fields.iter().try_for_each(|(_, values)| write_field(out, values))?;
        out.write_all(END_RAW)
    })
}

fn header(out: &mut impl Write, grid: &Grid, on: On, fields: &[(&str, Values<'_>)]) -> io::Result<()> {
    let [nx, ny, nz] = grid.cells;
    let extent = format!("0 {nx} 0 {ny} 0 {nz}");
    let [x, y, z] = grid.origin;
    let [dx, dy, dz] = grid.spacing;
    let data = match on {
        On::Cells => "CellData",
        On::Points => "PointData",
    };
    writeln!(
        out,
        r#"<?xml version="1.0"?>
<VTKFile type="ImageData" {HEAD}>
  <ImageData WholeExtent="{extent}" Origin="{x} {y} {z}" Spacing="{dx} {dy} {dz}">
    <Piece Extent="{extent}">
      <{data}>"#
    )?;
    declare(out, fields, &mut 0)?;
    write!(out, "      </{data}>\n    </Piece>\n  </ImageData>\n{BEGIN_RAW}")
}
