// w_j, μ_jd and p_jd = exp(−2 log σ_jd), with FULL P_j = S_jS_jᵀ: one embedding of a physics-informed Gaussian network from its parameters
// θ, which an optimiser moves, to where common/pig wants them; without amplitudes, to where common/gaussian_product or gaussian_full does.
//
// Bindings: params; 1 theta, read, from `first` on as in common/pig_parameters; 2 gaussians, written: for each four Gaussians from `at` on a
// group of four times as many numbers, as in common/pig. p of periodic coordinates stays.
// Mapping: an invocation per Gaussian.
// Cost per Gaussian: 8 bytes (16 in f64) for each parameter, 20 flops for each width; with FULL DIMENSIONS³/3 more.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 12 bytes; else a storage buffer.
#import common/pig_parameters

// 1: amplitudes stand behind all else.
override AMPLITUDES: u32 = 1u;
#if !FULL
// Bit i: coordinate i is periodic.
override PERIODIC: u32 = 0u;
#endif

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

#if FULL
// Numbers of a Gaussian in their runs but for w, which comes last.
fn numbers() -> u32 {
    return run_of(DIMENSIONS - 1u, DIMENSIONS - 1u);
}

// μ is at `from_theta`'s next runs, and goes to `to`, as do all numbers after it.
fn pack(from_theta: u32, to: u32) {
    load_factor(from_theta, params.n);
    for (var i = 0u; i < DIMENSIONS; i++) {
        gaussians[to + 4u * i] = theta[from_theta + (1u + i) * params.n];
        for (var k = i; k < DIMENSIONS; k++) {
            var entry = real(0.0);
            for (var m = 0u; m <= i; m++) {
                entry += s[8u * i + m] * s[8u * k + m];
            }
            gaussians[to + 4u * (run_of(i, k) - 1u)] = entry;
        }
    }
}
#else
fn numbers() -> u32 {
    return 2u * DIMENSIONS;
}

fn pack(from_theta: u32, to: u32) {
    var width = from_theta + (1u + DIMENSIONS) * params.n;
    for (var i = 0u; i < DIMENSIONS; i++) {
        gaussians[to + 8u * i] = theta[from_theta + (1u + i) * params.n];
        if ((PERIODIC >> i) & 1u) == 0u {
            gaussians[to + 8u * i + 4u] = real_exp(-2.0 * theta[width]);
            width += params.n;
        }
    }
}
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let j = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if j < params.n {
        let to = params.at + j / 4u * 4u * (numbers() + AMPLITUDES) + j % 4u;
        let from_theta = params.first + j;
        if AMPLITUDES == 1u {
            gaussians[to + 4u * numbers()] = theta[from_theta];
        }
        pack(from_theta, to);
    }
}
