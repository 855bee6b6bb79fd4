// parts_vi = vectors_v(first4 + i): a part of each of some vectors, as what belongs to a tile of points.
//
// Bindings: params; 1 vectors, read, of from4 vec4s each; 2 parts, written, of to4 vec4s each, n4 in all.
// Mapping: an invocation per vec4.
// Cost per vec4: 32 bytes moved (64 in f64), 0 flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 16 bytes of them; else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    to4: u32,
    from4: u32,
    first4: u32, // of the first vector
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> vectors: array<real4>;
@group(0) @binding(2) var<storage, read_write> parts: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.n4 {
        let vector = i / params.to4;
        parts[i] = vectors[vector * params.from4 + params.first4 + i - vector * params.to4];
    }
}
