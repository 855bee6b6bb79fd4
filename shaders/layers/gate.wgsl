// z̄_i ← h̄_i where h_i > 0, and 0 elsewhere: the way back through h = max(z, 0).
//
// Bindings: params; 1 h and 2 h̄, read; 3 z̄, written: n4 vec4s each.
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups of a one- or two-dimensional grid.
// Cost per vec4: 48 bytes moved (96 in f64), no flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 8 bytes; else a storage buffer.
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
@group(0) @binding(1) var<storage, read> h: array<real4>;
@group(0) @binding(2) var<storage, read> h_bar: array<real4>;
@group(0) @binding(3) var<storage, read_write> z_bar: array<real4>;

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
            z_bar[i] = select(real4(), h_bar[i], h[i] > real4());
        }
    }
}
