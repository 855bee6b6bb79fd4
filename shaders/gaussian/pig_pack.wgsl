// w_j, μ_jd and p_jd = exp(−2 log σ_jd): one embedding of a physics-informed Gaussian network from its parameters θ, which an optimiser
// moves, to where common/pig wants them; without amplitudes, to where common/gaussian_product does.
//
// Bindings: params; 1 theta, read, from `first` on w_1 … w_N, then for each coordinate μ_1 … μ_N, then for each that is not periodic log σ_1 … log σ_N;
// 2 gaussians, written: for each four Gaussians from `at` on, as many vec4s as common/pig has. p of periodic coordinates stays.
// Mapping: an invocation per Gaussian.
// Cost per Gaussian: 8 bytes (16 in f64) for each parameter, 20 flops for each width.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 12 bytes; else a storage buffer.
#import common/real
#import common/math
#import common/grid

override LANES: u32 = 64u;
override DIMENSIONS: u32 = 1u;
// 1: amplitudes stand behind centres and p.
override AMPLITUDES: u32 = 1u;
// Bit i: coordinate i is periodic.
override PERIODIC: u32 = 0u;

struct Params {
    n: u32,
    first: u32,
    at: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> theta: array<real>;
@group(0) @binding(2) var<storage, read_write> gaussians: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let j = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if j < params.n {
        let n = params.n;
        let to = params.at + j / 4u * 4u * (2u * DIMENSIONS + AMPLITUDES) + j % 4u;
        let from_theta = params.first + j;
        if AMPLITUDES == 1u {
            gaussians[to + 8u * DIMENSIONS] = theta[from_theta];
        }
        var width = from_theta + (1u + DIMENSIONS) * n;
        for (var i = 0u; i < DIMENSIONS; i++) {
            gaussians[to + 8u * i] = theta[from_theta + (1u + i) * n];
            if ((PERIODIC >> i) & 1u) == 0u {
                gaussians[to + 8u * i + 4u] = real_exp(-2.0 * theta[width]);
                width += n;
            }
        }
    }
}
