// z_i ← z_i + Σ_C p_iC e_C: the correction from the next coarser level of multigrid. Source: Mohr and Wienands,
// Cell-centred multigrid revisited, Comput. Vis. Sci. 7, 2004, section 3.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 own weights: a byte per
//     fine cell, common/multigrid_transfer. 3 e on the coarse level, 0 where there is no unknown; 4 z on the fine level:
//     vec4s per column, each row of cells padded to a multiple of 4.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads of the coarse level. A quad is interpolated to its
//     up to 8 fine quads from 9 coarse rows.
// Bytes per fine cell: 2 reals (z twice) and 1 byte, and 1 real per coarse cell. Flops per fine cell: 20.
// Needs: nothing. Fallback: none.
#import common/multigrid_transfer

override LANES: u32 = 64u;

@group(0) @binding(3) var<storage, read> e: array<real4>;
@group(0) @binding(4) var<storage, read_write> z: array<real4>;

// The two fine quads of a row under a coarse quad; one where x is not halved.
struct Pair {
    a: real4,
    b: real4,
}

fn mixed(s: real, p: Pair, t: real, q: Pair) -> Pair {
    return Pair(s * p.a + t * q.a, s * p.b + t * q.b);
}

// The coarse row that begins at vec4 `row`, at the quad x4, and what is beside it; zeros where there is no row.
struct Line {
    left: real,
    cells: real4,
    right: real,
}

fn line(row: u32, x4: u32, is_there: bool) -> Line {
    if !is_there {
        return Line();
    }
    let cells = e[row + x4];
    if !is_halved(0u) {
        return Line(0.0, cells, 0.0);
    }
    let has_left = x4 > 0u;
    let has_right = x4 + 1u < params.coarse_row4;
    let left = select(0.0, e[row + x4 - select(0u, 1u, has_left)].w, has_left);
    let right = select(0.0, e[row + x4 + select(0u, 1u, has_right)].x, has_right);
    return Line(left, cells, right);
}

// The coarse cells that the fine ones lie in.
fn parents(line: Line) -> Pair {
    if !is_halved(0u) {
        return Pair(line.cells, real4());
    }
    return Pair(line.cells.xxyy, line.cells.zzww);
}

// Interpolation along x.
fn along_x(line: Line) -> Pair {
    let own = parents(line);
    if !is_halved(0u) {
        return own;
    }
    let cells = line.cells;
    let next = Pair(vec4(line.left, cells.yxz), vec4(cells.ywz, line.right));
    return mixed(real(params.near), own, real(params.far), next);
}

// z of the fine quad at `at` of a column that begins at `base`, where there are unknowns.
fn correct(base: u32, at: u32, interpolated: real4, parents: real4) {
    let weight = own_weights(at);
    let sum = interpolated + (weight - real(params.full)) * parents;
    z[base + at] += select(real4(), sum, weight > real4());
}

// The fine row `y` of layer `layer`, if there is one.
fn correct_row(base: u32, x4: u32, y: u32, layer: u32, interpolated: Pair, parents: Pair) {
    if y >= params.rows || layer >= params.layers {
        return;
    }
    let row = (layer * params.rows + y) * params.row4;
    if !is_halved(0u) {
        correct(base, row + x4, interpolated.a, parents.a);
        return;
    }
    correct(base, row + 2u * x4, interpolated.a, parents.a);
    if 2u * x4 + 1u < params.row4 {
        correct(base, row + 2u * x4 + 1u, interpolated.b, parents.b);
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.coarse_quads, LANES);
    let base = work.column * params.quads;
    let coarse_base = work.column * params.coarse_quads;
    let halved_y = is_halved(1u);
    let halved_z = is_halved(2u);
    let near = real(params.near);
    let far = real(params.far);
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let row = q / params.coarse_row4;
        let x4 = q - row * params.coarse_row4;
        let layer = row / params.coarse_rows;
        let y = row - layer * params.coarse_rows;
        // Of the fine rows: lower or upper of the two along y, in the lower or the upper layer.
        var lower = array<Pair, 2>();
        var upper = array<Pair, 2>();
        var own = Pair();
        // Numbers below 0 wrap around and are out of range.
        for (var k = select(1u, 0u, halved_z); k < select(2u, 3u, halved_z); k++) {
            let coarse_z = layer + k - 1u;
            if coarse_z >= params.coarse_layers {
                continue;
            }
            let coarse_row = coarse_base + (coarse_z * params.coarse_rows + y) * params.coarse_row4;
            let line_here = line(coarse_row, x4, true);
            var here = along_x(line_here);
            var beyond = here;
            if halved_y {
                let south = along_x(line(coarse_row - params.coarse_row4, x4, y > 0u));
                let north = along_x(line(coarse_row + params.coarse_row4, x4, y + 1u < params.coarse_rows));
                beyond = mixed(near, here, far, north);
                here = mixed(near, here, far, south);
            }
            if k == 1u {
                own = parents(line_here);
            }
            let to_lower = select(select(0.0, far, k == 0u), select(1.0, near, halved_z), k == 1u);
            let to_upper = select(select(0.0, far, k == 2u), near, k == 1u);
            lower[0] = mixed(1.0, lower[0], to_lower, here);
            lower[1] = mixed(1.0, lower[1], to_lower, beyond);
            upper[0] = mixed(1.0, upper[0], to_upper, here);
            upper[1] = mixed(1.0, upper[1], to_upper, beyond);
        }
        let fine_y = select(y, 2u * y, halved_y);
        let fine_z = select(layer, 2u * layer, halved_z);
        correct_row(base, x4, fine_y, fine_z, lower[0], own);
        if halved_y {
            correct_row(base, x4, fine_y + 1u, fine_z, lower[1], own);
        }
        if halved_z {
            correct_row(base, x4, fine_y, fine_z + 1u, upper[0], own);
        }
        if halved_y && halved_z {
            correct_row(base, x4, fine_y + 1u, fine_z + 1u, upper[1], own);
        }
    }
}
