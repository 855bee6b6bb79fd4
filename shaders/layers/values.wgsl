// values_tp = Σ_j c_j ∂^{α_t} φ_j(x_p) for the units φ_j of a network's last hidden layer and, last, 1, as common/network says.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 weights c, feature j at first_weight + j; 3 parameters and 4 places as
// in common/network; 5 values, written, quads vec4s per term; with SCRATCH, 6 scratch, TILE vec4s per workgroup.
// Mapping: workgroup g takes the four points of group first + g; its invocations share the units of a layer, then the terms.
// Cost per point: 4 bytes (8 in f64) per coordinate read and term written; flops: those of layers/rows, and 2 per feature and
// term.
// Needs 16 TILE bytes of workgroup memory (32 in f64), or SCRATCH. F64 needs SHADER_F64. IMMEDIATES needs 16 bytes; else a
// storage buffer.
#import common/network

struct Params {
    count: u32,         // points
    first: u32,         // group of four points of the first workgroup
    first_weight: u32,
    first_term: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(2) var<storage, read> weights: array<real>;
@group(0) @binding(5) var<storage, read_write> values: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = quad_of(linear_workgroup(workgroup, workgroups), params.first, params.count);
    forward(lane, quad);
    let last = places[1].z;
    for (var t = lane; t < places[1].y; t += LANES) {
        let term = places[2u + 2u * DEPTH + t];
        var sum = real4(select(real(0.0), weights[params.first_weight + last], term.x == 0u));
        for (var j = 0u; j < last; j++) {
            sum += weights[params.first_weight + j] * tile_get((places[1].x + j) * SLOTS + term.x);
        }
        if quad.q < quad.quads {
            let value = select(real4(), real(term.y) * sum, quad.present);
            values[(params.first_term + t) * quad.quads + quad.q] = value;
        }
    }
}
