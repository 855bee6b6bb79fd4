// h_k = v_k·w for the vectors v_0 … v_step of a basis: half of classical Gram–Schmidt, the tall product Vᵀw.
// Source: Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., algorithm 6.1.
//
// Bindings: 1 control, words as in common/basis; a column whose first word is not 0 is skipped. 2 basis, 3 w: vec4s.
//     4 products: params.groups partial sums for each vector of the basis, slot after slot, column after column.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads, four vectors at a time.
// Bytes per unknown: step + 2 reals, w from the cache after the first. Flops per unknown: 2 (step + 1).
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/basis
#import common/reduce

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> basis: array<real4>;
@group(0) @binding(3) var<storage, read> w: array<real4>;
@group(0) @binding(4) var<storage, read_write> products: array<real>;

var<workgroup> part_last: u32;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(id, count);
    let work = work_of(group, params.quads, LANES);
    let column = work.column;
    let live = group < params.groups * params.columns && control[column * params.control_stride] == 0.0;
    if lane == 0u {
        part_last = min(step_of(column), params.slots - 1u);
    }
    // The same for all, so that no barrier below stands in divergent flow.
    let last = workgroupUniformLoad(&part_last);
    for (var k = 0u; k <= last; k += 4u) {
        let at = vec4(
            slot(column, k),
            slot(column, min(k + 1u, last)),
            slot(column, min(k + 2u, last)),
            slot(column, min(k + 3u, last)),
        );
        var sums = real4();
        for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
            let value = w[column * params.stride4 + q];
            sums += real4(
                dot(basis[at.x + q], value),
                dot(basis[at.y + q], value),
                dot(basis[at.z + q], value),
                dot(basis[at.w + q], value),
            );
        }
        sums = workgroup_sum4(sums, lane);
        if live && lane < 4u && k + lane <= last {
            products[(column * params.slots + k + lane) * params.groups + group % params.groups] = sums[lane];
        }
    }
}
