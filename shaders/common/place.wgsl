// Where a quad lies in a grid whose rows along x have `row4` vec4s and whose layers have `rows` rows. Integer division is slow: a loop
// that goes on by as many quads each time pays it once.
struct Place {
    x4: u32,
    y: u32,
    z: u32,
}

fn place_of(q: u32, row4: u32, rows: u32) -> Place {
    let row = q / row4;
    let z = row / rows;
    return Place(q - row * row4, row - z * rows, z);
}

// The place so many quads on as `step` is from the first.
fn moved(place: Place, step: Place, row4: u32, rows: u32) -> Place {
    let x4 = place.x4 + step.x4;
    let is_next_row = x4 >= row4;
    let y = place.y + step.y + select(0u, 1u, is_next_row);
    let is_next_layer = y >= rows;
    return Place(
        x4 - select(0u, row4, is_next_row),
        y - select(0u, rows, is_next_layer),
        place.z + step.z + select(0u, 1u, is_next_layer),
    );
}
