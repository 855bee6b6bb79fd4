//! The 5- and 7-point stencil with a coefficient for each face.

use rayon::prelude::*;

use super::stencil::check_weights;
use super::{Boundary, Cell, Components, Csr, Grid, NullComponents, Operator, OperatorError, Side};

/// A symmetric stencil: `(A x)ᵢ = dᵢ xᵢ − Σ c x_neighbour` with a coefficient c ≥ 0 for each face between two cells.
///
/// Each cell stores its diagonal and the coefficients of its west, south and bottom faces; those of its other faces
/// are stored by its neighbours. A cell whose diagonal is zero is inactive.
#[derive(Debug, Clone, PartialEq)]
pub struct VariableStencil {
    grid: Grid,
    diagonal: Vec<f64>,
    /// West, south, bottom.
    lower: [Vec<f64>; 3],
}

/// Names of the coefficients in messages.
const NAMES: [&str; 3] = ["west", "south", "below"];

impl VariableStencil {
    /// Takes over the coefficients: `lower` are those of the west, south and bottom faces, finite, not negative, zero
    /// at the sides of the grid and next to inactive cells (whose diagonal is zero).
    pub fn new(grid: Grid, diagonal: Vec<f64>, lower: [Vec<f64>; 3]) -> Result<Self, OperatorError> {
        grid.check_len("the diagonal", diagonal.len())?;
        for (name, coefficients) in NAMES.into_iter().zip(&lower) {
            grid.check_len(name, coefficients.len())?;
        }
        for index in 0..grid.cells() {
            let cell = grid.position(index);
            let wrong =
                |what, value, expected| Err(OperatorError::Coefficient { what, cell, value, expected });
            if !(diagonal[index].is_finite() && diagonal[index] >= 0.0) {
                return wrong("diagonal", diagonal[index], "finite and not negative");
            }
            for (axis, side) in [Side::West, Side::South, Side::Bottom].into_iter().enumerate() {
                let value = lower[axis][index];
                if value == 0.0 {
                    continue;
                }
                if !(value.is_finite() && value > 0.0) {
                    return wrong(NAMES[axis], value, "finite and not negative");
                }
                match grid.neighbour(index, cell, side) {
                    None => return wrong(NAMES[axis], value, "zero at a side of the grid"),
                    Some(neighbour) if diagonal[index] == 0.0 || diagonal[neighbour] == 0.0 => {
                        return wrong(NAMES[axis], value, "zero next to a cell with a zero diagonal");
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(Self { grid, diagonal, lower })
    }

    /// −h² ∇·(k ∇) with a conductivity k > 0 for each cell: the coefficient of a face is its axis' weight times the
    /// harmonic mean of the two cells; a Dirichlet side or an air cell counts the fluid cell's own k.
    pub fn diffusion(
        grid: Grid,
        weights: [f64; 3],
        sides: [Boundary; 6],
        conductivity: &[f64],
        cells: Option<&[Cell]>,
    ) -> Result<Self, OperatorError> {
        check_weights(weights)?;
        grid.check_len("the conductivity", conductivity.len())?;
        if let Some(cells) = cells {
            grid.check_len("the array of cells", cells.len())?;
        }
        if let Some(index) = conductivity.iter().position(|&k| !(k.is_finite() && k > 0.0)) {
            return Err(OperatorError::Coefficient {
                what: "conductivity",
                cell: grid.position(index),
                value: conductivity[index],
                expected: "finite and positive",
            });
        }
        let cell_at = |index: usize| cells.map_or(Cell::Fluid, |cells| cells[index]);
        let mut diagonal = vec![0.0; grid.cells()];
        let mut lower = std::array::from_fn(|_| vec![0.0; grid.cells()]);
        for index in (0..grid.cells()).filter(|&index| cell_at(index) == Cell::Fluid) {
            let (position, k) = (grid.position(index), conductivity[index]);
            for side in Side::ALL {
                let weight = weights[side.axis()];
                let (beyond, coefficient) = match grid.neighbour(index, position, side) {
                    Some(neighbour) => {
                        let other = conductivity[neighbour];
                        (cell_at(neighbour), weight * 2.0 / (1.0 / k + 1.0 / other))
                    }
                    None if sides[side.index()] == Boundary::Dirichlet => (Cell::Air, weight * k),
                    None => (Cell::Solid, 0.0),
                };
                match beyond {
                    Cell::Fluid => {
                        diagonal[index] += coefficient;
                        if !side.is_upper() {
                            lower[side.axis()][index] = coefficient;
                        }
                    }
                    Cell::Air => diagonal[index] += weight * k,
                    Cell::Solid => {}
                }
            }
        }
        Self::new(grid, diagonal, lower)
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The coefficients of the west, south and bottom faces of each cell.
    pub fn lower(&self) -> &[Vec<f64>; 3] {
        &self.lower
    }

    /// S A S with S = diag(s): with s = D^(−½), Jacobi preconditioning as a change of variables.
    pub fn scaled(&self, s: &[f64]) -> Result<Self, OperatorError> {
        self.grid.check_len("the scaling", s.len())?;
        let mut scaled = self.clone();
        scaled.diagonal.iter_mut().zip(s).for_each(|(d, s)| *d = *d * s * s);
        for (coefficients, step) in scaled.lower.iter_mut().zip(self.grid.steps()) {
            // The first `step` cells have no lower neighbour along this axis.
            for index in step..self.grid.cells() {
                coefficients[index] = coefficients[index] * s[index] * s[index - step];
            }
        }
        Ok(scaled)
    }

    /// The matrix, rows and columns numbered as the cells; rows of inactive cells are empty.
    pub fn to_csr(&self) -> Result<Csr, OperatorError> {
        let mut triplets = Vec::with_capacity(self.nonzeros());
        for index in 0..self.grid.cells() {
            self.visit_row(index, &mut |column, value| triplets.push((index, column, value)));
        }
        Csr::from_triplets(self.grid.cells(), self.grid.cells(), &triplets)
    }

    /// Σ of the coefficients of the faces of a cell.
    fn coupling_of(&self, index: usize) -> f64 {
        self.lower
            .iter()
            .zip(self.grid.steps())
            .map(|(coefficients, step)| coefficients[index] + coefficients.get(index + step).unwrap_or(&0.0))
            .sum()
    }
}

impl Operator for VariableStencil {
    fn dimension(&self) -> usize {
        self.grid.cells()
    }

    fn unknowns(&self) -> usize {
        self.diagonal.iter().filter(|&&d| d != 0.0).count()
    }

    fn nonzeros(&self) -> usize {
        let faces = |coefficients: &Vec<f64>| coefficients.iter().filter(|&&c| c != 0.0).count();
        self.unknowns() + 2 * self.lower.iter().map(faces).sum::<usize>()
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) {
        debug_assert!(x.len() == self.grid.cells() && y.len() == self.grid.cells());
        y.par_iter_mut().with_min_len(4096).enumerate().for_each(|(i, y)| {
            let mut sum = self.diagonal[i] * x[i];
            for (coefficients, step) in self.lower.iter().zip(self.grid.steps()) {
                if coefficients[i] != 0.0 {
                    sum -= coefficients[i] * x[i - step];
                }
                if let Some(&upper) = coefficients.get(i + step).filter(|&&upper| upper != 0.0) {
                    sum -= upper * x[i + step];
                }
            }
            *y = if self.diagonal[i] == 0.0 { 0.0 } else { sum };
        });
    }

    fn diagonal(&self) -> Vec<f64> {
        self.diagonal.clone()
    }

    fn norm_inf(&self) -> f64 {
        (0..self.grid.cells()).map(|i| self.diagonal[i] + self.coupling_of(i)).fold(0.0, f64::max)
    }

    fn is_active(&self, index: usize) -> bool {
        self.diagonal[index] != 0.0
    }

    /// Components in which every diagonal is the sum of its faces, up to rounding.
    fn null_components(&self) -> NullComponents {
        let mut components = Components::new(self.grid.cells());
        for (coefficients, step) in self.lower.iter().zip(self.grid.steps()) {
            for index in (step..self.grid.cells()).filter(|&index| coefficients[index] != 0.0) {
                components.join(index, index - step);
            }
        }
        let grounded = |index: usize| {
            let diagonal = self.diagonal[index];
            (diagonal - self.coupling_of(index)).abs() > 16.0 * f64::EPSILON * diagonal
        };
        components.ungrounded(|index| self.is_active(index), grounded)
    }

    fn visit_row(&self, row: usize, visit: &mut dyn FnMut(usize, f64)) {
        if self.diagonal[row] != 0.0 {
            visit(row, self.diagonal[row]);
        }
        for (coefficients, step) in self.lower.iter().zip(self.grid.steps()) {
            if coefficients[row] != 0.0 {
                visit(row - step, -coefficients[row]);
            }
            if let Some(&upper) = coefficients.get(row + step).filter(|&&upper| upper != 0.0) {
                visit(row + step, -upper);
            }
        }
    }

    fn form(&self) -> super::Form<'_> {
        super::Form::Variable(self)
    }
}
