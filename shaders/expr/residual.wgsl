// r = R(x, u, u_x, …) − target and a_t = s r ∂R/∂u_t at many points, with which the gradient of ½ s Σ r² is Σ_p Σ_t a_t ∂u_t; R and
// its partial derivatives are generated.
//
// Bindings: params; 1 fixed, read: FIXED inputs of the expressions that stay (coordinates and normals) and the target, arrays of n4 vec4s one
// after another; 2 jets, read: the other inputs, u_t, likewise; 3 coefficients, written: a_t, likewise; 4 losses, written: ½ s r², n4 vec4s;
// 5 scales, read: s is number `scale`.
// Mapping: one invocation per four points, LANES per workgroup, workgroups in a one- or two-dimensional grid.
// Cost per point: 4 bytes (8 in f64) for each input, each a_t and the loss, and the flops of the expressions.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 12 bytes; else a storage buffer.
#import common/real
#import common/grid
#import common/expression

override LANES: u32 = 64u;
override FIXED: u32 = 1u;

struct Params {
    count: u32,
    n4: u32,
    scale: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> fixed: array<real4>;
@group(0) @binding(2) var<storage, read> jets: array<real4>;
@group(0) @binding(3) var<storage, read_write> coefficients: array<real4>;
@group(0) @binding(4) var<storage, read_write> losses: array<real4>;
@group(0) @binding(5) var<storage, read> scales: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.n4 {
        let present = vec4(4u * i) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
        let target_value = fixed[FIXED * params.n4 + i];
        var loaded: array<real4, INPUTS>;
        for (var k = 0u; k < EXPRESSION_INPUTS; k++) {
            if k < FIXED {
                loaded[k] = fixed[k * params.n4 + i];
            } else {
                loaded[k] = jets[(k - FIXED) * params.n4 + i];
            }
        }
        var results = expressions(loaded);
        // What pads the points may have any residual.
        let r = select(real4(), results[0] - target_value, present);
        let scale = scales[params.scale];
        losses[i] = 0.5 * scale * r * r;
        for (var m = 1u; m < EXPRESSION_OUTPUTS; m++) {
            coefficients[(m - 1u) * params.n4 + i] = select(real4(), scale * r * results[m], present);
        }
    }
}
