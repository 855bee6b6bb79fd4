// sums_{first + gn + j} ← Σ_c partials_{c, g, j} for j < n, or sums + …: the second pass of kernels that sum over points chunk by chunk.
//
// Bindings: params; 1 partials, read, `stride` numbers for each chunk, of which group g begins at g `padded`; 2 sums, read and written.
// Mapping: an invocation per sum, the chunks in order, so that the same input gives the same bits.
// Cost per sum: 4 (chunks + 2) bytes moved (twice as many in f64), chunks flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 28 bytes of them; else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n: u32,
    groups: u32,
    padded: u32,
    chunks: u32,
    stride: u32,
    first: u32,
    accumulate: u32, // 1: adds to what is there
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> partials: array<real>;
@group(0) @binding(2) var<storage, read_write> sums: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.groups * params.n {
        let group = i / params.n;
        let at = group * params.padded + i - group * params.n;
        var sum = real(0.0);
        for (var chunk = 0u; chunk < params.chunks; chunk++) {
            sum += partials[chunk * params.stride + at];
        }
        // A branch: what is there may be NaN.
        if params.accumulate == 1u {
            sum += sums[params.first + i];
        }
        sums[params.first + i] = sum;
    }
}
