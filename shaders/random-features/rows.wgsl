// A_pj ← Σ_t a_t(x_p) ∂^{α_t} φ_j(x_p), or A_pj ← A_pj + …, for ridge features φ_j(x) = s(w_j·x + b_j): rows of a
// collocation matrix, where ∂^α φ_j = w_j^α s^{(|α|)}(z_pj).
//
// Terms are grouped by the derivative of s that they share: Σ_t a_t w_j^{α_t} is summed per class, then multiplied by it.
// A sine has two classes, even and odd orders, with the signs in `factors`; the others one per order.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 coefficients a, quads vec4s per term: term t of the classes is
// there number first_term + (nibble t of SLOTS); 3 features as in common/ridge; 4 factors w_j^{α_t}, a vec4 per term for
// each group of four features; 5 matrix, written (read and written with params.accumulate), columns of stride4 vec4s.
// Mapping: an invocation takes four points and four features. Workgroup g: the points of group g mod point_groups, LANES
// quads of them, and the features 4(first_quad + g / point_groups).
// Cost per entry: one real written (and read, where it accumulates); per four of them also DIMENSIONS + terms reals read,
// mostly from a cache. In bytes, 4 (8 in f64) per real. Flops: 9 DIMENSIONS + 2 terms, and 18 per class of a sine (27 in
// f64), 1 of a ReLU.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 44 bytes; else a storage buffer.
#import common/real
#import common/grid
#import common/ridge

override LANES: u32 = 64u;

struct Params {
    count: u32,        // points
    point_groups: u32,
    first_quad: u32,   // first group of four features
    quads: u32,        // groups of four features
    begin: u32,        // the features that are written
    end: u32,
    shift: u32,        // column of feature j in the bound part of the matrix: j + shift, modulo 2^32
    stride4: u32,      // vec4s per column
    first4: u32,       // first vec4 of the block in a column
    accumulate: u32,
    first_term: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> points: array<real4>;
@group(0) @binding(2) var<storage, read> coefficients: array<real4>;
@group(0) @binding(3) var<storage, read> features: array<real4>;
@group(0) @binding(4) var<storage, read> factors: array<real4>;
@group(0) @binding(5) var<storage, read_write> matrix: array<real4>;

// Four features at four points.
struct Tile {
    a: real4,
    b: real4,
    c: real4,
    d: real4,
}

// tile + s^{(kind)}(z) Σ_t a_t w^{α_t} over the terms from `first` to `end`.
fn add_class(tile: Tile, kind: u32, first: u32, end: u32, z: Arguments, f: u32, q: u32, quads: u32) -> Tile {
    if first == end {
        return tile;
    }
    var sum = Tile();
    for (var t = first; t < end; t++) {
        let a = coefficients[(params.first_term + ((SLOTS >> (4u * t)) & 15u)) * quads + q];
        let factor = factors[f * TERMS + t];
        sum = Tile(sum.a + factor.x * a, sum.b + factor.y * a, sum.c + factor.z * a, sum.d + factor.w * a);
    }
    return Tile(
        tile.a + derivative(kind, z.a) * sum.a,
        tile.b + derivative(kind, z.b) * sum.b,
        tile.c + derivative(kind, z.c) * sum.c,
        tile.d + derivative(kind, z.d) * sum.d,
    );
}

fn store(j: u32, q: u32, quads: u32, value: real4) {
    if j >= params.begin && j < params.end && q < quads {
        let at = (j + params.shift) * params.stride4 + params.first4 + q;
        // The padding of the points may hold anything.
        let row = vec4(4u * q) + vec4(0u, 1u, 2u, 3u);
        var entries = select(real4(), value, row < vec4(params.count));
        if params.accumulate != 0u {
            entries += matrix[at];
        }
        matrix[at] = entries;
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
    let f = params.first_quad + group / params.point_groups;
    let place = (group % params.point_groups) * LANES + lane;
    // What lies beyond is computed for the last of points and features, and not stored.
    let q = min(place, quads - 1u);
    let near = min(f, params.first_quad + params.quads - 1u);
    let z = arguments(near, q, quads);
    var tile = Tile();
    tile = add_class(tile, 0u, 0u, END_0, z, near, q, quads);
    tile = add_class(tile, 1u, END_0, END_1, z, near, q, quads);
    tile = add_class(tile, 2u, END_1, END_2, z, near, q, quads);
    tile = add_class(tile, 3u, END_2, END_3, z, near, q, quads);
    tile = add_class(tile, 4u, END_3, TERMS, z, near, q, quads);
    store(4u * f, place, quads, tile.a);
    store(4u * f + 1u, place, quads, tile.b);
    store(4u * f + 2u, place, quads, tile.c);
    store(4u * f + 3u, place, quads, tile.d);
}
