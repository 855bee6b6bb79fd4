// The sums r·z and z·Ap after a preconditioner's own kernels have computed z = M⁻¹r.
// Source: Hestenes and Stiefel 1952; z·Ap is for flexible directions (Notay, SIAM J. Sci. Comput. 22, 2000).
//
// Bindings: 1 control, words as in common/cg. 2 r, 3 z, 4 Ap: vec4s per column.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads and one partial sum of each kind.
// Bytes per unknown: 3 reals. Flops per unknown: 4.
// At the start Ap may hold anything, and so may z·Ap: the first direction does not use it.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/cg

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> r: array<real4>;
@group(0) @binding(3) var<storage, read> z: array<real4>;
@group(0) @binding(4) var<storage, read> ap: array<real4>;

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
    let front = column * params.control_stride + params.front;

    var sums = real2();
    let first = column * params.stride4;
    let live = present && control[front + STATUS] == RUNNING;
    let share = contiguous_share(group, params.groups, select(0u, params.quads, live), LANES);
    for (var q = share.first + lane; q < share.end; q += LANES) {
        let i = first + q;
        sums += real2(dot(r[i], z[i]), dot(z[i], ap[i]));
    }
    sums = workgroup_sum2(sums, lane);
    if live && lane == 0u {
        let at = front + SUMS + params.groups + group;
        control[at] = sums.x;
        control[at + params.groups] = sums.y;
    }
}
