// counts_0 = Σ 1 over n rounds of one loop,  counts_1 = x_n  with  x_0 = 0, x_{k+1} = 1664525 x_k + 1013904223 mod 2³²
//
// A driver that stops one invocation's loops silently (lavapipe: after 65,535 rounds) gives a smaller count. The
// recurrence keeps a compiler from replacing the loop by its result.
//
// Bindings: params; 1 counts, written, two u32.
// Mapping: one workgroup of one invocation.
// Cost per round: 0 bytes moved, 0 flops (three integer operations).
// Needs nothing beyond WebGPU. IMMEDIATES needs 4 bytes of them; else a storage buffer.

struct Params {
    n: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;

@compute @workgroup_size(1)
fn main() {
    var count = 0u;
    var x = 0u;
    for (var k = 0u; k < params.n; k++) {
        count++;
        x = x * 1664525u + 1013904223u;
    }
    counts[0] = count;
    counts[1] = x;
}
