// One step of Chebyshev iteration for z ≈ A⁻¹r:  d ← c₁d + c₂D⁻¹(r − t),  z ← z + d,  with t = Az and D a diagonal.
// Source: Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., algorithm 12.1.
//
// Bindings: 1 control, words as in common/cg. 2 r, 3 t, 4 d, 5 z: vec4s per column. 6 D⁻¹ (DIAGONAL), a vec4 per quad.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads. The first step (c.first = 1)
//     starts from z = 0, d = 0 and reads none of t, d, z.
// Bytes per unknown: 6 reals (r, t, d twice, z twice); DIAGONAL 7. Flops per unknown: 5; DIAGONAL 6.
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
    first: u32,
    c1: f32,
    c2: f32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> r: array<real4>;
@group(0) @binding(3) var<storage, read> t: array<real4>;
@group(0) @binding(4) var<storage, read_write> d: array<real4>;
@group(0) @binding(5) var<storage, read_write> z: array<real4>;
#if DIAGONAL
@group(0) @binding(6) var<storage, read> inverse: array<real4>;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = work.column * params.stride4 + q;
        var residual = r[i];
        if params.first == 0u {
            residual -= t[i];
        }
        residual *= real(params.c2);
#if DIAGONAL
        residual *= inverse[q];
#endif
        if params.first == 0u {
            residual += real(params.c1) * d[i];
        }
        d[i] = residual;
        if params.first == 0u {
            residual += z[i];
        }
        z[i] = residual;
    }
}
