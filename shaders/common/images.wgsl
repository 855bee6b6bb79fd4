// Images of ny rows in each of nz layers, one behind the other.

struct Place {
    image: u32,
    z: u32,
    y: u32,
}

// Where the row of this number lies.
fn place_of(row: u32, ny: u32, nz: u32) -> Place {
    let layer = row / ny;
    return Place(layer / nz, layer % nz, row % ny);
}
