// values_tp = Σ_j c_j ∂^{α_t} φ_j(x_p) for ridge features φ_j(x) = s(w_j·x + b_j), where ∂^α φ_j = w_j^α s^{(|α|)}(z_pj);
// in full where one chunk holds all features, else the part of each chunk, for features/chunk_sum to add.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 weights c, feature j at first_weight + j; 3 features as in
// common/ridge; 4 factors w_j^{α_t}, a vec4 per term for each group of four features; 5 values, written, quads vec4s per
// term, and so many for each chunk.
// Mapping: an invocation takes four points and the features of one chunk. Workgroup g: the points of group
// g mod point_groups, LANES quads of them, and chunk ⌊g / point_groups⌋ of `share` groups of four features.
// Cost per point and feature: flops as in random-features/rows, and one more per term. In bytes per point and chunk, 4 (8 in
// f64) for each coordinate read and each term written; what is read of the features comes from a cache.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 32 bytes; else a storage buffer.
#import common/feature_values
#import common/ridge

// As add_jets, for the terms from `first` to `end`, which share a derivative of s.
fn add_kind(sums: ptr<function, array<real4, 8>>, kind: u32, first: u32, end: u32, z: Arguments, c: real4) {
    if first == end {
        return;
    }
    let tile = derivatives(kind, z);
    for (var t = first; t < end; t++) {
        (*sums)[t] += weighted(c * factor[t], tile);
    }
}

fn add_jets(sums: ptr<function, array<real4, 8>>, c: real4, f: u32) {
    let z = arguments();
    add_kind(sums, 0u, 0u, END_0, z, c);
    add_kind(sums, 1u, END_0, END_1, z, c);
    add_kind(sums, 2u, END_1, END_2, z, c);
    add_kind(sums, 3u, END_2, END_3, z, c);
    add_kind(sums, 4u, END_3, TERMS, z, c);
}
