// The frame of the kernels that fill rows from a network: the operator's coefficients at four points, and the rows of the features φ_j,
// which are the units of the last hidden layer, and 1. Flag SUMS: the sums of the rows over the points, a part of each workgroup, which
// goes through `steps` groups of four points. The kernel gives
//
//     fn four_points(lane: u32, quad: Quad)     stores all columns at these points, and has no barrier but in uniform control flow
#import common/network

#if SUMS
struct Params {
    count: u32,    // points
    first: u32,    // group of four points of the first workgroup
    first_term: u32,
    steps: u32,
    chunks: u32,   // workgroups
    columns: u32,
}
#else
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
#endif
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(2) var<storage, read> coefficients: array<real4>;
#if SUMS
@group(0) @binding(5) var<storage, read_write> partials: array<real>;
#else
@group(0) @binding(5) var<storage, read_write> matrix: array<real4>;
#endif

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

#if SUMS
// Where the sums of the workgroup begin, and whether these are its first points.
var<private> sums_at: u32;
var<private> is_first: bool;

// The points of workgroup `group` in a step; surplus workgroups have none.
fn quad_of_step(group: u32, step: u32) -> Quad {
    let is_surplus = group >= params.chunks;
    sums_at = group * params.columns;
    is_first = step == 0u;
    // Neighbours take neighbouring points.
    return quad_of(group, select(params.first + step * params.chunks, params.count, is_surplus), params.count);
}

fn store(j: u32, quad: Quad, value: real4) {
    if quad.q < quad.quads {
        let sum = sum4(value);
        // A branch: what is there may be NaN.
        if is_first {
            partials[sums_at + j] = sum;
        } else {
            partials[sums_at + j] += sum;
        }
    }
}
#else
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
#endif

// The column of a unit of the last hidden layer, from its jet.
fn store_feature(j: u32, quad: Quad) {
    let first = (places[1].x + j) * SLOTS;
    var sum = real4();
    for (var slot = 0u; slot < SLOTS; slot++) {
        sum += part_seeds[slot] * tile_get(first + slot);
    }
    store(j, quad, sum);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
#if SUMS
    for (var step = 0u; step < params.steps; step++) {
        four_points(lane, quad_of_step(group, step));
        tile_barrier();
        workgroupBarrier();
    }
#else
    four_points(lane, quad_of(group, params.first, params.count));
#endif
}
