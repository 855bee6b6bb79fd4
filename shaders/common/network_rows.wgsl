// What the kernels that fill rows from a network have in common: the operator's coefficients at four points, and the rows of
// the features φ_j, which are the units of the last hidden layer, and 1.
#import common/network

// 1: adds to what the matrix holds. A constant, since some devices go through both sides of a branch.
override ACCUMULATE: u32 = 0u;

struct Params {
    count: u32,    // points
    first: u32,    // group of four points of the first workgroup
    begin: u32,    // the functions that are written
    end: u32,
    shift: u32,    // column of function j in the bound part of the matrix: j + shift, modulo 2^32
    stride4: u32,  // vec4s per column
    first4: u32,   // first vec4 of the block in a column
    first_term: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(2) var<storage, read> coefficients: array<real4>;
@group(0) @binding(5) var<storage, read_write> matrix: array<real4>;

// Σ_t a_t α_t! of the terms at each slot: the operator on a jet is the product with these.
var<workgroup> part_seeds: array<real4, SLOTS>;

fn load_seeds(lane: u32, quad: Quad) {
    let near = min(quad.q, quad.quads - 1u);
    for (var slot = lane; slot < SLOTS; slot += LANES) {
        var seed = real4();
        for (var t = 0u; t < places[1].y; t++) {
            let term = places[2u + 2u * DEPTH + t];
            if term.x == slot {
                let a = coefficients[(params.first_term + t) * quad.quads + near];
                seed += real(term.y) * select(real4(), a, quad.present);
            }
        }
        part_seeds[slot] = seed;
    }
}

fn store(j: u32, quad: Quad, value: real4) {
    if j >= params.begin && j < params.end && quad.q < quad.quads {
        let at = (j + params.shift) * params.stride4 + params.first4 + quad.q;
        var entries = value;
        if ACCUMULATE == 1u {
            entries += matrix[at];
        }
        matrix[at] = entries;
    }
}

// The column of a unit of the last hidden layer, from its jet.
fn store_feature(j: u32, quad: Quad) {
    let first = (places[1].x + j) * SLOTS;
    var sum = real4();
    for (var slot = 0u; slot < SLOTS; slot++) {
        sum += part_seeds[slot] * tile_get(first + slot);
    }
    store(j, quad, sum);
}
