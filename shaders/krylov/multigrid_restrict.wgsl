// f_C = Σ_i p_iC r_i: the residual on the next coarser level of multigrid, with the transpose of the interpolation.
// Source: Mohr and Wienands, Cell-centred multigrid revisited, Comput. Vis. Sci. 7, 2004, section 3.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 own weights: a byte per
//     fine cell, common/multigrid_transfer. 3 r on the fine level, 0 where there is no unknown; 4 f on the coarse level:
//     vec4s per column, each row of cells padded to a multiple of 4. MASKED: 5 own weights of the coarse level: f is 0 where there is
//     no unknown, in place of any value.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads of the coarse level. A quad reads
//     up to 16 rows of 10 fine cells.
// Bytes per fine cell: 1 real and 1 byte, and 1 real per coarse cell. Flops per fine cell: 12.
// Needs: nothing. Fallback: none.
#import common/multigrid_transfer

override LANES: u32 = 64u;

@group(0) @binding(3) var<storage, read> r: array<real4>;
@group(0) @binding(4) var<storage, read_write> f: array<real4>;
#if MASKED
@group(0) @binding(5) var<storage, read> coarse_own: array<u32>;
#endif

// The cells of a fine row that a coarse quad is made of: two quads, or one where x is not halved, and what is beside them.
struct Children {
    left: real,
    a: real4,
    b: real4,
    right: real,
}

// For the coarse quad x4, of the fine row that begins at vec4 `row`.
fn children_of(row: u32, x4: u32) -> Children {
    if !is_halved(0u) {
        return Children(0.0, r[row + x4], real4(), 0.0);
    }
    let first = 2u * x4;
    let has_left = x4 > 0u;
    let has_second = first + 1u < params.row4;
    let has_right = first + 2u < params.row4;
    let left = select(0.0, r[row + first - select(0u, 1u, has_left)].w, has_left);
    let second = select(real4(), r[row + first + select(0u, 1u, has_second)], has_second);
    let right = select(0.0, r[row + first + select(0u, 2u, has_right)].x, has_right);
    return Children(left, r[row + first], second, right);
}

// Σ along x.
fn along_x(row: Children) -> real4 {
    let a = row.a;
    let b = row.b;
    if !is_halved(0u) {
        return a;
    }
    return real(params.near) * (vec4(a.xz, b.xz) + vec4(a.yw, b.yw))
        + real(params.far) * (vec4(row.left, a.yw, b.y) + vec4(a.z, b.xz, row.right));
}

// What the own weights of the children add, of which the row begins at vec4 `begin` of a column.
fn folded(row: Children, begin: u32, x4: u32) -> real4 {
    let full = real(params.full);
    if !is_halved(0u) {
        return (own_weights(begin + x4) - full) * row.a;
    }
    let first = 2u * x4;
    let second = first + select(0u, 1u, first + 1u < params.row4);
    let a = (own_weights(begin + first) - full) * row.a;
    let b = (own_weights(begin + second) - full) * row.b;
    return vec4(a.xz, b.xz) + vec4(a.yw, b.yw);
}

// The weight of step k = 0, …, 3 along a halved axis, from the cell before the two children on.
fn weight(k: u32, halved: bool) -> real {
    return select(1.0, select(real(params.far), real(params.near), k == 1u || k == 2u), halved);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.coarse_quads, LANES);
    let base = work.column * params.quads;
    let halved_y = is_halved(1u);
    let halved_z = is_halved(2u);
    let steps_y = select(1u, 4u, halved_y);
    let steps_z = select(1u, 4u, halved_z);
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let row = q / params.coarse_row4;
        let x4 = q - row * params.coarse_row4;
        let layer = row / params.coarse_rows;
        let y = row - layer * params.coarse_rows;
        var sum = real4();
        for (var k = 0u; k < steps_z; k++) {
            // Numbers below 0 wrap around and are out of range, too.
            let fine_z = select(layer, 2u * layer + k - 1u, halved_z);
            for (var j = 0u; j < steps_y; j++) {
                let fine_y = select(y, 2u * y + j - 1u, halved_y);
                if fine_z < params.layers && fine_y < params.rows {
                    let fine_row = (fine_z * params.rows + fine_y) * params.row4;
                    let children = children_of(base + fine_row, x4);
                    sum += weight(j, halved_y) * weight(k, halved_z) * along_x(children);
                    if fine_y / select(1u, 2u, halved_y) == y && fine_z / select(1u, 2u, halved_z) == layer {
                        sum += folded(children, fine_row, x4);
                    }
                }
            }
        }
#if MASKED
        sum = select(real4(), sum, ((vec4(coarse_own[q]) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u)) != vec4(0u));
#endif
        f[work.column * params.coarse_quads + q] = sum;
    }
}
