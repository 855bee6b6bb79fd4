//! Structured grids: extents, sides and what a cell holds.

use std::fmt;

use super::{OperatorError, Ordering};

/// A grid of cells, numbered with x fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    nx: usize,
    ny: usize,
    nz: usize,
}

/// A direction of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// West to east.
    X,
    /// South to north.
    Y,
    /// Bottom to top.
    Z,
}

/// A side of a cell or of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Side {
    /// Towards smaller x.
    West = 0,
    /// Towards larger x.
    East = 1,
    /// Towards smaller y.
    South = 2,
    /// Towards larger y.
    North = 3,
    /// Towards smaller z.
    Bottom = 4,
    /// Towards larger z.
    Top = 5,
}

/// What lies beyond a side of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// The value zero: the link counts in the diagonal.
    Dirichlet,
    /// A wall without flux: there is no link.
    Neumann,
}

/// What a cell of a pressure system holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// An unknown.
    Fluid,
    /// A wall: no link.
    Solid,
    /// A free surface at pressure zero: the link counts in the diagonal.
    Air,
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Axis::X => "x",
            Axis::Y => "y",
            Axis::Z => "z",
        })
    }
}

impl Axis {
    /// All axes, x first.
    pub const ALL: [Axis; 3] = [Axis::X, Axis::Y, Axis::Z];
}

impl Side {
    /// All sides, in the order of their numbers.
    pub const ALL: [Side; 6] = [Side::West, Side::East, Side::South, Side::North, Side::Bottom, Side::Top];

    /// The number of this side, which is also its bit in a mask.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The axis that this side is perpendicular to: 0, 1 or 2.
    pub fn axis(self) -> usize {
        self as usize / 2
    }

    /// Whether this side is the one of larger coordinates.
    pub fn is_upper(self) -> bool {
        self as usize % 2 == 1
    }
}

impl Grid {
    /// The most cells a grid may have.
    pub const MAX_CELLS: usize = 1 << 31;

    /// A grid of `nx` × `ny` × `nz` cells; `nz` = 1 in two dimensions.
    pub fn new(nx: usize, ny: usize, nz: usize) -> Result<Self, OperatorError> {
        // The padded rows are what the device numbers.
        let cells =
            nx.checked_next_multiple_of(4).and_then(|n| n.checked_mul(ny)).and_then(|n| n.checked_mul(nz));
        match cells {
            Some(cells) if cells > 0 && cells <= Self::MAX_CELLS => Ok(Self { nx, ny, nz }),
            _ => Err(OperatorError::Grid { nx, ny, nz }),
        }
    }

    /// Cells along x, y and z.
    pub fn extents(&self) -> [usize; 3] {
        [self.nx, self.ny, self.nz]
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.nx * self.ny * self.nz
    }

    /// Index steps to the next cell along x, y and z.
    pub fn steps(&self) -> [usize; 3] {
        [1, self.nx, self.nx * self.ny]
    }

    /// The index of a cell.
    pub fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        (z * self.ny + y) * self.nx + x
    }

    /// The position of a cell.
    pub fn position(&self, index: usize) -> [usize; 3] {
        [index % self.nx, index / self.nx % self.ny, index / self.nx / self.ny]
    }

    /// The index of the neighbour of a cell, or `None` beyond a side of the grid.
    pub fn neighbour(&self, index: usize, position: [usize; 3], side: Side) -> Option<usize> {
        let axis = side.axis();
        if side.is_upper() {
            (position[axis] + 1 < self.extents()[axis]).then(|| index + self.steps()[axis])
        } else {
            (position[axis] > 0).then(|| index - self.steps()[axis])
        }
    }

    /// Device layout: each row along x is padded to a multiple of 4.
    pub fn ordering(&self) -> Ordering {
        Ordering::rows(self.nx, self.ny * self.nz)
    }

    /// Checks that an array has one entry per cell.
    pub(super) fn check_len(&self, what: &'static str, found: usize) -> Result<(), OperatorError> {
        let expected = self.cells();
        if found == expected { Ok(()) } else { Err(OperatorError::Length { what, found, expected }) }
    }
}
