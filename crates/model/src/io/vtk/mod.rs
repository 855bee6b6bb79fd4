//! VTK files, which ParaView and VisIt open: image data (`.vti`), points (`.vtu`) and series of files in time (`.pvd`).
//!
//! The values stand raw behind the XML, 64-bit lengths in front, little-endian.

mod image;
mod points;
mod series;

pub use image::{Grid, On, write_image};
pub use points::write_points;
pub use series::write_series;

use std::io::{self, Write};

/// The values of a field.
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

/// The length of an array in bytes, as it stands in front of it.
fn write_length(out: &mut impl Write, bytes: usize) -> io::Result<()> {
    out.write_all(&(bytes as u64).to_le_bytes())
}

fn write_field(out: &mut impl Write, values: &Values<'_>) -> io::Result<()> {
    write_length(out, values.len() * values.kind().1)?;
    values.write(out)
}

/// The line of each field in the XML; `offset` is where the next array begins in the raw part.
fn declare(out: &mut impl Write, fields: &[(&str, Values<'_>)], offset: &mut usize) -> io::Result<()> {
    for (name, values) in fields {
        let (kind, size) = values.kind();
        let name = escape(name);
        writeln!(
            out,
            r#"        <DataArray type="{kind}" Name="{name}" format="appended" offset="{offset}"/>"#
        )?;
        *offset += size_of::<u64>() + size * values.len();
    }
    Ok(())
}

const HEAD: &str = r#"version="1.0" byte_order="LittleEndian" header_type="UInt64""#;
const BEGIN_RAW: &str = "  <AppendedData encoding=\"raw\">\n   _";
const END_RAW: &[u8] = b"\n  </AppendedData>\n</VTKFile>\n";

fn escape(name: &str) -> String {
    name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
