// P e at four fine cells, interpolated from the next coarser level: 0 where there is no unknown. The kernel declares `e`, an array of real4.
#import common/multigrid_transfer
#import common/place

// What a coarse row holds for a fine quad: the coarse cells that its four cells lie in, and the interpolation along x.
struct Line {
    parents: real4,
    interpolated: real4,
}

// For the fine quad x4 in the coarse row that begins at vec4 `row`.
fn line(row: u32, x4: u32) -> Line {
    if !is_halved(0u) {
        let quad = e[row + x4];
        return Line(quad, quad);
    }
    let at = x4 / 2u;
    let is_odd = (x4 & 1u) == 1u;
    let quad = e[row + at];
    let has_left = at > 0u;
    let has_right = at + 1u < params.coarse_row4;
    // The first pair of cells has its other neighbour to the left, the second to the right.
    var beside: real = 0.0;
    if is_odd && has_right {
        beside = e[row + at + 1u].x;
    } else if !is_odd && has_left {
        beside = e[row + at - 1u].w;
    }
    let pair = select(quad.xy, quad.zw, is_odd);
    let outer = select(vec2(beside, quad.z), vec2(quad.y, beside), is_odd);
    return Line(pair.xxyy, real(params.near) * pair.xxyy + real(params.far) * vec4(outer.x, pair.yx, outer.y));
}

// Σ_C p_iC e_C for the fine quad q of a column.
fn interpolated(q: u32, place: Place, column: u32) -> real4 {
    let base = column * params.coarse_quads;
    let steps_y = select(1u, 2u, is_halved(1u));
    let steps_z = select(1u, 2u, is_halved(2u));
    let parent_y = select(place.y, place.y / 2u, is_halved(1u));
    let parent_z = select(place.z, place.z / 2u, is_halved(2u));
    // Numbers below 0 wrap around and are out of range, too.
    let next_y = parent_y + 2u * (place.y & 1u) - 1u;
    let next_z = parent_z + 2u * (place.z & 1u) - 1u;
    let weight = own_weights(q);
    var sum = real4();
    for (var k = 0u; k < steps_z; k++) {
        let coarse_z = select(next_z, parent_z, k == 0u);
        let weight_z = select(real(params.far), select(1.0, real(params.near), steps_z == 2u), k == 0u);
        for (var j = 0u; j < steps_y; j++) {
            let coarse_y = select(next_y, parent_y, j == 0u);
            let weight_y = select(real(params.far), select(1.0, real(params.near), steps_y == 2u), j == 0u);
            if coarse_z < params.coarse_layers && coarse_y < params.coarse_rows {
                let coarse_row = base + (coarse_z * params.coarse_rows + coarse_y) * params.coarse_row4;
                let coarse = line(coarse_row, place.x4);
                sum += weight_y * weight_z * coarse.interpolated;
                if j + k == 0u {
                    sum += (weight - real(params.full)) * coarse.parents;
                }
            }
        }
    }
    return select(real4(), sum, weight > real4());
}
