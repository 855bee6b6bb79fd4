// ∂L/∂μ_jd = −w_j S_{j, ∂_d},  ∂L/∂log σ_jd = w_j (σ_jd² S_{j, ∂_d²} + S_j): from sums S over the tangent functions of an embedding of a
// physics-informed Gaussian network, which are G_j and its derivatives, to the gradient by the parameters θ that an optimiser moves. ∂L/∂w_j = S_j.
//
// Bindings: params; 1 theta, read, as in gaussian/pig_pack; 2 gradient, read and written: in the same places sums, and then the gradient.
// Mapping: an invocation per Gaussian.
// Cost per Gaussian: 12 bytes (24 in f64) and 3 flops for each parameter, and 20 flops for each width.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 8 bytes; else a storage buffer.
#import common/real
#import common/math
#import common/grid

override LANES: u32 = 64u;
override DIMENSIONS: u32 = 1u;
// Coordinates that are not periodic.
override WIDTHS: u32 = 1u;

struct Params {
    n: u32,
    first: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> theta: array<real>;
@group(0) @binding(2) var<storage, read_write> gradient: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let j = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if j < params.n {
        let at = params.first + j;
        let w = theta[at];
        let s = gradient[at];
        for (var i = 1u; i <= DIMENSIONS; i++) {
            let centre = at + i * params.n;
            gradient[centre] = -w * gradient[centre];
        }
        for (var i = DIMENSIONS + 1u; i <= DIMENSIONS + WIDTHS; i++) {
            let width = at + i * params.n;
            gradient[width] = w * (real_exp(2.0 * theta[width]) * gradient[width] + s);
        }
    }
}
