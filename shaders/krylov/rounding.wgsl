// From the precision of a loop to f32 and back, for a preconditioner that is applied in f32 within a solve in f64: r₃₂ ← r, and WIDEN:
// z ← z₃₂. Source: Göddeke and Strzodka, IEEE Trans. Parallel Distrib. Syst. 22 (2011), section 3 (mixed precision multigrid).
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 r, 3 r₃₂: vec4s per column. 4 one word per
//     column, which gets the first of control. WIDEN: 2 z₃₂, 3 z.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads.
// Bytes per unknown: 1 real and 4. Flops: none.
// Needs: nothing. Fallback: none.
#import common/real
#import common/column_work

override LANES: u32 = 64u;

struct Params {
    quads: u32,           // vec4s of a column
    stride4: u32,         // vec4s from one column to the next
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
#if WIDEN
@group(0) @binding(2) var<storage, read> narrow: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> wide: array<real4>;
#else
@group(0) @binding(2) var<storage, read> wide: array<real4>;
@group(0) @binding(3) var<storage, read_write> narrow: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> status: array<f32>;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let work = work_of(w, params.quads, LANES);
    let base = work.column * params.stride4;
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
#if WIDEN
        wide[base + q] = real4(narrow[base + q]);
#else
        narrow[base + q] = vec4<f32>(wide[base + q]);
#endif
    }
#if !WIDEN
    if lane == 0u && w < params.groups * params.columns && w % params.groups == 0u {
        status[work.column] = f32(control[work.column * params.control_stride]);
    }
#endif
}
