// The frame of the kernels that fill rows of a collocation matrix: one invocation takes four points and four features.
//
// The kernel gives, for the features 4f to 4f + 3 at the points 4q to 4q + 3, and `quads` vec4s per vector over the points,
//
//     fn operator_tile(f: u32, q: u32, quads: u32) -> Tile         Σ_t a_t(x_p) ∂^{α_t} φ_j(x_p)
//
// from `coefficient` and `points`, and declares its own bindings 3 and, if it has them, 4.
#import common/real
#import common/grid
#import common/tile

override LANES: u32 = 64u;
// Nibble t: which of the coefficients, from params.first_term on, belongs to term t of the launch.
override SLOTS: u32 = 0x76543210u;

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
@group(0) @binding(5) var<storage, read_write> matrix: array<real4>;

// a_t at the points 4q to 4q + 3.
fn coefficient(t: u32, q: u32, quads: u32) -> real4 {
    return coefficients[(params.first_term + ((SLOTS >> (4u * t)) & 15u)) * quads + q];
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
    let q = (group % params.point_groups) * LANES + lane;
    // What lies beyond is computed for the last of points and features, and not stored.
    let tile = operator_tile(min(f, params.first_quad + params.quads - 1u), min(q, quads - 1u), quads);
    store(4u * f, q, quads, tile.a);
    store(4u * f + 1u, q, quads, tile.b);
    store(4u * f + 2u, q, quads, tile.c);
    store(4u * f + 3u, q, quads, tile.d);
}
