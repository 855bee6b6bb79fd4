// L = 1 − (q·b)²/(q·Aq  e·b) for q = M b and b = A e: the share of e's squared A-norm that the best step along q leaves, and its gradient
//     q̄ = −2 (q·b)/(s t) b + 2 (q·b)²/(s² t) A q,   s = q·Aq, t = e·b
// over the number of columns, of which L's mean is taken: the loss of Kaneda et al. (ICML 2023, section 3) in the norm of A. Then
// e ← (e − (q·b)/s q)/√L: what the step leaves, as long as before in the norm of A.
//
// Bindings: 1 b, 2 q, 3 aq: `quads` vec4s per column. 4 e, read and written, 5 q_bar, written: likewise. 6 losses, written: L of each
//     column.
// Grid: a workgroup per column.
// Bytes per unknown: 9 reals. Flops per unknown: 12.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 256u;

struct Params {
    quads: u32,
    columns: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> b: array<real4>;
@group(0) @binding(2) var<storage, read> q: array<real4>;
@group(0) @binding(3) var<storage, read> aq: array<real4>;
@group(0) @binding(4) var<storage, read_write> e: array<real4>;
@group(0) @binding(5) var<storage, read_write> q_bar: array<real4>;
@group(0) @binding(6) var<storage, read_write> losses: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = linear_workgroup(id, count);
    let present = column < params.columns;
    let first = select(0u, column, present) * params.quads;
    let end = select(0u, params.quads, present);
    var sums = real3();
    for (var i = lane; i < end; i += LANES) {
        let at = first + i;
        sums += real3(sum4(q[at] * b[at]), sum4(q[at] * aq[at]), sum4(e[at] * b[at]));
    }
    let totals = workgroup_sum3(sums, lane);
    // An error of nothing has no gradient; NaN stays.
    let ratio = select(totals.x / totals.y, 0.0, totals.y == 0.0);
    let share = select(totals.x / totals.z, 0.0, totals.z == 0.0);
    let loss = 1.0 - ratio * share;
    let length = 1.0 / sqrt(max(loss, REAL_EPSILON));
    let gain = select(2.0 * share / (real(params.columns) * totals.y), 0.0, totals.y == 0.0);
    for (var i = lane; i < end; i += LANES) {
        let at = first + i;
        q_bar[at] = gain * (ratio * aq[at] - b[at]);
        e[at] = length * (e[at] - ratio * q[at]);
    }
    if present && lane == 0u {
        losses[column] = loss;
    }
}
