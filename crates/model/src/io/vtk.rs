//! VTK image data (`.vti`), which ParaView and VisIt open.
//!
//! The values stand raw behind the XML, 64-bit lengths in front, little-endian.

use super::{WriteError, atomic::write_whole};
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

impl Grid {
    /// The number of values in a field, or `None` where it overflows.
    fn count(&self) -> Option<usize> {
        self.cells.iter().try_fold(1_usize, |product, &side| product.checked_mul(side.max(1)))
    }
}

/// The values of a field, one per cell, x running fastest.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Double precision.
    F64(&'a [f64]),
    /// Single precision.
    F32(&'a [f32]),
    /// Flags.
    U8(&'a [u8]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// The name of the type in VTK, and the bytes of one value.
    fn kind(&self) -> (&'static str, usize) {
        match self {
            Self::F64(_) => ("Float64", 8),
            Self::F32(_) => ("Float32", 4),
            Self::U8(_) => ("UInt8", 1),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::F64(values) => values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes())),
            Self::F32(values) => values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes())),
            Self::U8(values) => out.write_all(values),
        }
    }
}

/// Writes named fields on the cells of a grid.
pub fn write_image(path: &Path, grid: &Grid, fields: &[(&str, Values<'_>)]) -> Result<(), WriteError> {
    let count = grid.count();
    for (name, values) in fields {
        if Some(values.len()) != count {
            let problem =
                format!("the field {name} has {} values on a grid of {:?} cells", values.len(), grid.cells);
            return Err(WriteError::unsuitable(path, problem, "one value per cell"));
        }
    }
    if !grid.origin.iter().all(|x| x.is_finite()) || !grid.spacing.iter().all(|&h| h.is_finite() && h > 0.0) {
        let problem = format!("the grid starts at {:?} in steps of {:?}", grid.origin, grid.spacing);
        return Err(WriteError::unsuitable(path, problem, "a finite origin and positive steps"));
    }
    write_whole(path, |out| {
        header(out, grid, fields)?;
        for (_, values) in fields {
            let bytes = (values.len() * values.kind().1) as u64;
            out.write_all(&bytes.to_le_bytes())?;
            values.write(out)?;
        }
        out.write_all(b"\n  </AppendedData>\n</VTKFile>\n")
    })
}

fn header(out: &mut impl Write, grid: &Grid, fields: &[(&str, Values<'_>)]) -> io::Result<()> {
    let [nx, ny, nz] = grid.cells;
    let extent = format!("0 {nx} 0 {ny} 0 {nz}");
    let [x, y, z] = grid.origin;
    let [dx, dy, dz] = grid.spacing;
    writeln!(
        out,
        r#"<?xml version="1.0"?>
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">
  <ImageData WholeExtent="{extent}" Origin="{x} {y} {z}" Spacing="{dx} {dy} {dz}">
    <Piece Extent="{extent}">
      <CellData>"#
    )?;
    let mut offset = 0;
    for (name, values) in fields {
        let (kind, size) = values.kind();
        let name = escape(name);
        writeln!(
            out,
            r#"        <DataArray type="{kind}" Name="{name}" format="appended" offset="{offset}"/>"#
        )?;
        offset += size_of::<u64>() + size * values.len();
    }
    write!(
        out,
        r#"      </CellData>
    </Piece>
  </ImageData>
  <AppendedData encoding="raw">
   _"#
    )
}

fn escape(name: &str) -> String {
    name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
