// y ← y − Σ h_k v_k over v_0 … v_step (the other half of Gram–Schmidt), and the partial sums of the new y·y.
// ASSEMBLE: y ← Σ c_k v_k over v_0 … v_(step−1) from nothing; ONTO: the same added to y: the step of a finished cycle.
// Source: Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., algorithms 6.1 and 6.9.
//
// Bindings: 1 control, words as in common/basis; a column whose first word is not 0 is skipped. 2 basis: vec4s. 3 small,
//     where the coefficients stand. 4 y: vec4s.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads and one partial sum.
// Bytes per unknown: step + 3 reals. Flops per unknown: 2 (step + 2).
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/basis
#import common/reduce

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> basis: array<real4>;
@group(0) @binding(3) var<storage, read> small: array<real>;
@group(0) @binding(4) var<storage, read_write> y: array<real4>;

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
    let first = column * params.small_stride + params.coefficients;
#if ASSEMBLE
    let terms = min(step_of(column), params.slots);
#else
    let terms = min(step_of(column) + 1u, params.slots);
#endif
    var sum: real = 0.0;
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = column * params.stride4 + q;
        var value = real4();
        for (var k = 0u; k < terms; k++) {
            value += small[first + k] * basis[slot(column, k) + q];
        }
#if ASSEMBLE
#if ONTO
        value = y[i] + value;
#endif
#else
        value = y[i] - value;
#endif
        y[i] = value;
        sum += dot(value, value);
    }
    sum = workgroup_sum(sum, lane);
    if live && lane == 0u {
        control[column * params.control_stride + params.sums + group % params.groups] = sum;
    }
}
