// results_slot = Σ partials_g, g < n   (second pass of a reduction)
//
// Bindings: params; 1 partials, read, n scalars; 2 results, written, one scalar at `slot`.
// Mapping: one workgroup; lane k takes the partials k, k + LANES, …; n of a few thousand times LANES at most.
// Cost per partial: 4 bytes moved (8 in f64), 1 flop.
// Needs LANES scalars of workgroup memory. SUBGROUPS needs SUBGROUP, else a tree in workgroup memory. F64 needs
// SHADER_F64. IMMEDIATES needs 8 bytes of them; else a storage buffer.
#import common/real
#import common/reduce

override LANES: u32 = 64u;

struct Params {
    n: u32,
    slot: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> partials: array<real>;
@group(0) @binding(2) var<storage, read_write> results: array<real>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sum: real = 0.0;
    for (var i = lane; i < params.n; i += LANES) {
        sum += partials[i];
    }
    let total = workgroup_sum(sum, lane);
    if lane == 0u {
        results[params.slot] = total;
    }
}
