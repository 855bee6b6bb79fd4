//! Random solid obstacles in a box of fluid with air on top.

use crate::operator::{Cell, Grid, Side};

/// A number that looks random and depends on nothing but its arguments (the finaliser of SplitMix64; Steele, Lea and
/// Flood, OOPSLA 2014), so that any cell can be recomputed anywhere.
pub(super) fn mix(seed: u64, counter: u64) -> u64 {
    let mut z = seed.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in [0, 1).
pub(super) fn uniform(seed: u64, counter: u64) -> f64 {
    (mix(seed, counter) >> 11) as f64 * (-53f64).exp2()
}

/// Balls and boxes, in turn, are put at random places until about `fraction` of the box is solid. The top tenth of the
/// box (along z, or y in two dimensions) is air and stays free.
pub(super) fn cells(grid: &Grid, fraction: f64, seed: u64) -> Vec<Cell> {
    let extents = grid.extents();
    let up = if extents[2] > 1 { 2 } else { 1 };
    let air = (extents[up] / 10).max(1).min(extents[up] - 1);
    let surface = extents[up] - air;
    let mut cells: Vec<Cell> = (0..grid.cells())
        .map(|index| if grid.position(index)[up] >= surface { Cell::Air } else { Cell::Fluid })
        .collect();
    let wanted = (fraction * cells.len() as f64) as usize;
    let shortest = extents.iter().copied().filter(|&extent| extent > 1).min().unwrap_or(1) as f64;
    let mut solid = 0;
    let mut counter = 0;
    let mut draw = || {
        counter += 1;
        uniform(seed, counter)
    };
    // Every obstacle holds at least its centre cell, so this ends; the bound is for boxes with hardly any room.
    for obstacle in 0..4 * cells.len().max(64) {
        if solid >= wanted {
            break;
        }
        let centre: [f64; 3] = std::array::from_fn(|axis| draw() * extents[axis] as f64);
        let radius: [f64; 3] = match obstacle % 2 {
            0 => [(0.04 + 0.08 * draw()) * shortest; 3],
            _ => std::array::from_fn(|_| (0.03 + 0.08 * draw()) * shortest),
        };
        let range = |axis: usize| {
            let low = (centre[axis] - radius[axis]).floor().max(0.0) as usize;
            let high = (centre[axis] + radius[axis]).ceil() as usize;
            low..high.min(extents[axis])
        };
        for z in range(2) {
            for y in range(1) {
                for x in range(0) {
                    let offset: [f64; 3] = std::array::from_fn(|axis| {
                        ([x, y, z][axis] as f64 + 0.5 - centre[axis]) / radius[axis].max(0.5)
                    });
                    let inside = match obstacle % 2 {
                        0 => offset.iter().map(|o| o * o).sum::<f64>() <= 1.0,
                        _ => offset.iter().all(|o| o.abs() <= 1.0),
                    };
                    let cell = &mut cells[grid.index([x, y, z])];
                    if inside && *cell == Cell::Fluid {
                        *cell = Cell::Solid;
                        solid += 1;
                    }
                }
            }
        }
    }
    fill_pockets(grid, &mut cells);
    cells
}

/// Fluid that obstacles cut off from the air has no pressure of its own; it becomes solid.
fn fill_pockets(grid: &Grid, cells: &mut [Cell]) {
    let mut open: Vec<bool> = cells.iter().map(|&cell| cell == Cell::Air).collect();
    let mut front: Vec<usize> = (0..cells.len()).filter(|&index| open[index]).collect();
    while let Some(index) = front.pop() {
        let position = grid.position(index);
        for neighbour in Side::ALL.iter().filter_map(|&side| grid.neighbour(index, position, side)) {
            if cells[neighbour] == Cell::Fluid && !open[neighbour] {
                open[neighbour] = true;
                front.push(neighbour);
            }
        }
    }
    for (cell, open) in cells.iter_mut().zip(open) {
        if *cell == Cell::Fluid && !open {
            *cell = Cell::Solid;
        }
    }
}
