//! Operators against their definitions, written down once more as dense matrices.

use super::*;
use crate::generate;

const EXTENTS: [[usize; 3]; 7] =
    [[1, 1, 1], [5, 1, 3], [4, 3, 1], [2, 2, 2], [3, 4, 5], [1, 1, 6], [7, 1, 1]];

/// A number between 0 and 1.
fn uniform(seed: u64, counter: usize) -> f64 {
    (generate::random(seed, counter as u64) + 1.0) / 2.0
}

fn random_cells(count: usize) -> Vec<Cell> {
    let cell = |index| match uniform(1, index) {
        v if v < 0.6 => Cell::Fluid,
        v if v < 0.85 => Cell::Solid,
        _ => Cell::Air,
    };
    (0..count).map(cell).collect()
}

fn sides(bits: usize) -> [Boundary; 6] {
    std::array::from_fn(|side| if bits >> side & 1 == 0 { Boundary::Dirichlet } else { Boundary::Neumann })
}

/// The matrix of a stencil by its definition: each link between two fluid cells, or from one to a value zero.
fn dense(
    grid: &Grid,
    sides: [Boundary; 6],
    cells: &[Cell],
    weight: impl Fn(usize, Option<usize>, usize) -> f64,
) -> Vec<Vec<f64>> {
    let n = grid.cells();
    let mut a = vec![vec![0.0; n]; n];
    for i in (0..n).filter(|&i| cells[i] == Cell::Fluid) {
        for axis in 0..3 {
            for (side, step) in [(2 * axis, -1), (2 * axis + 1, 1)] {
                let mut position = grid.position(i).map(|p| p as isize);
                position[axis] += step;
                let inside = position[axis] >= 0 && position[axis] < grid.extents()[axis] as isize;
                let neighbour = inside.then(|| grid.index(position.map(|p| p as usize)));
                match neighbour {
                    Some(j) if cells[j] == Cell::Solid => {}
                    Some(j) if cells[j] == Cell::Air => a[i][i] += weight(i, None, axis),
                    Some(j) => {
                        a[i][i] += weight(i, Some(j), axis);
                        a[i][j] -= weight(i, Some(j), axis);
                    }
                    None if sides[side] == Boundary::Dirichlet => a[i][i] += weight(i, None, axis),
                    None => {}
                }
            }
        }
    }
    a
}

/// Compares everything that an operator says of itself with a dense matrix.
fn check(operator: &dyn Operator, csr: &Csr, a: &[Vec<f64>], active: impl Fn(usize) -> bool, what: &str) {
    let n = a.len();
    let close = |x: f64, y: f64| (x - y).abs() <= 1e-13 * (1.0 + y.abs());
    assert_eq!((operator.dimension(), csr.rows(), csr.columns()), (n, n, n), "{what}");
    assert_eq!(operator.unknowns(), (0..n).filter(|&i| active(i)).count(), "{what}");
    let off_diagonal = |i: usize| (0..n).filter(|&j| j != i && a[i][j] != 0.0).count();
    let nonzeros: usize = (0..n).filter(|&i| active(i)).map(|i| 1 + off_diagonal(i)).sum();
    assert_eq!((operator.nonzeros(), csr.values().len()), (nonzeros, nonzeros), "{what}");

    let x: Vec<f64> = (0..n).map(|i| generate::random(2, i as u64)).collect();
    let (mut y, mut from_csr) = (vec![f64::NAN; n], vec![f64::NAN; n]);
    operator.apply(&x, &mut y);
    csr.apply(&x, &mut from_csr);
    for i in 0..n {
        assert_eq!(operator.is_active(i), active(i), "{what}");
        let expected: f64 = (0..n).map(|j| a[i][j] * x[j]).sum();
        assert!(
            close(y[i], expected) && close(from_csr[i], expected),
            "{what}, y[{i}]: {} for {expected}",
            y[i]
        );
        assert!(close(operator.diagonal()[i], a[i][i]), "{what}");
        assert!((0..n).all(|j| close(csr.get(i, j), a[i][j])), "{what}, row {i}");
    }
    let norm = a.iter().map(|row| row.iter().map(|v| v.abs()).sum()).fold(0.0, f64::max);
    assert!(close(operator.norm_inf(), norm) && close(csr.norm_inf(), norm), "{what}");
    assert_eq!(csr.asymmetry(), None, "{what}");

    // The constant vector of a component is null where its rows sum to zero, and of no other.
    let null = operator.null_components();
    let of_csr = csr.null_components();
    // A row without entries is a component of its own there.
    (0..n).filter(|&i| !active(i)).for_each(|i| assert!(of_csr.component(i).is_some()));
    for component in 0..null.count() {
        let members: Vec<usize> = (0..n).filter(|&i| null.component(i) == Some(component)).collect();
        assert_eq!(members.len(), null.sizes()[component]);
        let of_csr = of_csr.component(members[0]);
        assert!(members.iter().all(|&i| of_csr.is_some() && active(i)), "{what}");
    }
    let null_entries: usize = null.sizes().iter().sum();
    assert_eq!(null_entries + n - operator.unknowns(), of_csr.sizes().iter().sum::<usize>(), "{what}");
    let mut projected = x.clone();
    null.project(&mut projected);
    assert!(null.means(&projected).iter().all(|mean| mean.abs() < 1e-15), "{what}");
}

