// w_j, μ_jd and P_j = S_jS_jᵀ of full covariances: one embedding of a physics-informed Gaussian network (Kang et al., ICLR 2025) from its
// parameters θ, which an optimiser moves, to where common/pig wants them; without amplitudes, to where common/gaussian_full does.
//
// Bindings: params; 1 theta, read, from `first` on as in common/pig_factor; 2 gaussians, written: for each four Gaussians from `at` on a group
// of four times as many numbers, as in common/pig.
// Mapping: an invocation per Gaussian.
// Cost per Gaussian: 8 bytes (16 in f64) for each parameter, 20 flops for each coordinate, and DIMENSIONS³/3.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 12 bytes; else a storage buffer.
#import common/pig_factor

// 1: amplitudes stand behind μ and P.
override AMPLITUDES: u32 = 1u;

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
        let from_theta = params.first + j;
        // The numbers in their runs but for w, which comes last.
        let numbers = run_of(DIMENSIONS - 1u, DIMENSIONS - 1u);
        let to = params.at + j / 4u * 4u * (numbers + AMPLITUDES) + j % 4u;
        load_factor(from_theta, n);
        if AMPLITUDES == 1u {
            gaussians[to + 4u * numbers] = theta[from_theta];
        }
        for (var i = 0u; i < DIMENSIONS; i++) {
            gaussians[to + 4u * i] = theta[from_theta + (1u + i) * n];
            for (var k = i; k < DIMENSIONS; k++) {
                var entry = real(0.0);
                for (var m = 0u; m <= i; m++) {
                    entry += s[8u * i + m] * s[8u * k + m];
                }
                gaussians[to + 4u * (run_of(i, k) - 1u)] = entry;
            }
        }
    }
}
