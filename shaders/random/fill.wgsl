// x_{4i..4i+3} = Philox4x32-10(counter = (first + i, stream, 0), key = seed), or with UNIFORM its uniform f32 in [0, 1)
//
// Source: Salmon et al., SC 2011; see common/philox. Bit for bit what `ansatz_random::Philox` gives.
//
// Bindings: params; 1 x, written, n u32 (f32 with UNIFORM) padded to vec4s (zeros in the padding).
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups of a one- or two-dimensional grid.
// Cost per vec4: 16 bytes moved, no flops but 4 products with UNIFORM (about 250 integer operations).
// Needs nothing beyond WebGPU. IMMEDIATES needs 28 bytes of them; else a storage buffer.
#import common/grid
#import common/philox

override LANES: u32 = 64u;

struct Params {
    n: u32,
    groups: u32,
    // Low word first.
    first: array<u32, 2>,
    seed: array<u32, 2>,
    stream: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
#if UNIFORM
@group(0) @binding(1) var<storage, read_write> x: array<vec4<f32>>;
#else
@group(0) @binding(1) var<storage, read_write> x: array<vec4<u32>>;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let n4 = (params.n + 3u) / 4u;
        let key = vec2(params.seed[0], params.seed[1]);
        let share = contiguous_share(group, params.groups, n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            let low = params.first[0] + i;
            let high = params.first[1] + select(0u, 1u, low < i);
            let bits = philox4x32(vec4(low, high, params.stream, 0u), key);
            let inside = vec4(4u * i) + vec4(0u, 1u, 2u, 3u) < vec4(params.n);
#if UNIFORM
            x[i] = select(vec4<f32>(), unit_floats(bits), inside);
#else
            x[i] = select(vec4<u32>(), bits, inside);
#endif
        }
    }
}
