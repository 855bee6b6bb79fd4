//! An operator on a grid as its faces, and the coarser operator that they add up to.
//!
//! In finite volumes the coefficient of a face is its conductance: area over distance. The conductances of the fine faces
//! between two coarse cells add up; where the distance doubles, the sum is halved. A link to the value zero is lengthened
//! by half a cell in place of a whole one. Sides, walls, air, odd sizes and jumps of the coefficient need no rule of their
//! own (compare Weber, Mueller-Roemer, Stork and Fellner, Comput. Graph. Forum 34, 2015, section 4).

use std::borrow::Cow;

use rayon::prelude::*;

use crate::operator::{Grid, Operator, OperatorError, Stencil, VariableStencil, mask};

/// (A x)ᵢ = Σ c (xᵢ − x_neighbour) + Σ g xᵢ over the faces of cell i.
pub(crate) trait Faces: Sync {
    /// The cells.
    fn grid(&self) -> &Grid;

    /// c of the low face of a cell along an axis; 0 where there is no cell beyond, or none that takes part.
    fn face(&self, axis: usize, cell: usize) -> f64;

    /// g: the coefficient of a cell's links along an axis to the value zero.
    fn ground(&self, axis: usize, cell: usize) -> f64;

    /// c of the high face.
    fn high_face(&self, axis: usize, cell: usize) -> f64 {
        let next = cell + self.grid().steps()[axis];
        // Past the last row or layer there is another one's first cell, whose low face is 0.
        if next < self.grid().cells() { self.face(axis, next) } else { 0.0 }
    }

    /// Σ g of a cell.
    fn grounds(&self, cell: usize) -> f64 {
        (0..3).map(|axis| self.ground(axis, cell)).sum()
    }

    /// aᵢᵢ; 0 where there is no unknown.
    fn diagonal(&self, cell: usize) -> f64 {
        self.grounds(cell)
            + (0..3).map(|axis| self.face(axis, cell) + self.high_face(axis, cell)).sum::<f64>()
    }

    /// The largest ratio between the two faces of a cell along an axis, 1 at least.
    fn largest_jump(&self) -> f64 {
        let jump = |cell: usize, axis: usize| {
            let (low, high) = (self.face(axis, cell), self.high_face(axis, cell));
            if low > 0.0 && high > 0.0 { (low / high).max(high / low) } else { 1.0 }
        };
        let cells = (0..self.grid().cells()).into_par_iter().with_min_len(4096);
        cells.map(|cell| (0..3).map(|axis| jump(cell, axis)).fold(1.0, f64::max)).reduce(|| 1.0, f64::max)
    }

    /// The mean coefficient of the faces along each axis, 0 where there is none.
    fn strengths(&self) -> [f64; 3] {
        std::array::from_fn(|axis| {
            let (sum, count) = (0..self.grid().cells())
                .into_par_iter()
                .with_min_len(4096)
                .map(|cell| self.face(axis, cell))
                .map(|face| (face, f64::from(u8::from(face > 0.0))))
                .reduce(|| (0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            if count > 0.0 { sum / count } else { 0.0 }
        })
    }
}

/// A stencil with constant coefficients, with the links of all its cells.
pub(super) struct StencilFaces<'a> {
    stencil: &'a Stencil,
    masks: Cow<'a, [u16]>,
}

impl<'a> StencilFaces<'a> {
    pub fn new(stencil: &'a Stencil) -> Self {
        Self { stencil, masks: stencil.all_masks() }
    }
}

impl Faces for StencilFaces<'_> {
    fn grid(&self) -> &Grid {
        self.stencil.grid()
    }

    fn face(&self, axis: usize, cell: usize) -> f64 {
        let coupled = self.masks[cell] >> (2 * axis) & mask::COUPLED != 0;
        if coupled { self.stencil.weights()[axis] } else { 0.0 }
    }

    fn ground(&self, axis: usize, cell: usize) -> f64 {
        let bits = self.masks[cell];
        let uncoupled = (bits >> 6) & !bits;
        f64::from((uncoupled >> (2 * axis) & 3).count_ones()) * self.stencil.weights()[axis]
    }

    fn diagonal(&self, cell: usize) -> f64 {
        self.stencil.diagonal_of(self.masks[cell])
    }

    /// All faces along an axis are alike.
    fn largest_jump(&self) -> f64 {
        1.0
    }

    /// Likewise.
    fn strengths(&self) -> [f64; 3] {
        let is_coupled = |axis: usize| self.masks.iter().any(|bits| bits >> (2 * axis) & 3 != 0);
        std::array::from_fn(|axis| if is_coupled(axis) { self.stencil.weights()[axis] } else { 0.0 })
    }
}

/// A stencil with variable coefficients, with what its diagonal has beyond the faces.
pub(super) struct VariableFaces<'a> {
    stencil: &'a VariableStencil,
    ground: Vec<f64>,
    /// The axis with the largest coefficients: links to zero are taken for links along it.
    axis: usize,
}

