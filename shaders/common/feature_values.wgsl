// The frame of the kernels that evaluate Σ_j c_j ∂^{α_t} φ_j(x_p): one invocation takes four points and one chunk of
// features, four at a time and in order, so that the same input gives the same bits. A chunk holds so few features that no
// invocation goes through 65,535 iterations.
//
// The kernel gives, for the features 4f to 4f + 3 at the points of the invocation,
//
//     fn prepare(f: u32)                       before that: what depends on f alone
//     fn add_jets(sums: ptr<function, array<real4, 8>>, c: real4, f: u32)
//         sums[t] += Σ_j c_j ∂^{α_t} φ_j(x_p) for the TERMS terms of the launch
//
// from `coordinates`; it declares DIMENSIONS, TERMS and its own bindings 3 and, if it has them, 4.
#import common/real
#import common/grid
#import common/tile

override LANES: u32 = 64u;
// Nibble t: which of the values, from params.first_term on, is term t of the launch.
override SLOTS: u32 = 0x76543210u;

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
@group(0) @binding(5) var<storage, read_write> values: array<real4>;

// x_i at the points of the invocation; zero beyond the last point, where the padding may hold anything.
var<private> coordinates: array<real4, 8>;

// c_j, and 0 beyond the last feature.
fn weight(j: u32) -> real {
    let value = weights[params.first_weight + min(j, params.features - 1u)];
    return select(real(0.0), value, j < params.features);
}

// c · tile
fn weighted(c: real4, tile: Tile) -> real4 {
    return (c.x * tile.a + c.y * tile.b) + (c.z * tile.c + c.w * tile.d);
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
    let q = (group - chunk * params.point_groups) * LANES + lane;
    let near = min(q, quads - 1u);
    let present = vec4(4u * near) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
    for (var i = 0u; i < DIMENSIONS; i++) {
        coordinates[i] = select(real4(), points[i * quads + near], present);
    }
    let begin = min(chunk, params.chunks) * params.share;
    let end = min(begin + params.share, (params.features + 3u) / 4u);
    var sums: array<real4, 8>;
    for (var f = begin; f < end; f++) {
        let c = real4(weight(4u * f), weight(4u * f + 1u), weight(4u * f + 2u), weight(4u * f + 3u));
        prepare(f);
        add_jets(&sums, c, f);
    }
    if q < quads && chunk < params.chunks {
        for (var t = 0u; t < TERMS; t++) {
            let term = params.first_term + ((SLOTS >> (4u * t)) & 15u);
            values[(chunk * params.terms + term) * quads + q] = select(real4(), sums[t], present);
        }
    }
}
