// What convolutions and their gradients share: four channels of x along the rows that the taps see.
#import common/real
#import common/blocks
#import common/images

// 1: neighbours along x and y; 0: the cell itself.
override REACH: u32 = 1u;
override STEPS: u32 = 2u * REACH + 1u;

// A row of x: where it begins, and how many of its cells count, all or none.
struct Row {
    first: u32,
    cells: u32,
}

// The row that the taps of number j (z, y) see from a row of the images, for the quad `in` of x.
fn row_seen(own: u32, j: u32, in: u32) -> Row {
    let place = place_of(own, params.ny, params.nz);
    // Numbers below 0 wrap around and are out of range, too.
    let z = place.z + j / STEPS - params.reach_z;
    let y = place.y + j % STEPS - REACH;
    let inside = z < params.nz && y < params.ny;
    let row = select(own, (place.image * params.nz + z) * params.ny + y, inside);
    let rows = params.images * params.nz * params.ny;
    return Row((in * rows + row) * params.nx, select(0u, params.nx, inside));
}

// x at a cell of a row, 0 beside it. A number below 0 wraps around.
fn value(row: Row, cell: u32) -> real4 {
    return select(real4(), x[row.first + min(cell, params.nx - 1u)], cell < row.cells);
}

// x at four cells of a row.
fn values(row: Row, cell: u32) -> real4x4 {
    return real4x4(value(row, cell), value(row, cell + 1u), value(row, cell + 2u), value(row, cell + 3u));
}
