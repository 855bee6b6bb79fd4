//! Fields on scattered points (`.vtu`), for domains that are no boxes.

use super::{
    super::{WriteError, atomic::write_whole},
    BEGIN_RAW, END_RAW, HEAD, Values, declare, write_field, write_length,
};
use std::{
    io::{self, Write},
    path::Path,
};

/// The cell of VTK that is one point.
const VERTEX: u8 = 1;

/// Writes named fields on points, each of which is a cell of its own (a vertex). ParaView draws them as dots, and its
/// filter *Delaunay 2D* or *3D* joins them to a surface or a volume.
///
/// # Errors
/// A field of another length, a point that is not finite, or what the file system says.
pub fn write_points(
    path: &Path,
    points: &[[f64; 3]],
    fields: &[(&str, Values<'_>)],
) -> Result<(), WriteError> {
    for (name, values) in fields {
        if values.len() != points.len() {
            let problem = format!("the field {name} has {} values on {} points", values.len(), points.len());
            return Err(WriteError::unsuitable(path, problem, "one value per point"));
        }
    }
    if let Some(point) = points.iter().find(|point| !point.iter().all(|x| x.is_finite())) {
        return Err(WriteError::unsuitable(path, format!("a point lies at {point:?}"), "finite coordinates"));
    }
    write_whole(path, |out| {
        header(out, points.len(), fields)?;
        fields.iter().try_for_each(|(_, values)| write_field(out, values))?;
        write_field(out, &Values::F64(points.as_flattened()))?;
        // Vertex number i consists of point i, and ends at place i + 1 of the list of points.
        for first in [0, 1] {
            write_length(out, size_of::<i64>() * points.len())?;
            let mut numbers = (0..points.len()).map(|i| (i + first) as i64);
            numbers.try_for_each(|number| out.write_all(&number.to_le_bytes()))?;
        }
        write_field(out, &Values::U8(&vec![VERTEX; points.len()]))?;
        out.write_all(END_RAW)
    })
}

fn header(out: &mut impl Write, count: usize, fields: &[(&str, Values<'_>)]) -> io::Result<()> {
    writeln!(
        out,
        r#"<?xml version="1.0"?>
<VTKFile type="UnstructuredGrid" {HEAD}>
  <UnstructuredGrid>
    <Piece NumberOfPoints="{count}" NumberOfCells="{count}">
      <PointData>"#
    )?;
    let mut offset = 0;
    declare(out, fields, &mut offset)?;
    let points = offset;
    let connectivity = points + size_of::<u64>() + 3 * size_of::<f64>() * count;
    let offsets = connectivity + size_of::<u64>() + size_of::<i64>() * count;
    let types = offsets + size_of::<u64>() + size_of::<i64>() * count;
    write!(
        out,
        r#"      </PointData>
      <Points>
        <DataArray type="Float64" Name="Points" NumberOfComponents="3" format="appended" offset="{points}"/>
      </Points>
      <Cells>
        <DataArray type="Int64" Name="connectivity" format="appended" offset="{connectivity}"/>
        <DataArray type="Int64" Name="offsets" format="appended" offset="{offsets}"/>
        <DataArray type="UInt8" Name="types" format="appended" offset="{types}"/>
      </Cells>
    </Piece>
  </UnstructuredGrid>
{BEGIN_RAW}"#
    )
}
