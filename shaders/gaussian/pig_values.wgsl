// u = c_0 + Σ_h c_h tanh(b_h + Σ_k W_hk φ_k), φ_k = Σ_i w_ki G_ki, and its derivatives: a physics-informed Gaussian network (Kang et
// al., ICLR 2025), embedding and head at once, so that nothing of the size of points times Gaussians or embeddings is in memory.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 gaussians and 3 head, as in common/pig; 4 weights, c_1 … c_H and c_0 from
// first_weight on; 5 values, written, quads vec4s for each of the ASKED terms, of which nibble n of PLACES says what it is.
// Mapping: an invocation per four points.
// Cost per point: 20 flops for exp (30 in f64), 4 per coordinate and 2 per term for each Gaussian; UNITS × (2 INNER + 6) TERMS flops and as many tanh as
// units; in bytes 4 (8 in f64) for each coordinate and each of the ASKED terms.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 16 bytes; else a storage buffer.
#import common/pig

override ASKED: u32 = 1u;
override PLACES_0: u32 = 0u;
override PLACES_1: u32 = 0u;

struct Params {
    count: u32,
    share: u32,
    first_value: u32,
    first_weight: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(4) var<storage, read> weights: array<real>;
@group(0) @binding(5) var<storage, read_write> values: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let q = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let quads = (params.count + 3u) / 4u;
    if q < quads {
        let present = vec4(4u * q) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
        embed(q, quads, present, params.share);
        var u = Jet();
        for (var h = 0u; h < UNITS; h++) {
            let z = argument(h);
            let s = tanh4(z.t0);
            let slope = 1.0 - s * s;
            let y = jet_compose(z, s, slope, -2.0 * s * slope);
            u = jet_added(u, real4(weights[params.first_weight + h]), y);
        }
        u.t0 += real4(weights[params.first_weight + UNITS]);
        var terms = jet_array(u);
        for (var n = 0u; n < ASKED; n++) {
            let value = select(real4(), terms[nibble(PLACES_0, PLACES_1, n)], present);
            values[(params.first_value + n) * quads + q] = value;
        }
    }
}
