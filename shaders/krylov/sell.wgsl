// y = A x for a sparse matrix in SELL-C-σ, and the partial sums of xᵀy.
// Source: Kreutzer et al., SIAM J. Sci. Comput. 36 (2014). Entry k of row i of slice s lies at 4·slice_ptr[s] + kC + i.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 pattern, as in
//     common/sell_pattern. 3 values, four rows of a slice to a vec4; a padding entry has value 0. 4 x, 5 y: scalars and
//     vec4s per column.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads (four rows to an invocation).
// Bytes per entry: 4 and a real, and per unknown 2 reals (x, y). Flops per entry: 2; per unknown: 2.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/sell

override LANES: u32 = 64u;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let present = w < params.groups * params.columns;
    let column = select(0u, w / params.groups, present);
    let group = w % params.groups;
    let base = column * params.control_stride;
    let live = present && control[base] == 0.0;

    let first = 4u * column * params.stride4;
    var sum: real = 0.0;
    let share = contiguous_share(group, params.groups, select(0u, params.quads, live), LANES);
    for (var q = share.first + lane; q < share.end; q += LANES) {
        let slice = q / params.slice_quads;
        let end = slice_ptr(slice + 1u);
        var product = real4();
        for (var k = slice_ptr(slice) + q % params.slice_quads; k < end; k += params.slice_quads) {
            let at = first + columns_of(k);
            product += values[k] * real4(x[at.x], x[at.y], x[at.z], x[at.w]);
        }
        let row = params.first_quad + q;
        y[first / 4u + row] = product;
        let own = first + 4u * row;
        sum += dot(product, real4(x[own], x[own + 1u], x[own + 2u], x[own + 3u]));
    }
    sum = workgroup_sum(sum, lane);
    if live && lane == 0u {
        control[base + 16u + params.partial_offset + group] = sum;
    }
}
