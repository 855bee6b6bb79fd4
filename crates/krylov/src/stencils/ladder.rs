//! The levels of the cycle, and the ways between them.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use rayon::prelude::*;

use super::apply::Apply;
use super::network::INPUTS;
use crate::KrylovError;
use crate::cg::control::Params;
use crate::multigrid::Transfer;
use crate::multigrid::coarsest::Coarsest;
use crate::multigrid::descend::descend;
use crate::multigrid::faces::Faces;
use crate::multigrid::level::Cells;
use crate::multigrid::transfer::Interpolation;
use crate::operator::{Grid, Operator};

/// A level but the coarsest.
#[derive(Debug)]
pub(super) struct Rung {
    pub grid: Grid,
    cells: Cells,
    /// To the next coarser level.
    interpolation: Interpolation,
}

/// What the coefficients of a level are made from. The coarsest needs none, but has its unknowns, too.
#[derive(Debug)]
pub(super) struct Sight {
    pub grid: Grid,
    /// An image of what the network sees.
    pub x: Vec<f64>,
    /// s = a_pp^(−½), 0 where there is no unknown, in the device's layout.
    pub s: Vec<f64>,
}

/// The levels from the finest on.
#[derive(Debug)]
pub(super) struct Ladder<T> {
    pub rungs: Vec<Rung>,
    coarsest: Coarsest<T>,
    coarsest_cells: Cells,
}

impl<T: Real> Ladder<T> {
    /// Makes the levels for `factor` times an operator on a grid, and what their coefficients follow from.
    pub fn new(
        gpu: &Gpu,
        operator: &dyn Operator,
        factor: f64,
        name: &str,
    ) -> Result<(Self, Vec<Sight>), KrylovError> {
        let (mut rungs, mut sights, mut last): (Vec<Rung>, Vec<Sight>, _) = (Vec::new(), Vec::new(), None);
        descend(operator, name, |faces, next| {
            let cells = Cells::new(gpu, faces.grid());
            sights.push(Sight::new(faces, factor, sights.is_empty()));
            let Some((coarse, halved)) = next else {
                last = Some((Coarsest::new(gpu, faces, factor)?, cells));
                return Ok(());
            };
            let interpolation = Interpolation::new(gpu, Transfer::Trilinear, faces, coarse, halved)?;
            rungs.push(Rung { grid: *faces.grid(), cells, interpolation });
            Ok(())
        })?;
        let Some((coarsest, coarsest_cells)) = last else { return Err(KrylovError::CoarsestLevel) };
        Ok((Self { rungs, coarsest, coarsest_cells }, sights))
    }

    /// The cells of a level, the coarsest included.
    pub fn cells(&self, level: usize) -> Cells {
        self.rungs.get(level).map_or(self.coarsest_cells, |rung| rung.cells)
    }

    /// A vector on each level from `first` on.
    pub fn vectors(&self, gpu: &Gpu, first: usize, columns: usize) -> Result<Vec<Buffer<T>>, GpuError> {
        (first..=self.rungs.len())
            .map(|level| gpu.buffer("level vector", self.cells(level).length() * columns))
            .collect()
    }

    fn next(&self, level: usize) -> [Cells; 2] {
        [self.cells(level), self.cells(level + 1)]
    }

    /// Records f on each level but the finest from that on the one before: the products of Pᵀ.
    pub fn down(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        f: &[&Buffer<T>],
    ) -> Result<(), GpuError> {
        for (level, rung) in self.rungs.iter().enumerate() {
            let next = self.rungs.get(level + 1).map(|rung| &rung.interpolation);
            let buffers = [control, f[level], f[level + 1]];
            rung.interpolation.restrict(plan, params, self.next(level), buffers, next)?;
        }
        Ok(())
    }

    /// Records z = W f + P z on each level from that on the next, and A⁻¹f on the coarsest.
    pub fn up(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        coefficients: &[Buffer<u32>],
        [f, z]: [&[&Buffer<T>]; 2],
    ) -> Result<(), GpuError> {
        let coarsest = self.rungs.len();
        self.coarsest.record(plan, params, [control, f[coarsest], z[coarsest]])?;
        for (level, rung) in self.rungs.iter().enumerate().rev() {
            let Rung { grid, interpolation, .. } = rung;
            let (grid, cells, coefficients) = (*grid, self.next(level), &coefficients[level]);
            let (e, f, z) = (z[level + 1], f[level], z[level]);
            Apply { grid, cells, interpolation, control, e, f, coefficients, z }.record(plan, params)?;
        }
        Ok(())
    }

    /// Records e ← e + P e on each level from that on the next: fields of every scale.
    pub fn add_up(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        e: &[Buffer<T>],
    ) -> Result<(), GpuError> {
        for (level, rung) in self.rungs.iter().enumerate().rev() {
            let buffers = [control, &e[level + 1], &e[level]];
            rung.interpolation.prolong(plan, params, self.next(level), buffers)?;
        }
        Ok(())
    }
}

impl Sight {
    fn new(faces: &dyn Faces, factor: f64, is_finest: bool) -> Self {
        let grid = *faces.grid();
        let (extents, steps) = (grid.extents(), grid.steps());
        let neighbours = 2.0 * extents.iter().filter(|&&extent| extent > 1).count() as f64;
        let diagonal: Vec<f64> =
            (0..grid.cells()).into_par_iter().with_min_len(1024).map(|cell| faces.diagonal(cell)).collect();
        let s: Vec<f64> =
            diagonal.iter().map(|&d| if d > 0.0 { 1.0 / (factor * d).sqrt() } else { 0.0 }).collect();
        // −a_pq/√(a_pp a_qq) is 1 over the number of neighbours in the open.
        let mut x = vec![0.0; 4 * grid.cells() * INPUTS.div_ceil(4)];
        let (first, second) = x.split_at_mut(4 * grid.cells());
        for cell in (0..grid.cells()).filter(|&cell| diagonal[cell] > 0.0) {
            for axis in 0..3 {
                let face = faces.face(axis, cell);
                if face > 0.0 {
                    let product = (diagonal[cell] * diagonal[cell - steps[axis]]).sqrt();
                    first[4 * cell + axis] = neighbours * face / product;
                }
            }
            first[4 * cell + 3] = neighbours * faces.grounds(cell) / diagonal[cell];
            second[4 * cell] = f64::from(u8::from(is_finest));
        }
        Self { grid, x, s: grid.ordering().scatter::<f64>(&s) }
    }
}
