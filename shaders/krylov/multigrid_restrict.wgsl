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

// Σ along x for the coarse quad x4 of the fine row that begins at vec4 `row`.
fn along_x(row: u32, x4: u32) -> real4 {
    if !is_halved(0u) {
        return r[row + x4];
    }
    let first = 2u * x4;
    let has_left = x4 > 0u;
    let has_second = first + 1u < params.row4;
    let has_right = first + 2u < params.row4;
    let left = select(0.0, r[row + first - select(0u, 1u, has_left)].w, has_left);
    let a = r[row + first];
    let b = select(real4(), r[row + first + select(0u, 1u, has_second)], has_second);
    let right = select(0.0, r[row + first + select(0u, 2u, has_right)].x, has_right);
    return real(params.near) * (vec4(a.xz, b.xz) + vec4(a.yw, b.yw))
        + real(params.far) * (vec4(left, a.yw, b.y) + vec4(a.z, b.xz, right));
}

// What the own weights of the children in this row add.
fn folded(row: u32, base: u32, x4: u32) -> real4 {
    let full = real(params.full);
    if !is_halved(0u) {
        return (own_weights(row + x4) - full) * r[base + row + x4];
    }
    let first = 2u * x4;
    let has_second = first + 1u < params.row4;
    let second = first + select(0u, 1u, has_second);
    let a = (own_weights(row + first) - full) * r[base + row + first];
    let b = select(real4(), (own_weights(row + second) - full) * r[base + row + second], has_second);
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
    for (var q = work.begin + lane; q < work.end; q += LANES) {
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
                    sum += weight(j, halved_y) * weight(k, halved_z) * along_x(base + fine_row, x4);
                    if fine_y / select(1u, 2u, halved_y) == y && fine_z / select(1u, 2u, halved_z) == layer {
                        sum += folded(fine_row, base, x4);
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