impl<'a> VariableFaces<'a> {
    pub fn new(stencil: &'a VariableStencil) -> Self {
        let mut faces = Self { stencil, ground: Vec::new(), axis: 0 };
        let diagonal = Operator::diagonal(stencil);
        // What rounding alone explains is no link.
        let beyond = |cell: usize| {
            let ground = diagonal[cell] - faces.diagonal(cell);
            if ground > 16.0 * f64::EPSILON * diagonal[cell] { ground } else { 0.0 }
        };
        let ground = (0..diagonal.len()).map(beyond).collect();
        let strengths = faces.strengths();
        let axis = (0..3).max_by(|&a, &b| strengths[a].total_cmp(&strengths[b])).unwrap_or(0);
        (faces.ground, faces.axis) = (ground, axis);
        faces
    }
}

impl Faces for VariableFaces<'_> {
    fn grid(&self) -> &Grid {
        self.stencil.grid()
    }

    fn face(&self, axis: usize, cell: usize) -> f64 {
        self.stencil.lower()[axis][cell]
    }

    fn ground(&self, axis: usize, cell: usize) -> f64 {
        if axis == self.axis { self.ground.get(cell).copied().unwrap_or(0.0) } else { 0.0 }
    }
}

/// A coarse operator.
#[derive(Debug, Clone)]
pub(super) struct CoarseFaces {
    grid: Grid,
    /// West, south, bottom.
    low: [Vec<f64>; 3],
    ground: [Vec<f64>; 3],
}

impl Faces for CoarseFaces {
    fn grid(&self) -> &Grid {
        &self.grid
    }

    fn face(&self, axis: usize, cell: usize) -> f64 {
        self.low[axis][cell]
    }

    fn ground(&self, axis: usize, cell: usize) -> f64 {
        self.ground[axis][cell]
    }
}

/// Which axes are halved from one level to the next: those along which an error that is not smooth is left otherwise.
///
/// Point smoothers smooth along the strong couplings alone, so these are halved first, until the others are as strong.
pub(super) fn axes_to_halve(faces: &dyn Faces) -> [bool; 3] {
    let extents = faces.grid().extents();
    let mut strengths = faces.strengths();
    (0..3).filter(|&axis| extents[axis] == 1).for_each(|axis| strengths[axis] = 0.0);
    let strongest = strengths.iter().copied().fold(0.0, f64::max);
    std::array::from_fn(|axis| {
        extents[axis] > 1 && strengths[axis] > 0.0 && strengths[axis] >= WEAK * strongest
    })
}

/// Axes that are weaker than the strongest by more than this wait: halving the others makes them four times as strong.
const WEAK: f64 = 0.35;

/// The operator on the grid whose cells are two fine cells wide along the halved axes. `distance` is how far the value
/// zero lies from the centre of a cell next to it, in cells, along each axis.
pub(super) fn coarsen(
    fine: &dyn Faces,
    halved: [bool; 3],
    distance: [f64; 3],
) -> Result<CoarseFaces, OperatorError> {
    let extents = fine.grid().extents();
    let widths = halved.map(|halved| if halved { 2 } else { 1 });
    let [nx, ny, nz] = std::array::from_fn(|axis| extents[axis].div_ceil(widths[axis]));
    let grid = Grid::new(nx, ny, nz)?;
    // Σ over the fine cells of a coarse one, or over those at its low side along `low`.
    let sum = |cell: usize, low: Option<usize>, value: &(dyn Fn(usize) -> f64 + Sync)| -> f64 {
        let at = grid.position(cell);
        let range = |axis: usize| {
            let first = at[axis] * widths[axis];
            let width = if low == Some(axis) { 1 } else { widths[axis] };
            first..(first + width).min(extents[axis])
        };
        let rows = range(2).flat_map(|z| range(1).map(move |y| (y, z)));
        rows.flat_map(|(y, z)| range(0).map(move |x| [x, y, z])).map(|at| value(fine.grid().index(at))).sum()
    };
    let each = |value: &(dyn Fn(usize) -> f64 + Sync)| -> Vec<f64> {
        (0..grid.cells()).into_par_iter().with_min_len(512).map(value).collect()
    };
    let low = std::array::from_fn(|axis| {
        let factor = 1.0 / widths[axis] as f64;
        each(&|cell| factor * sum(cell, Some(axis), &|fine_cell| fine.face(axis, fine_cell)))
    });
    let ground = std::array::from_fn(|axis| {
        let factor = if halved[axis] { distance[axis] / (distance[axis] + 0.5) } else { 1.0 };
        each(&|cell| factor * sum(cell, None, &|fine_cell| fine.ground(axis, fine_cell)))
    });
    Ok(CoarseFaces { grid, low, ground })
}

/// The distance of the value zero in the cells of the next level.
pub(super) fn coarse_distance(halved: [bool; 3], distance: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|axis| if halved[axis] { (distance[axis] + 0.5) / 2.0 } else { distance[axis] })
}
