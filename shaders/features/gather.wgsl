// to_i ← from[places_i] wherever places_i is an index at all: parameters, which an optimiser moves, to all the places where kernels read them.
//
// Bindings: params; 1 from, read; 2 places, read, n4 vec4s of indices, of which those not below `count` leave what is there; 3 to, read and
// written, n4 vec4s.
// Mapping: an invocation per vec4.
// Cost per number: 16 bytes (28 in f64), 0 flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 8 bytes of them; else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    count: u32, // numbers of `from`, at least one
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> from_numbers: array<real>;
@group(0) @binding(2) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> to_numbers: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.n4 {
        let place = places[i];
        let near = min(place, vec4(params.count - 1u));
        let found = real4(from_numbers[near.x], from_numbers[near.y], from_numbers[near.z], from_numbers[near.w]);
        to_numbers[i] = select(to_numbers[i], found, place < vec4(params.count));
    }
}
