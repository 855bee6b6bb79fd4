//! What the kernels share that make coefficients and their gradient: `shaders/common/stencils.wgsl`.

use ansatz_gpu::{Launch, Real};

use crate::operator::Grid;

/// Invocations per workgroup.
const LANES: u32 = 64;
/// By so much the diagonal exceeds the edges that are cut to 16 bits.
pub(super) const EXCESS: f64 = 1.0078125;
/// What is left of the diagonal where 1 + n₀ = 0.
const KAPPA: f64 = 0.0625;

/// The edges from a cell to the later half of its neighbours: 4 of 8, or 13 of 26.
pub(super) fn edges(dimensions: usize) -> usize {
    (3usize.pow(dimensions as u32) - 1) / 2
}

/// Where an edge leads: (1, 0, 0), then (−1 … 1, 1, 0), then (−1 … 1, −1 … 1, 1).
fn step(edge: usize) -> [isize; 3] {
    if edge == 0 {
        return [1, 0, 0];
    }
    let (x, row) = ((edge - 1) % 3, (edge - 1) / 3);
    let [y, z] = if row == 0 { [1, 0] } else { [row as isize - 2, 1] };
    [x as isize - 1, y, z]
}

/// The parameter block.
#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Params {
    extents: [u32; 3],
    padded: u32,
    edges: u32,
    pub columns: u32,
    pub stride: u32,
}

impl Params {
    pub fn new(grid: &Grid, columns: usize) -> Self {
        let [nx, ny, nz] = grid.extents();
        let padded = nx.next_multiple_of(4);
        Self {
            extents: grid.extents().map(|extent| extent as u32),
            padded: padded as u32,
            edges: edges(if nz > 1 { 3 } else { 2 }) as u32,
            columns: columns as u32,
            stride: (padded * ny * nz) as u32,
        }
    }

    /// A launch with an invocation for each of `items`.
    pub fn launch<T: Real>(&self, launch: Launch, items: usize) -> Launch {
        let groups = items.div_ceil(LANES as usize);
        launch.real::<T>().constant("LANES", LANES).params(self).workgroups(groups as u64)
    }

    pub fn edges(&self) -> usize {
        self.edges as usize
    }

    pub fn cells(&self) -> usize {
        self.extents.iter().map(|&extent| extent as usize).product()
    }

    /// Where a channel of a cell is in an image.
    pub fn channel(&self, channel: usize, cell: usize) -> usize {
        4 * (channel / 4 * self.cells() + cell) + channel % 4
    }

    /// Where a cell is in a vector.
    pub fn place(&self, cell: usize) -> usize {
        let nx = self.extents[0] as usize;
        cell / nx * self.padded as usize + cell % nx
    }

    /// The cell at p + t for edge t, or at p − t.
    pub fn neighbour(&self, cell: usize, edge: usize, back: bool) -> Option<usize> {
        let [nx, ny, nz] = self.extents.map(|extent| extent as usize);
        let at = [cell % nx, cell / nx % ny, cell / nx / ny];
        let (step, mut to) = (step(edge), [0; 3]);
        for (axis, extent) in [nx, ny, nz].into_iter().enumerate() {
            let step = if back { -step[axis] } else { step[axis] };
            to[axis] = at[axis].checked_add_signed(step).filter(|&to| to < extent)?;
        }
        Some((to[2] * ny + to[1]) * nx + to[0])
    }
}

/// κ + (1 − κ)(1 + n₀)², and its derivative.
pub(super) fn gain<T: Real>(n: T) -> [T; 2] {
    let (kappa, gain) = (T::from_f64(KAPPA), T::one() + n);
    [kappa + (T::one() - kappa) * gain * gain, T::from_f64(2.0) * (T::one() - kappa) * gain]
}

/// Where c_t(p), or c_t(p − t), of entry `i` is among the halves of words of edge t, after d; arrays have `length` words.
fn place_of_half(length: usize, edge: usize, back: bool, i: usize) -> (usize, u32) {
    ((1 + edge) * length + 4 * (i / 4) + 2 * usize::from(back) + i % 4 / 2, 16 * (i % 2) as u32)
}

/// c_t(p), or c_t(p − t), for entry `i`.
pub(super) fn half(coefficients: &[u32], length: usize, edge: usize, back: bool, i: usize) -> f32 {
    let (word, shift) = place_of_half(length, edge, back, i);
    f32::from_bits(coefficients[word] >> shift << 16)
}

/// Cuts a coefficient to its upper half and puts it there, where 0 is.
pub(super) fn put_half(coefficients: &mut [u32], length: usize, edge: usize, back: bool, i: usize, c: f32) {
    let (word, shift) = place_of_half(length, edge, back, i);
    coefficients[word] |= c.to_bits() >> 16 << shift;
}

/// −1, 0 or 1.
pub(super) fn sign<T: Real>(n: T) -> T {
    if n > T::zero() {
        T::one()
    } else if n < T::zero() {
        -T::one()
    } else {
        T::zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each neighbour of a cell in the middle of 3³ is met once, forward or back.
    #[test]
    fn edges_meet_every_neighbour_once() -> Result<(), crate::KrylovError> {
        for (nz, middle) in [(1, 4), (3, 13)] {
            let params = Params::new(&Grid::new(3, 3, nz)?, 1);
            let meet =
                |back| (0..params.edges()).filter_map(move |edge| params.neighbour(middle, edge, back));
            let mut met: Vec<usize> = meet(false).chain(meet(true)).collect();
            met.sort_unstable();
            let others: Vec<usize> = (0..params.cells()).filter(|&cell| cell != middle).collect();
            assert_eq!(met, others);
            assert!(meet(false).all(|cell| cell > middle));
        }
        Ok(())
    }
}
