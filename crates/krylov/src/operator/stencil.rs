//! The 5- and 7-point stencil with one weight per axis, and pressure systems on cells of fluid, wall and air.

use std::borrow::Cow;

use rayon::prelude::*;

use super::{Axis, Boundary, Cell, Components, Csr, Grid, NullComponents, Operator, OperatorError, Side};

/// A constant-coefficient stencil: `(A x)ᵢ = Σ w (xᵢ − x_neighbour)` over the links of cell i.
///
/// The matrix is scaled by h²: weights are 1 for −h²Δ. A link to a Dirichlet side or to an air cell counts in the
/// diagonal and couples to the value zero; there is no link to a Neumann side or to a solid cell. A weight of zero
/// removes an axis: in two dimensions there is one layer of cells and no weight along z.
#[derive(Debug, Clone, PartialEq)]
pub struct Stencil {
    grid: Grid,
    weights: [f64; 3],
    sides: [Boundary; 6],
    /// One [`mask`] per cell, or nothing where all cells are fluid.
    masks: Option<Vec<u16>>,
    unknowns: usize,
    nonzeros: usize,
}

/// The links of a cell, as the device reads them: 16 bits.
pub mod mask {
    /// Bits 0–5: the neighbour on this side (west, east, south, north, bottom, top) is coupled.
    pub const COUPLED: u16 = 1;
    /// Bits 6–11: the link on this side counts in the diagonal.
    pub const LINKED: u16 = 1 << 6;
    /// Bit 12: the cell is an unknown. All other bits are zero where it is not.
    pub const ACTIVE: u16 = 1 << 12;
}

impl Stencil {
    /// A stencil on a box: the weights of the axes, and what lies beyond the sides in the order of [`Side`].
    pub fn new(grid: Grid, weights: [f64; 3], sides: [Boundary; 6]) -> Result<Self, OperatorError> {
        check_weights(weights)?;
        let mut stencil = Self { grid, weights, sides, masks: None, unknowns: grid.cells(), nonzeros: 0 };
        stencil.nonzeros = stencil.count_nonzeros();
        Ok(stencil)
    }

    /// A stencil on the fluid cells of a box.
    pub fn with_cells(
        grid: Grid,
        weights: [f64; 3],
        sides: [Boundary; 6],
        cells: &[Cell],
    ) -> Result<Self, OperatorError> {
        check_weights(weights)?;
        grid.check_len("the array of cells", cells.len())?;
        let masks: Vec<u16> =
            (0..cells.len()).into_par_iter().map(|index| mask_of(&grid, &sides, cells, index)).collect();
        let unknowns = masks.iter().filter(|&&m| m & mask::ACTIVE != 0).count();
        let mut stencil = Self { grid, weights, sides, masks: Some(masks), unknowns, nonzeros: 0 };
        stencil.nonzeros = stencil.count_nonzeros();
        Ok(stencil)
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The weights of the axes.
    pub fn weights(&self) -> [f64; 3] {
        self.weights
    }

    /// What lies beyond the sides of the grid.
    pub fn sides(&self) -> [Boundary; 6] {
        self.sides
    }

    /// Whether some cells are not fluid, so that the device needs the masks.
    pub fn has_masks(&self) -> bool {
        self.masks.is_some()
    }

    /// The links of a cell.
    pub fn mask(&self, index: usize) -> u16 {
        match &self.masks {
            Some(masks) => masks[index],
            None => self.box_mask(self.grid.position(index)),
        }
    }

    /// The matrix, rows and columns numbered as the cells; rows of inactive cells are empty.
    pub fn to_csr(&self) -> Result<Csr, OperatorError> {
        let mut triplets = Vec::with_capacity(self.nonzeros);
        for index in 0..self.grid.cells() {
            self.visit_row(index, &mut |column, value| triplets.push((index, column, value)));
        }
        Csr::from_triplets(self.grid.cells(), self.grid.cells(), &triplets)
    }

    /// The links of all cells.
    pub fn all_masks(&self) -> Cow<'_, [u16]> {
        self.masks.as_deref().map_or_else(|| Cow::Owned(self.masks().collect()), Cow::Borrowed)
    }

