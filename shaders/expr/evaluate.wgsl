// out_m(p) = f_m(in_0(p), in_1(p), …)   (expressions at many points; f is generated)
//
// Bindings: params; 1 inputs, read: EXPRESSION_INPUTS arrays one after another, each of n4 vec4s; 2 outputs, written:
// EXPRESSION_OUTPUTS arrays likewise.
// Mapping: one invocation per four points, LANES per workgroup, workgroups in a one- or two-dimensional grid.
// Cost per point: 4 bytes per input and output (8 in f64), and the flops of the expressions.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 4 bytes; else a storage buffer.
#import common/real
#import common/grid
#import common/expression

override LANES: u32 = 64u;

struct Params {
    n4: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> inputs: array<real4>;
@group(0) @binding(2) var<storage, read_write> outputs: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.n4 {
        var loaded: array<real4, INPUTS>;
        for (var k = 0u; k < EXPRESSION_INPUTS; k++) {
            loaded[k] = inputs[k * params.n4 + i];
        }
        var results = expressions(loaded);
        for (var m = 0u; m < EXPRESSION_OUTPUTS; m++) {
            outputs[m * params.n4 + i] = results[m];
        }
    }
}
