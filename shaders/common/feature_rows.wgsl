// The frame of the kernels that fill rows of a collocation matrix: one invocation takes four features, and four points at a
// time. So few columns at a time are written, in long runs.
//
// The kernel gives, for the features 4f to 4f + 3 at the present points,
//
//     fn prepare(f: u32)                       before all of these: what depends on f alone
//     fn operator_tile(f: u32) -> Tile         Σ_t a_t(x_p) ∂^{α_t} φ_j(x_p)
//
// from `coordinates` and `coefficient`; it declares DIMENSIONS, TERMS and its own bindings 3 and, if it has them, 4.
#import common/real
#import common/grid
#import common/tile

override LANES: u32 = 64u;
// Nibble t: which of the coefficients, from params.first_term on, belongs to term t of the launch.
override SLOTS: u32 = 0x76543210u;
// 1: adds to what the matrix holds. A constant, since some devices go through both sides of a branch.
override ACCUMULATE: u32 = 0u;

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
    first_term: u32,
    steps: u32,        // groups of four points per invocation, LANES apart
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> points: array<real4>;
@group(0) @binding(2) var<storage, read> coefficients: array<real4>;
@group(0) @binding(5) var<storage, read_write> matrix: array<real4>;

// x_i and a_t at the present points; zero beyond the last point, where the padding may hold anything.
var<private> coordinates: array<real4, 8>;
var<private> coefficient: array<real4, 8>;

fn store(j: u32, q: u32, quads: u32, value: real4) {
    if j >= params.begin && j < params.end && q < quads {
        let at = (j + params.shift) * params.stride4 + params.first4 + q;
        var entries = value;
        if ACCUMULATE == 1u {
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
    let block = group / params.point_groups;
    let f = params.first_quad + block;
    // What lies beyond is computed for the last of points and features, and not stored.
    let near_f = min(f, params.first_quad + params.quads - 1u);
    prepare(near_f);
    var q = (group - block * params.point_groups) * params.steps * LANES + lane;
    for (var step = 0u; step < params.steps; step++) {
        let near = min(q, quads - 1u);
        let present = vec4(4u * near) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
        for (var i = 0u; i < DIMENSIONS; i++) {
            coordinates[i] = select(real4(), points[i * quads + near], present);
        }
        for (var t = 0u; t < TERMS; t++) {
            let term = params.first_term + ((SLOTS >> (4u * t)) & 15u);
            coefficient[t] = select(real4(), coefficients[term * quads + near], present);
        }
        let tile = operator_tile(near_f);
        store(4u * f, q, quads, tile.a);
        store(4u * f + 1u, q, quads, tile.b);
        store(4u * f + 2u, q, quads, tile.c);
        store(4u * f + 3u, q, quads, tile.d);
        q += LANES;
    }
}
