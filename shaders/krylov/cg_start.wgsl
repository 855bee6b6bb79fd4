// The start of conjugate gradients from a given residual: x = 0, and the sums r·r and r·z with z = M⁻¹r.
// Source: Hestenes and Stiefel 1952.
//
// Bindings: 1 control, words as in common/cg. 2 x, 3 r: vec4s per column. 4 inverse of M, as in cg_direction.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads and one partial sum of each kind.
// Bytes per unknown: 2 reals; DIAGONAL 3, BLOCKS 6. Flops per unknown: 2; DIAGONAL 5, BLOCKS 11.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/cg

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> x: array<real4>;
@group(0) @binding(3) var<storage, read> r: array<real4>;
#if DIAGONAL
@group(0) @binding(4) var<storage, read> inverse: array<real4>;
#else
#if BLOCKS
@group(0) @binding(4) var<storage, read> inverse: array<real4>;
#endif
#endif

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
    let share = contiguous_share(group, params.groups, select(0u, params.quads, present), LANES);
    for (var q = share.first + lane; q < share.end; q += LANES) {
        let residual = r[first + q];
        x[first + q] = real4();
#if DIAGONAL
        let z = residual * inverse[q];
#else
#if BLOCKS
        let z = inverse[4u * q] * residual.x + inverse[4u * q + 1u] * residual.y
            + inverse[4u * q + 2u] * residual.z + inverse[4u * q + 3u] * residual.w;
#else
        let z = residual;
#endif
#endif
        sums += real2(dot(residual, residual), dot(residual, z));
    }
    sums = workgroup_sum2(sums, lane);
    if present && lane == 0u {
        let at = front + SUMS + group;
        control[at] = sums.x;
        control[at + params.groups] = sums.y;
        control[at + 2u * params.groups] = 0.0;
    }
}
