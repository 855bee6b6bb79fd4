// P e at four fine cells: what the kernels share that interpolate from the next coarser level, 0 where there is no unknown. The kernel
// declares `e`, an array of real4.
#import common/multigrid_transfer

// The coarse cells that four fine cells of the quad x4 lie in.
fn parents(row: u32, x4: u32) -> real4 {
    if !is_halved(0u) {
        return e[row + x4];
    }
    let quad = e[row + x4 / 2u];
    return select(quad.xxyy, quad.zzww, (x4 & 1u) == 1u);
}

// Interpolation along x for the fine quad x4 in the coarse row that begins at vec4 `row`.
fn along_x(row: u32, x4: u32) -> real4 {
    if !is_halved(0u) {
        return e[row + x4];
    }
    let at = x4 / 2u;
    let is_odd = (x4 & 1u) == 1u;
    let quad = e[row + at];
    let has_left = at > 0u;
    let has_right = at + 1u < params.coarse_row4;
    let before = select(0.0, e[row + at - select(0u, 1u, has_left)].w, has_left);
    let behind = select(0.0, e[row + at + select(0u, 1u, has_right)].x, has_right);
    // The coarse cells to the left, the two parents, and to the right.
    let cells = select(vec4(before, quad.xyz), vec4(quad.yzw, behind), is_odd);
    return real(params.near) * cells.yyzz + real(params.far) * cells.xzyw;
}

// Σ_C p_iC e_C for the fine quad q of a column.
fn interpolated(q: u32, column: u32) -> real4 {
    let base = column * params.coarse_quads;
    let steps_y = select(1u, 2u, is_halved(1u));
    let steps_z = select(1u, 2u, is_halved(2u));
    let row = q / params.row4;
    let x4 = q - row * params.row4;
    let layer = row / params.rows;
    let y = row - layer * params.rows;
    let parent_y = y / steps_y;
    let parent_z = layer / steps_z;
    // Numbers below 0 wrap around and are out of range, too.
    let next_y = parent_y + 2u * (y & 1u) - 1u;
    let next_z = parent_z + 2u * (layer & 1u) - 1u;
    let weight = own_weights(q);
    let own_row = base + (parent_z * params.coarse_rows + parent_y) * params.coarse_row4;
    var sum = (weight - real(params.full)) * parents(own_row, x4);
    for (var k = 0u; k < steps_z; k++) {
        let coarse_z = select(next_z, parent_z, k == 0u);
        let weight_z = select(real(params.far), select(1.0, real(params.near), steps_z == 2u), k == 0u);
        for (var j = 0u; j < steps_y; j++) {
            let coarse_y = select(next_y, parent_y, j == 0u);
            let weight_y = select(real(params.far), select(1.0, real(params.near), steps_y == 2u), j == 0u);
            if coarse_z < params.coarse_layers && coarse_y < params.coarse_rows {
                let coarse_row = base + (coarse_z * params.coarse_rows + coarse_y) * params.coarse_row4;
                sum += weight_y * weight_z * along_x(coarse_row, x4);
            }
        }
    }
    return select(real4(), sum, weight > real4());
}
