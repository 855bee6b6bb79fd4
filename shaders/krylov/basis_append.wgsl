// v_step ← c w, with c the method's word SCALE, and p ← c w beside it, for the operator to read. STORE: v_step ← w alone.
// Source: Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., algorithms 6.1 and 9.6.
//
// Bindings: 1 control, words as in common/basis; a column whose first word is not 0 is skipped. 2 basis, 3 w, 4 p (not with
//     STORE): vec4s.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads.
// Bytes per unknown: 3 reals; STORE 2. Flops per unknown: 1; STORE none.
// Needs: nothing. Fallback: none.
#import common/basis

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read_write> basis: array<real4>;
@group(0) @binding(3) var<storage, read> w: array<real4>;
#if !STORE
@group(0) @binding(4) var<storage, read_write> p: array<real4>;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    let to = slot(work.column, min(step_of(work.column), params.slots - 1u));
    let scale = control[work.column * params.control_stride + params.own + SCALE];
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = work.column * params.stride4 + q;
#if STORE
        basis[to + q] = w[i];
#else
        let value = scale * w[i];
        basis[to + q] = value;
        p[i] = value;
#endif
    }
}
