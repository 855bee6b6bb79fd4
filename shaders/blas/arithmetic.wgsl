// y_i = Σ_k a_k, where a_k = x_i - k, and then ROUNDS times a_k ← s a_k + x_i, for k = 0 … 7: the device's limit of arithmetic. With
// EXPONENTIALS a_k ← exp(s a_k + x_i): how many exponentials of Gaussians it manages. For s and x not positive, so are all exponents but
// the first.
//
// Bindings: params; 1 x, read, n4 vec4s; 2 y, written, n4 vec4s.
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups of a one- or two-dimensional grid. The eight a_k do
// not depend on each other, so that their latencies overlap.
// Cost per vec4: 32 bytes moved (64 in f64), 64 flops a round; with EXPONENTIALS also 32 exponentials.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 12 bytes (16 in f64); else a storage buffer.
#import common/real
#import common/grid
#if EXPONENTIALS
#import common/gaussian_exp
#endif

override LANES: u32 = 64u;
// At most 65,535.
override ROUNDS: u32 = 32u;

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
@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;

fn next(a: real4, s: real4, b: real4) -> real4 {
#if EXPONENTIALS
    return gaussian_exp(s * a + b);
#else
    return fma(a, s, b);
#endif
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let s = real4(params.s);
        let share = contiguous_share(group, params.groups, params.n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            let b = x[i];
            var a0 = b;
            var a1 = b - 1.0;
            var a2 = b - 2.0;
            var a3 = b - 3.0;
            var a4 = b - 4.0;
            var a5 = b - 5.0;
            var a6 = b - 6.0;
            var a7 = b - 7.0;
            for (var round = 0u; round < ROUNDS; round++) {
                a0 = next(a0, s, b);
                a1 = next(a1, s, b);
                a2 = next(a2, s, b);
                a3 = next(a3, s, b);
                a4 = next(a4, s, b);
                a5 = next(a5, s, b);
                a6 = next(a6, s, b);
                a7 = next(a7, s, b);
            }
            y[i] = ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7));
        }
    }
}