    /// The links of a cell where all cells are fluid.
    fn box_mask(&self, position: [usize; 3]) -> u16 {
        let extents = self.grid.extents();
        let mut m = mask::ACTIVE;
        for side in Side::ALL {
            let last = if side.is_upper() { extents[side.axis()] - 1 } else { 0 };
            if position[side.axis()] != last {
                m |= (mask::COUPLED | mask::LINKED) << side.index();
            } else if self.sides[side.index()] == Boundary::Dirichlet {
                m |= mask::LINKED << side.index();
            }
        }
        m
    }

    /// Σ of the weights of the links.
    pub(crate) fn diagonal_of(&self, m: u16) -> f64 {
        let links = |axis: usize| f64::from((m >> (6 + 2 * axis) & 3).count_ones());
        (0..3).map(|axis| self.weights[axis] * links(axis)).sum()
    }

    /// Σ |a| over the row.
    fn row_sum_of(&self, m: u16) -> f64 {
        let coupled = |axis: usize| f64::from((m >> (2 * axis) & 3).count_ones());
        self.diagonal_of(m) + (0..3).map(|axis| self.weights[axis] * coupled(axis)).sum::<f64>()
    }

    fn is_coupled(&self, m: u16, side: Side) -> bool {
        m >> side.index() & mask::COUPLED != 0 && self.weights[side.axis()] > 0.0
    }

    /// Runs over the masks of all cells in order.
    fn masks(&self) -> impl IndexedParallelIterator<Item = u16> + '_ {
        (0..self.grid.cells()).into_par_iter().with_min_len(4096).map(|index| self.mask(index))
    }

    fn count_nonzeros(&self) -> usize {
        self.masks()
            .filter(|&m| m & mask::ACTIVE != 0)
            .map(|m| 1 + Side::ALL.into_iter().filter(|&side| self.is_coupled(m, side)).count())
            .sum()
    }
}

impl Operator for Stencil {
    fn dimension(&self) -> usize {
        self.grid.cells()
    }

    fn unknowns(&self) -> usize {
        self.unknowns
    }

    fn nonzeros(&self) -> usize {
        self.nonzeros
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) {
        debug_assert!(x.len() == self.grid.cells() && y.len() == self.grid.cells());
        let [nx, ny, _] = self.grid.extents();
        let [_, row_step, plane_step] = self.grid.steps();
        let [wx, wy, wz] = self.weights;
        y.par_chunks_mut(nx).with_min_len(1 + 4096 / nx).enumerate().for_each(|(row, y)| {
            let begin = row * nx;
            let row_mask = self.box_mask([0, row % ny, row / ny]);
            let coupled = |m: u16, side: Side| m >> side.index() & mask::COUPLED != 0;
            for (x_cell, y) in y.iter_mut().enumerate() {
                let i = begin + x_cell;
                let m = match &self.masks {
                    Some(masks) => masks[i],
                    // Only the ends of a row differ from each other.
                    None if x_cell == 0 => row_mask,
                    None if x_cell + 1 == nx => self.box_mask([x_cell, row % ny, row / ny]),
                    None => row_mask | ((mask::COUPLED | mask::LINKED) * 3),
                };
                if m & mask::ACTIVE == 0 {
                    *y = 0.0;
                    continue;
                }
                let at = |side: Side, k: usize| if coupled(m, side) { x[k] } else { 0.0 };
                *y = self.diagonal_of(m) * x[i]
                    - wx * (at(Side::West, i.wrapping_sub(1)) + at(Side::East, i + 1))
                    - wy * (at(Side::South, i.wrapping_sub(row_step)) + at(Side::North, i + row_step))
                    - wz * (at(Side::Bottom, i.wrapping_sub(plane_step)) + at(Side::Top, i + plane_step));
            }
        });
    }

