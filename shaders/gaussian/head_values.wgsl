// u = c_0 + Σ_h c_h tanh(b_h + Σ_k W_hk φ_k) and its derivatives, from those of φ: the head of a physics-informed Gaussian
// network (Kang et al., ICLR 2025).
//
// Bindings: params; 1 inner, the terms of φ, quads vec4s for each, k after k; 2 head and 3 weights, as in common/pig_head; 4 values, written,
// quads vec4s for each of the ASKED terms, of which nibble n of PLACES says what it is.
// Mapping: an invocation per four points.
// Cost per point: in bytes 4 (8 in f64) for each of INNER × TERMS + ASKED numbers; UNITS × (2 INNER + 6) TERMS flops and as many
// tanh as units.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 12 bytes; else a storage buffer.
#import common/pig_head

override ASKED: u32 = 1u;
override PLACES_0: u32 = 0u;
override PLACES_1: u32 = 0u;

struct Params {
    count: u32,
    first_value: u32,
    first_weight: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> inner: array<real4>;
@group(0) @binding(2) var<storage, read> head: array<real>;
@group(0) @binding(3) var<storage, read> weights: array<real>;
@group(0) @binding(4) var<storage, read_write> values: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let q = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let quads = (params.count + 3u) / 4u;
    if q < quads {
        for (var i = 0u; i < INNER * TERMS; i++) {
            phi[i] = inner[i * quads + q];
        }
        var u: array<real4, 16>;
        for (var h = 0u; h < UNITS; h++) {
            unit(h * (INNER + 1u));
            let c = weights[params.first_weight + h];
            for (var t = 0u; t < TERMS; t++) {
                u[t] += c * y[t];
            }
        }
        u[0] += real4(weights[params.first_weight + UNITS]);
        let present = vec4(4u * q) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
        for (var n = 0u; n < ASKED; n++) {
            let value = select(real4(), u[nibble(PLACES_0, PLACES_1, n)], present);
            values[(params.first_value + n) * quads + q] = value;
        }
    }
}
