//! The solution of a run as a file.

use std::path::Path;

use ansatz_krylov::operator::Cell;

use crate::io::vtk::{self, Values};
use crate::io::{WriteError, matrix_market, npy};
use crate::{LinearSystem, Run};

impl Run {
    /// Writes the solution, converged or not, in the format that the extension of `path` names; see
    /// [`LinearSystem::save`].
    ///
    /// # Errors
    /// As [`LinearSystem::save`].
    pub fn save(&self, system: &LinearSystem, path: &Path) -> Result<(), WriteError> {
        let columns: Vec<&[f64]> = self.outcomes().iter().map(|outcome| outcome.x.as_slice()).collect();
        system.save(&columns, path)
    }
}

impl LinearSystem {
    /// Writes vectors of this system: `.npy` and `.mtx` hold one column for each; `.vti` holds them as fields `x`,
    /// `x1`, … as [`LinearSystem::save_fields`] does.
    ///
    /// # Errors
    /// An extension that names no format, a system without a grid, or what the file system says.
    pub fn save(&self, columns: &[&[f64]], path: &Path) -> Result<(), WriteError> {
        let extension =
            path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let (rows, values) = (self.operator().columns(), || columns.concat());
        match (extension.as_deref(), columns) {
            (Some("npy"), [x]) => npy::write_vector(path, x),
            (Some("npy"), _) => npy::write_matrix(path, rows, columns.len(), &values()),
            (Some("mtx"), _) => matrix_market::write_array(path, rows, columns.len(), &values()),
            (Some("vti"), _) => {
                let name = |column: usize| if column == 0 { "x".to_owned() } else { format!("x{column}") };
                let names: Vec<String> = (0..columns.len()).map(name).collect();
                let fields: Vec<_> = names.iter().map(String::as_str).zip(columns.iter().copied()).collect();
                self.save_fields(&fields, path)
            }
            _ => Err(WriteError::unsuitable(
                path,
                "the extension names no format",
                "a name that ends in .npy, .mtx or .vti",
            )),
        }
    }

    /// Writes named fields on the grid of a generated system as VTK image data (`.vti`), with a field `kind` (0 fluid,
    /// 1 solid, 2 air) where the cells differ.
    ///
    /// # Errors
    /// A system without a grid, or what the file system says.
    pub fn save_fields(&self, fields: &[(&str, &[f64])], path: &Path) -> Result<(), WriteError> {
        let Some(generated) = self.generated() else {
            return Err(WriteError::unsuitable(
                path,
                "a system from a file has no grid",
                "a name that ends in .npy or .mtx",
            ));
        };
        if self.operator().dimension() != generated.grid.cells() {
            return Err(WriteError::unsuitable(
                path,
                "there are several unknowns in a node",
                "a name that ends in .npy or .mtx",
            ));
        }
        let [nx, ny, nz] = generated.grid.extents();
        // One layer of cells is a flat picture.
        let cells = [nx, ny, if nz == 1 { 0 } else { nz }];
        let kind: Vec<u8> = generated.cells.iter().map(|&cell| kind_of(cell)).collect();
        let mut fields: Vec<(&str, Values<'_>)> =
            fields.iter().map(|&(name, x)| (name, Values::F64(x))).collect();
        if !kind.is_empty() {
            fields.push(("kind", Values::U8(&kind)));
        }
        let grid = vtk::Grid { cells, origin: [0.0; 3], spacing: [1.0; 3] };
        vtk::write_image(path, &grid, vtk::On::Cells, &fields)
    }
}

fn kind_of(cell: Cell) -> u8 {
    match cell {
        Cell::Fluid => 0,
        Cell::Solid => 1,
        Cell::Air => 2,
    }
}
