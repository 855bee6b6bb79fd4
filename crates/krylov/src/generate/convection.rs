//! Matrices on a grid that are not positive definite: a shifted Laplacian, and convection with diffusion.

use crate::operator::{Csr, Grid, OperatorError, Side};

/// The wind along x, y and z.
const WIND: [f64; 3] = [1.0, 0.5, 0.25];

/// −h²Δ − `shift` with zero beyond every side. The eigenvalues are Σ 4 sin²(πk/(2(n + 1))) over the axes, less the shift.
pub(super) fn shifted(grid: Grid, shift: f64) -> Result<Csr, OperatorError> {
    matrix(grid, shift, 0.0)
}

/// −h²Δu + `peclet` h w·∇u by differences against the wind, with zero beyond every side.
pub(super) fn upwind(grid: Grid, peclet: f64) -> Result<Csr, OperatorError> {
    matrix(grid, 0.0, peclet)
}

fn matrix(grid: Grid, shift: f64, peclet: f64) -> Result<Csr, OperatorError> {
    // In two dimensions there are no links along z.
    let axes = if grid.extents()[2] > 1 { 3 } else { 2 };
    let mut triplets = Vec::new();
    for index in 0..grid.cells() {
        let mut diagonal = -shift;
        for side in Side::ALL.into_iter().filter(|side| side.axis() < axes) {
            let along = peclet * WIND[side.axis()];
            // The neighbour from which the wind comes.
            let upwind = if side.is_upper() { (-along).max(0.0) } else { along.max(0.0) };
            let weight = 1.0 + upwind;
            diagonal += weight;
            if let Some(neighbour) = grid.neighbour(index, grid.position(index), side) {
                triplets.push((index, neighbour, -weight));
            }
        }
        triplets.push((index, index, diagonal));
    }
    Csr::from_triplets(grid.cells(), grid.cells(), &triplets)
}