#[test]
fn stencils_are_their_definition() -> Result<(), OperatorError> {
    for [nx, ny, nz] in EXTENTS {
        let grid = Grid::new(nx, ny, nz)?;
        for weights in [[1.0, 2.0, 0.5], [1.0, 1e-3, 0.0], [0.0, 1.0, 1.0]] {
            for bits in 0..64 {
                let fluid = vec![Cell::Fluid; grid.cells()];
                let stencil = Stencil::new(grid, weights, sides(bits))?;
                let a = dense(&grid, sides(bits), &fluid, |_, _, axis| weights[axis]);
                check(&stencil, &stencil.to_csr()?, &a, |_| true, &format!("{grid:?} {weights:?} {bits:b}"));
            }
            let cells = random_cells(grid.cells());
            for bits in [0, 0x3f, 0x1f] {
                let stencil = Stencil::with_cells(grid, weights, sides(bits), &cells)?;
                let a = dense(&grid, sides(bits), &cells, |_, _, axis| weights[axis]);
                let active = |i: usize| cells[i] == Cell::Fluid;
                check(
                    &stencil,
                    &stencil.to_csr()?,
                    &a,
                    active,
                    &format!("{grid:?} {weights:?} {bits:b}, cells"),
                );
            }
        }
    }
    Ok(())
}

