// z = M⁻¹r for M diagonal, or of blocks of 4×4, where the kernels of a loop do not apply it themselves.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 r, 3 z: vec4s per column.
//     4 inverse of M, as in cg_direction.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads.
// Bytes per unknown: 2 reals; DIAGONAL 3, BLOCKS 6. Flops per unknown: DIAGONAL 1, BLOCKS 7.
// Needs: nothing. Fallback: none.
#import common/real
#import common/column_work

override LANES: u32 = 64u;

struct Params {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> r: array<real4>;
@group(0) @binding(3) var<storage, read_write> z: array<real4>;
@group(0) @binding(4) var<storage, read> inverse: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = work.column * params.stride4 + q;
        let residual = r[i];
#if BLOCKS
        z[i] = inverse[4u * q] * residual.x + inverse[4u * q + 1u] * residual.y
            + inverse[4u * q + 2u] * residual.z + inverse[4u * q + 3u] * residual.w;
#else
        z[i] = inverse[q] * residual;
#endif
    }
}
