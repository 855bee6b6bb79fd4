// A_pj ← Σ_t a_t(x_p) ∂^{α_t} φ_j(x_p), or A_pj ← A_pj + …, for ridge features φ_j(x) = s(w_j·x + b_j): rows of a
// collocation matrix, where ∂^α φ_j = w_j^α s^{(|α|)}(z_pj).
//
// Terms are grouped by the derivative of s that they share: Σ_t a_t w_j^{α_t} is summed per group, then multiplied by it.
// A sine has two kinds, even and odd orders, with the signs in `factors`; the others one per order.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 coefficients a, quads vec4s per term; 3 features as in
// common/ridge; 4 factors w_j^{α_t}, a vec4 per term for each group of four features; 5 matrix, written (read and written
// with ACCUMULATE), columns of stride4 vec4s.
// Mapping: an invocation takes four features and `steps` groups of four points, LANES apart. Workgroup g: the points of group
// g mod point_groups, LANES × steps quads of them, and the features 4(first_quad + ⌊g / point_groups⌋).
// Cost per entry: one real written (and read, where it accumulates); per four of them also DIMENSIONS + terms reals read,
// mostly from a cache. In bytes, 4 (8 in f64) per real. Flops: 9 DIMENSIONS + 2 terms, and 18 per kind of derivative of a
// sine (27 in f64), 1 of a ReLU, about 30 in all of tanh and sigmoid.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 44 bytes; else a storage buffer.
#import common/feature_rows
#import common/ridge

// tile + s^{(kind)}(z) Σ_t a_t w^{α_t} over the terms from `first` to `end`.
fn add_kind(tile: Tile, kind: u32, first: u32, end: u32, z: Arguments) -> Tile {
    if first == end {
        return tile;
    }
    var sum = Tile();
    for (var t = first; t < end; t++) {
        sum = tile_sum(sum, tile_outer(coefficient[t], factor[t]));
    }
    return tile_sum(tile, tile_product(derivatives(kind, z), sum));
}

fn operator_tile(f: u32) -> Tile {
    let z = arguments();
    var tile = Tile();
    tile = add_kind(tile, 0u, 0u, END_0, z);
    tile = add_kind(tile, 1u, END_0, END_1, z);
    tile = add_kind(tile, 2u, END_1, END_2, z);
    tile = add_kind(tile, 3u, END_2, END_3, z);
    tile = add_kind(tile, 4u, END_3, TERMS, z);
    return tile;
}