#[test]
fn variable_stencils_are_their_definition() -> Result<(), OperatorError> {
    let weights = [1.0, 2.0, 0.5];
    for [nx, ny, nz] in EXTENTS {
        let grid = Grid::new(nx, ny, nz)?;
        let k: Vec<f64> = (0..grid.cells()).map(|i| 0.1 + uniform(3, i)).collect();
        for bits in [0, 0x3f, 0x15, 0x20] {
            for cells in [vec![Cell::Fluid; grid.cells()], random_cells(grid.cells())] {
                let stencil = VariableStencil::diffusion(grid, weights, sides(bits), &k, Some(&cells))?;
                let a = dense(&grid, sides(bits), &cells, |i, j, axis| {
                    weights[axis] * j.map_or(k[i], |j| 2.0 * k[i] * k[j] / (k[i] + k[j]))
                });
                // A cell without links cannot be told from one that is not fluid.
                check(&stencil, &stencil.to_csr()?, &a, |i| a[i][i] != 0.0, &format!("{grid:?} {bits:b}"));

                let s: Vec<f64> = (0..grid.cells()).map(|i| 0.5 + uniform(4, i)).collect();
                let (scaled, csr) = (stencil.scaled(&s)?, stencil.to_csr()?.scaled(&s)?);
                for i in 0..grid.cells() {
                    for j in 0..grid.cells() {
                        assert!((csr.get(i, j) - s[i] * a[i][j] * s[j]).abs() < 1e-13);
                        assert!((scaled.to_csr()?.get(i, j) - csr.get(i, j)).abs() < 1e-13);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Plain conjugate gradients in f64.
fn solve(a: &dyn Operator, b: &[f64]) -> Vec<f64> {
    let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
    let (mut x, mut r, mut p) = (vec![0.0; b.len()], b.to_vec(), b.to_vec());
    let mut ap = vec![0.0; b.len()];
    let mut rr = dot(&r, &r);
    let goal = 1e-24 * rr;
    while rr > goal {
        a.apply(&p, &mut ap);
        let alpha = rr / dot(&p, &ap);
        (0..x.len()).for_each(|i| {
            x[i] += alpha * p[i];
            r[i] -= alpha * ap[i];
        });
        let next = dot(&r, &r);
        (0..p.len()).for_each(|i| p[i] = r[i] + next / rr * p[i]);
        rr = next;
    }
    x
}

/// The largest error for −Δu = f on the unit square or cube, zero on the boundary.
fn discretisation_error(n: usize, dimensions: usize) -> Result<f64, OperatorError> {
    let h = 1.0 / (n as f64 + 1.0);
    let [ny, nz] = [n, if dimensions == 3 { n } else { 1 }];
    let grid = Grid::new(n, ny, nz)?;
    let weights = [1.0, 1.0, if dimensions == 3 { 1.0 } else { 0.0 }];
    let stencil = Stencil::new(grid, weights, [Boundary::Dirichlet; 6])?;
    // u = Π g(x) with g = x(1 − x)eˣ, so that −Δu = −Σ g″(x) Π of the other g.
    let g = |x: f64| x * (1.0 - x) * x.exp();
    let g2 = |x: f64| -x * (x + 3.0) * x.exp();
    let at = |index: usize| grid.position(index).map(|p| (p as f64 + 1.0) * h);
    let u = |index: usize| at(index)[..dimensions].iter().map(|&x| g(x)).product::<f64>();
    let f = |index: usize| {
        let x = at(index);
        -(0..dimensions)
            .map(|axis| {
                (0..dimensions)
                    .map(|other| if other == axis { g2(x[other]) } else { g(x[other]) })
                    .product::<f64>()
            })
            .sum::<f64>()
    };
    let b: Vec<f64> = (0..grid.cells()).map(|index| h * h * f(index)).collect();
    let x = solve(&stencil, &b);
    Ok((0..grid.cells()).map(|index| (x[index] - u(index)).abs()).fold(0.0, f64::max))
}

#[test]
fn the_discretisation_is_of_second_order() -> Result<(), OperatorError> {
    for (dimensions, coarse) in [(2, 31), (3, 11)] {
        let fine = 2 * coarse + 1;
        let order =
            (discretisation_error(coarse, dimensions)? / discretisation_error(fine, dimensions)?).log2();
        assert!((order - 2.0).abs() < 0.1, "order {order} in {dimensions} dimensions");
    }
    Ok(())
}

#[test]
fn matrices_are_built_from_triplets_in_any_order() -> Result<(), OperatorError> {
    let triplets = [(2, 1, 4.0), (0, 2, 1.0), (2, 1, 0.5), (0, 0, 3.0), (1, 1, 0.0)];
    let matrix = Csr::from_triplets(4, 3, &triplets)?;
    assert_eq!(matrix.row_ptr(), [0, 2, 3, 4, 4]);
    assert_eq!(matrix.column_indices(), [0, 2, 1, 1]);
    assert_eq!(matrix.values(), [3.0, 1.0, 0.0, 4.5]);
    let parts = (matrix.row_ptr().to_vec(), matrix.column_indices().to_vec(), matrix.values().to_vec());
    assert_eq!(Csr::from_parts(3, parts.0, parts.1, parts.2)?, matrix);
    let statistics = matrix.row_statistics();
    assert_eq!((statistics.min, statistics.mean, statistics.max), (0, 1.0, 2));
    assert!((statistics.std - 0.5f64.sqrt()).abs() < 1e-15);
    assert_eq!(matrix.norm_inf(), 4.5);
    assert!((matrix.norm_frobenius() - 30.25f64.sqrt()).abs() < 1e-14);
    assert!(matches!(matrix.check_square(), Err(OperatorError::NotSquare { rows: 4, columns: 3 })));
    let huge = Csr::from_triplets(2, 1, &[(0, 0, 3e200), (1, 0, 4e200)])?;
    assert!((huge.norm_frobenius() / 5e200 - 1.0).abs() < 1e-15);
    Ok(())
}

#[test]
fn what_is_wrong_with_a_matrix_is_said() -> Result<(), OperatorError> {
    let outside = Csr::from_triplets(2, 2, &[(0, 0, 1.0), (1, 2, 1.0)]);
    assert_eq!(outside, Err(OperatorError::IndexOutside { row: 1, column: 2, rows: 2, columns: 2 }));
    let many = Csr::from_triplets(1 << 33, 1, &[]);
    assert!(matches!(many, Err(OperatorError::TooMany { what: "rows", .. })));
    for (row_ptr, index) in [(vec![1, 2], 0), (vec![0, 2, 1, 2], 2), (vec![0, 1], 1)] {
        let wrong = Csr::from_parts(4, row_ptr, vec![0, 1], vec![1.0, 2.0]);
        assert!(
            matches!(wrong, Err(OperatorError::RowPointer { index: at, .. }) if at == index),
            "{wrong:?}"
        );
    }
    assert!(matches!(Csr::from_parts(4, vec![], vec![], vec![]), Err(OperatorError::Length { .. })));
    assert!(matches!(
        Csr::from_parts(4, vec![0, 1], vec![0, 1], vec![1.0]),
        Err(OperatorError::Length { .. })
    ));
    let unsorted = Csr::from_parts(4, vec![0, 2], vec![1, 1], vec![1.0, 2.0]);
    assert_eq!(unsorted, Err(OperatorError::Unsorted { row: 0 }));
    let beyond = Csr::from_parts(2, vec![0, 2], vec![1, 2], vec![1.0, 2.0]);
    assert!(matches!(beyond, Err(OperatorError::IndexOutside { column: 2, .. })));

    let infinite = Csr::from_triplets(3, 3, &[(0, 0, 1.0), (2, 1, f64::INFINITY), (2, 2, f64::NAN)])?;
    assert_eq!(infinite.first_non_finite(), Some((2, 1, f64::INFINITY)));
    assert!(matches!(
        PaddedCsr::<f32>::new(&infinite),
        Err(OperatorError::NonFinite { row: 2, column: 1, .. })
    ));
    let large = Csr::from_triplets(1, 1, &[(0, 0, 1e300)])?;
    assert!(matches!(Sell::<f32>::new(&large, SellLayout::default()), Err(OperatorError::Overflow { .. })));
    assert_eq!(Sell::<f64>::new(&large, SellLayout::default())?.values.iter().sum::<f64>(), 1e300);
    let layout = SellLayout { slice_height: 6, sort_window: 1 };
    assert!(matches!(Sell::<f32>::new(&large, layout), Err(OperatorError::Layout { value: 6, .. })));

    let skewed = Csr::from_triplets(3, 3, &[(0, 1, 1.0), (1, 0, 1.5), (1, 2, -2.0), (2, 2, 8.0)])?;
    let worst = skewed
        .asymmetry()
        .map(|worst| (worst.row, worst.column, worst.value, worst.mirrored, worst.relative));
    assert_eq!(worst, Some((0, 1, 1.0, 1.5, 0.25)));
    Ok(())
}

#[test]
fn grids_know_their_limits() -> Result<(), OperatorError> {
    for [nx, ny, nz] in
        [[0, 1, 1], [1, 1, 0], [1 << 16, 1 << 16, 1], [usize::MAX, 2, 2], [(1 << 31) + 1, 1, 1]]
    {
        assert_eq!(Grid::new(nx, ny, nz), Err(OperatorError::Grid { nx, ny, nz }));
    }
    let grid = Grid::new(1 << 31, 1, 1)?;
    assert_eq!(grid.cells(), 1 << 31);
    let grid = Grid::new(3, 4, 5)?;
    assert!((0..60).all(|index| grid.index(grid.position(index)) == index));
    let wrong = Stencil::new(grid, [1.0, -1.0, 1.0], sides(0));
    assert_eq!(wrong, Err(OperatorError::Weight { axis: Axis::Y, value: -1.0 }));
    let wrong = Stencil::with_cells(grid, [1.0; 3], sides(0), &[Cell::Fluid]);
    assert!(matches!(wrong, Err(OperatorError::Length { found: 1, expected: 60, .. })));
    let mut lower = [vec![0.0; 60], vec![0.0; 60], vec![0.0; 60]];
    lower[1][1] = 1.0;
    let wrong = VariableStencil::new(grid, vec![1.0; 60], lower);
    assert!(matches!(wrong, Err(OperatorError::Coefficient { what: "south", cell: [1, 0, 0], .. })));
    Ok(())
}

#[test]
fn the_format_follows_the_rows() -> Result<(), OperatorError> {
    let grid = Grid::new(30, 30, 30)?;
    let stencil = Stencil::new(grid, [1.0; 3], sides(0))?.to_csr()?;
    assert_eq!(choose_format(&stencil, SellLayout::default())?.format, Format::Sell);
    let n = 5000;
    let mut triplets: Vec<_> = (0..n).map(|i| (i, i, 2.0)).collect();
    triplets.extend((1..n).flat_map(|i| [(0, i, 1.0), (i, 0, 1.0)]));
    let arrow = Csr::from_triplets(n, n, &triplets)?;
    let choice = choose_format(&arrow, SellLayout::default())?;
    assert_eq!(choice.format, Format::Csr, "{}", choice.reason);
    Ok(())
}
