// a_i = b_i + s c_i   (the triad of STREAM, McCalpin 1995)
//
// Bindings: params; 1 b, read, n4 vec4s; 2 c, read, n4 vec4s; 3 a, written, n4 vec4s.
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups of a one- or two-dimensional grid.
// Cost per vec4: 48 bytes moved (96 in f64), 8 flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 12 bytes (16 in f64); else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    groups: u32,
    s: real,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> b: array<real4>;
@group(0) @binding(2) var<storage, read> c: array<real4>;
@group(0) @binding(3) var<storage, read_write> a: array<real4>;

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
            a[i] = b[i] + params.s * c[i];
        }
    }
}
