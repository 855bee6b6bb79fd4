// sizes_k = the subgroup size that lane k is told,  sizes_{LANES+k} = Σ 1 over the active lanes of its subgroup
//
// Without SUBGROUPS both are 1.
//
// Bindings: 1 sizes, written, 2 LANES u32. There are no params.
// Mapping: one workgroup, one invocation per lane.
// Cost per lane: 8 bytes moved, 0 flops.
// Needs SUBGROUP with the flag SUBGROUPS, nothing beyond WebGPU without.

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> sizes: array<u32>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(local_invocation_index) lane: u32,
#if SUBGROUPS
    @builtin(subgroup_size) size: u32,
#endif
) {
#if SUBGROUPS
    sizes[lane] = size;
    sizes[LANES + lane] = subgroupAdd(1u);
#else
    sizes[lane] = 1u;
    sizes[LANES + lane] = 1u;
#endif
}
