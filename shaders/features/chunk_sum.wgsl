// values_i = Σ_c partials_ci for first4 ≤ i < first4 + n4: the second pass of the kernels that evaluate features chunk by chunk.
//
// Bindings: params; 1 partials, read, stride4 vec4s per chunk; 2 values, written, n4 vec4s from first4 on.
// Mapping: an invocation per vec4, the chunks in order, so that the same input gives the same bits.
// Cost per vec4: 16 (chunks + 1) bytes moved (twice as many in f64), 4 chunks flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 16 bytes of them; else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    chunks: u32,
    stride4: u32,
    first4: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> partials: array<real4>;
@group(0) @binding(2) var<storage, read_write> values: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.n4 {
        var sum = real4();
        for (var chunk = 0u; chunk < params.chunks; chunk++) {
            sum += partials[chunk * params.stride4 + params.first4 + i];
        }
        values[params.first4 + i] = sum;
    }
}