    fn diagonal(&self) -> Vec<f64> {
        (0..self.grid.cells()).map(|index| self.diagonal_of(self.mask(index))).collect()
    }

    fn norm_inf(&self) -> f64 {
        if self.masks.is_some() {
            return self.masks().map(|m| self.row_sum_of(m)).reduce(|| 0.0, f64::max);
        }
        // On a box only the first and the last cell of a line differ from the others.
        let [xs, ys, zs] = self.grid.extents().map(|count| [0, 1.min(count - 1), count - 1]);
        let rows = zs.into_iter().flat_map(|z| ys.map(|y| [y, z]));
        let cells = rows.flat_map(|[y, z]| xs.map(|x| [x, y, z]));
        cells.map(|position| self.row_sum_of(self.box_mask(position))).fold(0.0, f64::max)
    }

    fn is_active(&self, index: usize) -> bool {
        self.masks.as_ref().is_none_or(|masks| masks[index] & mask::ACTIVE != 0)
    }

    /// Components that touch neither air nor a Dirichlet side.
    fn null_components(&self) -> NullComponents {
        // On a box one Dirichlet side with a weight grounds every line of cells along its axis.
        let grounds =
            |side: Side| self.sides[side.index()] == Boundary::Dirichlet && self.weights[side.axis()] > 0.0;
        if self.masks.is_none() && Side::ALL.into_iter().any(grounds) {
            return NullComponents::default();
        }
        let mut components = Components::new(self.grid.cells());
        for index in 0..self.grid.cells() {
            let m = self.mask(index);
            for side in Side::ALL.into_iter().filter(|side| side.is_upper() && self.is_coupled(m, *side)) {
                components.join(index, index + self.grid.steps()[side.axis()]);
            }
        }
        let grounded = |index: usize| {
            let m = self.mask(index);
            let uncoupled = (m >> 6) & !m;
            Side::ALL
                .into_iter()
                .any(|side| uncoupled >> side.index() & 1 != 0 && self.weights[side.axis()] > 0.0)
        };
        components.ungrounded(|index| self.is_active(index), grounded)
    }

    fn visit_row(&self, row: usize, visit: &mut dyn FnMut(usize, f64)) {
        let m = self.mask(row);
        if m & mask::ACTIVE == 0 {
            return;
        }
        visit(row, self.diagonal_of(m));
        for side in Side::ALL.into_iter().filter(|&side| self.is_coupled(m, side)) {
            let step = self.grid.steps()[side.axis()];
            visit(if side.is_upper() { row + step } else { row - step }, -self.weights[side.axis()]);
        }
    }

    fn form(&self) -> super::Form<'_> {
        super::Form::Stencil(self)
    }
}

/// The links of a cell among cells of fluid, wall and air.
fn mask_of(grid: &Grid, sides: &[Boundary; 6], cells: &[Cell], index: usize) -> u16 {
    if cells[index] != Cell::Fluid {
        return 0;
    }
    let position = grid.position(index);
    Side::ALL.into_iter().fold(mask::ACTIVE, |m, side| {
        let beyond = match grid.neighbour(index, position, side) {
            Some(neighbour) => cells[neighbour],
            None if sides[side.index()] == Boundary::Dirichlet => Cell::Air,
            None => Cell::Solid,
        };
        m | match beyond {
            Cell::Fluid => (mask::COUPLED | mask::LINKED) << side.index(),
            Cell::Air => mask::LINKED << side.index(),
            Cell::Solid => 0,
        }
    })
}

/// Weights are finite and not negative.
pub(super) fn check_weights(weights: [f64; 3]) -> Result<(), OperatorError> {
    for (axis, value) in Axis::ALL.into_iter().zip(weights) {
        if !(value.is_finite() && value >= 0.0) {
            return Err(OperatorError::Weight { axis, value });
        }
    }
    Ok(())
}
