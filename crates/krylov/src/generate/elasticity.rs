//! Linear elasticity on a grid of square or cubic elements, clamped at its west side.

use crate::amg::NearNullSpace;
use crate::operator::{Csr, Grid, OperatorError};

/// Poisson's ratio; Young's modulus is 1.
const POISSON: f64 = 0.3;

/// ∫ φₐφᵦ, ∫ φₐ′φᵦ and ∫ φₐ′φᵦ′ of the two linear functions on [0, 1].
const MASS: [[f64; 2]; 2] = [[1.0 / 3.0, 1.0 / 6.0], [1.0 / 6.0, 1.0 / 3.0]];
const SLOPE: [[f64; 2]; 2] = [[-0.5, -0.5], [0.5, 0.5]];
const STIFFNESS: [[f64; 2]; 2] = [[1.0, -1.0], [-1.0, 1.0]];

/// The stiffness matrix of bilinear or trilinear finite elements of side 1 (plane strain in two dimensions) and its
/// rigid-body motions. The cells of `grid` are the nodes that can move, with two or three consecutive displacements each;
/// those west of them are clamped.
///
/// a(u, v) = ∫ λ div u div v + 2μ ε(u):ε(v)  (Braess, Finite Elements, 3rd ed., 2007, section VI.3).
pub(super) fn system(grid: &Grid) -> Result<(Csr, NearNullSpace), OperatorError> {
    let axes = if grid.extents()[2] > 1 { 3 } else { 2 };
    let element = element(axes);
    let corners = 1 << axes;
    let mut triplets = Vec::new();
    // An element is named by its highest corner; those at the west have clamped corners.
    let node = |at: [usize; 3], corner: usize| -> Option<usize> {
        let mut node = [0; 3];
        for axis in 0..3 {
            let is_low = axis < axes && corner >> axis & 1 == 0;
            node[axis] = at[axis].checked_sub(usize::from(is_low))?;
        }
        Some(grid.index(node))
    };
    for at in (0..grid.cells()).map(|index| grid.position(index)) {
        if (1..axes).any(|axis| at[axis] == 0) {
            continue;
        }
        for a in 0..corners {
            for b in 0..corners {
                let (Some(row), Some(column)) = (node(at, a), node(at, b)) else { continue };
                for i in 0..axes {
                    for j in 0..axes {
                        let value = element[(a * axes + i) * corners * axes + b * axes + j];
                        triplets.push((axes * row + i, axes * column + j, value));
                    }
                }
            }
        }
    }
    let n = axes * grid.cells();
    let matrix = Csr::from_triplets(n, n, &triplets)?;
    Ok((matrix, NearNullSpace::rigid_body(&positions(grid, axes), axes)))
}

/// The place of each node.
fn positions(grid: &Grid, axes: usize) -> Vec<f64> {
    (0..grid.cells())
        .flat_map(|index| grid.position(index).into_iter().take(axes))
        .map(|at| at as f64)
        .collect()
}

/// The stiffness matrix of an element, by rows, with the displacements of a corner next to each other.
fn element(axes: usize) -> Vec<f64> {
    let lambda = POISSON / ((1.0 + POISSON) * (1.0 - 2.0 * POISSON));
    let mu = 0.5 / (1.0 + POISSON);
    let corners = 1usize << axes;
    // ∫ ∂ᵢφₐ ∂ⱼφᵦ, a product of integrals along each axis
    let gradients = |a: usize, i: usize, b: usize, j: usize| -> f64 {
        (0..axes)
            .map(|axis| {
                let (a, b) = (a >> axis & 1, b >> axis & 1);
                match (axis == i, axis == j) {
                    (true, true) => STIFFNESS[a][b],
                    (true, false) => SLOPE[a][b],
                    (false, true) => SLOPE[b][a],
                    (false, false) => MASS[a][b],
                }
            })
            .product()
    };
    let mut matrix = Vec::with_capacity((corners * axes).pow(2));
    for a in 0..corners {
        for i in 0..axes {
            for b in 0..corners {
                for j in 0..axes {
                    let shear = if i == j { (0..axes).map(|k| gradients(a, k, b, k)).sum() } else { 0.0 };
                    matrix.push(lambda * gradients(a, i, b, j) + mu * (gradients(a, j, b, i) + shear));
                }
            }
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Operator;

    /// A body far from the clamp feels no rigid motion, and the matrix is symmetric with entries for every neighbour.
    #[test]
    fn rigid_motions_cost_nothing_away_from_the_clamp() -> Result<(), OperatorError> {
        for extents in [[6, 5, 1], [5, 4, 3]] {
            let grid = Grid::new(extents[0], extents[1], extents[2])?;
            let (matrix, modes) = system(&grid)?;
            let axes = if extents[2] > 1 { 3 } else { 2 };
            assert_eq!(modes.vectors().len(), if axes == 3 { 6 } else { 3 });
            assert!(matrix.asymmetry().is_none_or(|worst| worst.relative < 1e-14));
            assert!(matrix.defect().is_none());
            for mode in modes.vectors() {
                let mut force = vec![0.0; mode.len()];
                matrix.apply(mode, &mut force);
                for (i, force) in force.iter().enumerate() {
                    let clamped = grid.position(i / axes)[0] == 0;
                    assert!(clamped || force.abs() < 1e-13, "{extents:?}, unknown {i}: {force:e}");
                }
                assert!(force.iter().any(|force| force.abs() > 1e-3), "the clamp holds");
            }
        }
        Ok(())
    }

    /// A bar pulled along x without contraction across: σ_xx = (λ + 2μ) ε.
    #[test]
    fn a_uniform_strain_has_the_stress_of_hookes_law() {
        let matrix = element(2);
        let (lambda, mu) = (0.3 / (1.3 * 0.4), 0.5 / 1.3);
        let u = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let force: Vec<f64> =
            matrix.chunks(8).map(|row| row.iter().zip(&u).map(|(k, u)| k * u).sum()).collect();
        // Half of the force on each of the two corners of a side.
        assert!((force[2] - 0.5 * (lambda + 2.0 * mu)).abs() < 1e-14);
        assert!((force[5] - 0.5 * lambda).abs() < 1e-14);
    }
}
