// y ← c₀y + c₁a + c₂b with coefficients from the control words, and the partial sums of the new y·y and y·u: the vector
// step of short recurrences. A term whose coefficient is 0 is left out, whatever its vector holds, NaN included.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 y, 3 u, 4 a (ONE), 5 b (TWO,
//     with ONE): vec4s per column. Without ONE y stays as it is. SHIFT, with TWO: the pair (y, b) moves on, so that b gets
//     the new y, and y the old b.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads and one partial sum of each kind.
// Bytes per unknown: 2 reals; ONE 4, TWO 5, SHIFT 6; 1 less where u is a. Flops per unknown: 4; ONE 7, TWO 9.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/real
#import common/reduce
#import common/column_work

override LANES: u32 = 64u;

struct Params {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    coefficients: u32,  // word of a column's control where c₀, c₁, c₂ stand
    sums: u32,          // word where the partial sums of y·y begin
    other_sums: u32,    // word where those of y·u begin; 0 where they are not wanted
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;
@group(0) @binding(3) var<storage, read> u: array<real4>;
#if ONE
@group(0) @binding(4) var<storage, read> a: array<real4>;
#if TWO
#if SHIFT
@group(0) @binding(5) var<storage, read_write> b: array<real4>;
#else
@group(0) @binding(5) var<storage, read> b: array<real4>;
#endif
#endif
#endif

fn term(c: real, v: real4) -> real4 {
    return select(real4(), c * v, vec4(c != 0.0));
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let work = work_of(w, params.quads, LANES);
    let base = work.column * params.control_stride;
#if ONE
    let c0 = control[base + params.coefficients];
    let c1 = control[base + params.coefficients + 1u];
#if TWO
    let c2 = control[base + params.coefficients + 2u];
#endif
#endif
    var sums = real2();
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = work.column * params.stride4 + q;
#if ONE
        var value = term(c0, y[i]) + term(c1, a[i]);
#if TWO
        let before = b[i];
        value += term(c2, before);
#if SHIFT
        y[i] = before;
        b[i] = value;
#else
        y[i] = value;
#endif
#else
        y[i] = value;
#endif
#else
        let value = y[i];
#endif
        sums += real2(dot(value, value), dot(value, u[i]));
    }
    sums = workgroup_sum2(sums, lane);
    let live = w < params.groups * params.columns && control[base] == 0.0;
    if live && lane == 0u {
        let group = w % params.groups;
        control[base + params.sums + group] = sums.x;
        if params.other_sums > 0u {
            control[base + params.other_sums + group] = sums.y;
        }
    }
}
