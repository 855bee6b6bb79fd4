// y_i = x_i   (BLAS level 1, copy)
//
// Bindings: params; 1 x, read, n4 vec4s; 2 y, written, n4 vec4s. The host pads vectors with zeros to whole vec4s.
// Mapping: each of `groups` workgroups takes a contiguous share of the vec4s; choose `groups` for a few thousand rounds at
// most. The grid may be two-dimensional; its surplus workgroups do nothing.
// Cost per vec4: 32 bytes moved (64 in f64), 0 flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 8 bytes of them; else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    groups: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let share = contiguous_share(group, params.groups, params.n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            y[i] = x[i];
        }
    }
}
