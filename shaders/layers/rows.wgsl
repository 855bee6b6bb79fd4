// A_pj ← Σ_t a_t(x_p) ∂^{α_t} φ_j(x_p), or A_pj ← A_pj + …, for the units φ_j of a network's last hidden layer and, last, 1:
// rows of a collocation matrix. Jets by truncated Taylor series (Griewank & Walther, Evaluating Derivatives, 2008, chapter 13),
// as common/network says.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 coefficients a, quads vec4s per term; 3 parameters and 4 places as in
// common/network; 5 matrix, written (read and written with ACCUMULATE), columns of stride4 vec4s; or with SUMS 5 partials, written,
// a number per column for each workgroup, for features/partial_sum to add; with SCRATCH, 6 scratch, TILE
// vec4s per workgroup.
// Mapping: workgroup g takes the four points of group first + g, with SUMS those of every chunks-th group from there on; its
// invocations share the units of a layer.
// Cost per point: 4 bytes (8 in f64) per column written (and read, where it accumulates), coordinate and term read; flops:
// 2 SLOTS per weight, and per unit 20 to 60 for its activation and about 2 per product of slots.
// Needs 16 TILE bytes of workgroup memory (32 in f64), or SCRATCH. F64 needs SHADER_F64. IMMEDIATES needs 32 bytes, with SUMS 24;
// else a storage buffer.
#import common/network_rows

fn four_points(lane: u32, quad: Quad) {
    load_seeds(lane, quad);
    workgroupBarrier();
    forward(lane, quad);
    let last = places[1].z;
    for (var j = lane; j < last; j += LANES) {
        store_feature(j, quad);
    }
    if lane == 0u {
        store(last, quad, part_seeds[0]);
    }
}
