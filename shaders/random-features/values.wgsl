// values_tp = Σ_j c_j ∂^{α_t} φ_j(x_p) for ridge features φ_j(x) = s(w_j·x + b_j), where ∂^α φ_j = w_j^α s^{(|α|)}(z_pj);
// in full where one chunk holds all features, else the part of each chunk, for features/chunk_sum to add.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 weights c, feature j at first_weight + j; 3 features as in
// common/ridge; 4 factors w_j^{α_t}, a vec4 per term for each group of four features; 5 values, written, quads vec4s per
// term, and so many for each chunk: term t of the classes is number first_term + (nibble t of SLOTS).
// Mapping: an invocation takes four points and the features of one chunk, four at a time and in order, so that the same
// input gives the same bits. Workgroup g: the points of group g mod point_groups, LANES quads of them, and the `share`
// groups of four features from share ⌊g / point_groups⌋ on.
// Cost per point and feature: 9 DIMENSIONS + 3 terms flops, and 18 per class of a sine (27 in f64), 1 of a ReLU; in bytes
// next to nothing per feature, and one real read per coordinate and written per term for each point and chunk.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 32 bytes; else a storage buffer.
#import common/real
#import common/grid
#import common/ridge

override LANES: u32 = 64u;

struct Params {
    count: u32,         // points
    point_groups: u32,
    chunks: u32,
    features: u32,
    share: u32,         // groups of four features per chunk
    first_weight: u32,
    first_term: u32,
    terms: u32,         // of all launches
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> points: array<real4>;
@group(0) @binding(2) var<storage, read> weights: array<real>;
@group(0) @binding(3) var<storage, read> features: array<real4>;
@group(0) @binding(4) var<storage, read> factors: array<real4>;
@group(0) @binding(5) var<storage, read_write> values: array<real4>;

// c_j, and 0 beyond the last feature.
fn weight(j: u32) -> real {
    let value = weights[params.first_weight + min(j, params.features - 1u)];
    return select(real(0.0), value, j < params.features);
}

// sums[t] += Σ_j c_j w_j^{α_t} s^{(kind)}(z_j) over four features, for the terms from `first` to `end`.
fn add_class(sums: ptr<function, array<real4, 8>>, kind: u32, first: u32, end: u32, z: Arguments, c: real4, f: u32) {
    if first == end {
        return;
    }
    let a = derivative(kind, z.a);
    let b = derivative(kind, z.b);
    let e = derivative(kind, z.c);
    let d = derivative(kind, z.d);
    for (var t = first; t < end; t++) {
        let factor = c * factors[f * TERMS + t];
        (*sums)[t] += (factor.x * a + factor.y * b) + (factor.z * e + factor.w * d);
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    let quads = (params.count + 3u) / 4u;
    let chunk = group / params.point_groups;
    let place = (group % params.point_groups) * LANES + lane;
    let q = min(place, quads - 1u);
    let begin = min(chunk, params.chunks) * params.share;
    let end = min(begin + params.share, (params.features + 3u) / 4u);
    var sums: array<real4, 8>;
    for (var f = begin; f < end; f++) {
        let z = arguments(f, q, quads);
        let c = real4(weight(4u * f), weight(4u * f + 1u), weight(4u * f + 2u), weight(4u * f + 3u));
        add_class(&sums, 0u, 0u, END_0, z, c, f);
        add_class(&sums, 1u, END_0, END_1, z, c, f);
        add_class(&sums, 2u, END_1, END_2, z, c, f);
        add_class(&sums, 3u, END_2, END_3, z, c, f);
        add_class(&sums, 4u, END_3, TERMS, z, c, f);
    }
    if place < quads && chunk < params.chunks {
        for (var t = 0u; t < TERMS; t++) {
            let term = params.first_term + ((SLOTS >> (4u * t)) & 15u);
            // The padding of the points may hold anything.
            let row = vec4(4u * q) + vec4(0u, 1u, 2u, 3u);
            values[(chunk * params.terms + term) * quads + q] = select(real4(), sums[t], row < vec4(params.count));
        }
    }
}
