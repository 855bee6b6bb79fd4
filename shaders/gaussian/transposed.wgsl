// Σ_p Σ_t a_t(x_p) ∂^{α_t + β_s} G_j(x_p) for product Gaussians G_j = Π_i exp(−p_ji(x_i − μ_ji)²/2), periodic ones among them, or
// Gaussians with full covariances G_j = exp(−½ (x − μ_j)ᵀP_j(x − μ_j)), and several shifts β_s: with a_t = r ∂R/∂u_t the gradient of
// ½Σr² by the amplitude of each Gaussian (β = 0), its centre and its covariance. The part of each chunk of points, for
// features/partial_sum to add.
//
// Bindings: params; 1 points and 2 coefficients a, read, a vector of stride4 vec4s for each coordinate and term, of which the part from first4 on
// counts; 3 features, read, for each group of four Gaussians from features_first4 on features_stride4 vec4s, which begin with μ and p along
// each coordinate, or with μ and the upper triangle of P; 4 partials, written, for each chunk and each shift a vec4 for each group of four Gaussians.
// Mapping: Gaussian-major: an invocation holds four Gaussians and their sums in registers, and goes through the points of one chunk, four at a time
// and in order, so that the same input gives the same bits. Neighbours take other Gaussians, and read the same points from a cache.
// Cost per point and Gaussian: 20 flops for exp (30 in f64), per coordinate 4 (24 where it is periodic; 2 per entry of P) and per term and shift
// about 4. Per four points and four Gaussians, 16 bytes (32 in f64) for each coordinate and term, mostly from a cache.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 48 bytes; else a storage buffer.
#import common/real
#import common/grid
#import common/turns
#import common/gaussian_exp

override LANES: u32 = 64u;

struct Params {
    count: u32,        // points
    quads: u32,        // groups of four Gaussians
    chunks: u32,
    steps: u32,        // groups of four points per chunk
    points_stride4: u32,
    points_first4: u32,
    coefficients_stride4: u32,
    coefficients_first4: u32,
    features_stride4: u32,
    features_first4: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> points: array<real4>;
@group(0) @binding(2) var<storage, read> coefficients: array<real4>;
@group(0) @binding(3) var<storage, read> features: array<real4>;
@group(0) @binding(4) var<storage, read_write> partials: array<real4>;
#import generated/gaussian_sums

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let chunk = i / params.quads;
    let f = i - chunk * params.quads;
    if chunk < params.chunks {
        let g = load_gaussians(params.features_first4 + f * params.features_stride4);
        let end = min((chunk + 1u) * params.steps, (params.count + 3u) / 4u);
        var sums = Sums();
        for (var q = chunk * params.steps; q < end; q++) {
            // Beyond the last point, the padding may hold anything.
            let present = vec4(4u * q) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
            var x: array<real4, DIMENSIONS>;
            for (var d = 0u; d < DIMENSIONS; d++) {
                x[d] = select(real4(), points[d * params.points_stride4 + params.points_first4 + q], present);
            }
            var a: array<real4, TERMS>;
            for (var t = 0u; t < TERMS; t++) {
                let at = t * params.coefficients_stride4 + params.coefficients_first4 + q;
                a[t] = select(real4(), coefficients[at], present);
            }
            sums = add_points(sums, g, x, a);
        }
        store_sums(chunk * SUMS * params.quads + f, params.quads, sums);
    }
}
