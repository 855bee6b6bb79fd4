// partials_g = max |x_i| over the elements i of workgroup g   (the maximum norm; NaN if any x_i is NaN)
//
// The bits of |x|, taken as an unsigned number, are in the order of |x|, with infinity and NaN above all: the maximum is
// taken over them, exactly, and a NaN is not lost. f32 only.
//
// Bindings: params; 1 x, read, n4 vec4s; 2 partials, written, `groups` scalars. A second pass with one workgroup takes
// the partials, padded with zeros to whole vec4s, as its x.
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups; each leaves one scalar.
// Cost per vec4: 16 bytes moved, 4 flops (comparisons).
// Needs LANES u32 of workgroup memory. IMMEDIATES needs 8 bytes of them; else a storage buffer.
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
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

var<workgroup> part_max: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    var bits = vec4<u32>();
    if group < params.groups {
        let share = contiguous_share(group, params.groups, params.n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            bits = max(bits, bitcast<vec4<u32>>(x[i]) & vec4(0x7fffffffu));
        }
    }
    part_max[lane] = max(max(bits.x, bits.y), max(bits.z, bits.w));
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            part_max[lane] = max(part_max[lane], part_max[lane + half]);
        }
    }
    if lane == 0u && group < params.groups {
        partials[group] = bitcast<f32>(part_max[0]);
    }
}
