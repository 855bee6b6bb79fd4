// values_tp = Σ_j ẇ_j ∂^{α_t} τ_j(x_p) for the tangent functions τ_j = ∂u/∂(c, θ)_j of a network: the Jacobian times a step
// ẇ = (ċ, θ̇). Forward sweep along the step, in jets:
//
//     ż_l = Ẇ_l h_{l−1} + ḃ_l + W_l ḣ_{l−1}     ḣ_l = s′(z_l) ż_l     u̇ = Σ_j ċ_j φ_j + Σ_j c_j φ̇_j
//
// and for a gate g = s(z_l), whose ġ that is, ḣ_l = U̇ + ġ (V − U) + g (V̇ − U̇).
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 weights ẇ, from first_weight on: ċ, then for each layer Ẇ row after row
// and ḃ; 3 parameters and 4 places as in common/network; 5 values, written, quads vec4s per term; with SCRATCH, 6 scratch, TILE
// vec4s per workgroup.
// Mapping: workgroup g takes the four points of group first + g; its invocations share the units of a layer, then the terms.
// Cost per point: 4 bytes (8 in f64) per coordinate read and term written; flops: thrice those of layers/rows, and 4 per feature
// and term.
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

// ż_l, one unit and slot at a time. Of h, z, ḣ and ż there are equally many units.
fn apply_step(lane: u32, layer: u32, room: u32) {
    let units = places[2u + 2u * layer];
    let numbers = places[3u + 2u * layer];
    let first = params.first_weight + places[1].z + 1u + numbers.w;
    let wide = (units.x + 3u) / 4u;
    for (var item = lane; item < units.y * SLOTS; item += LANES) {
        let unit = item / SLOTS;
        let slot = item - unit * SLOTS;
        var sum = real4(select(real(0.0), weights[first + units.x * units.y + unit], slot == 0u));
        for (var j = 0u; j < units.x; j++) {
            sum += weights[first + unit * units.x + j] * tile_get((units.w + j) * SLOTS + slot);
        }
        if layer > 0u {
            for (var j = 0u; j < units.x; j++) {
                let w = parameters[numbers.z + unit * wide + j / 4u][j % 4u];
                sum += w * tile_get((units.w + 2u * room + j) * SLOTS + slot);
            }
        }
        tile_set((units.z + 2u * room + unit) * SLOTS + slot, sum);
    }
}

// h_l and ḣ_l
fn push(lane: u32, layer: u32, room: u32) {
    let units = places[2u + 2u * layer];
    for (var unit = lane; unit < units.y; unit += LANES) {
        let place = place_of(layer, unit);
        let z = jet_load(units.z + unit);
        let s = series(z.s0);
        let h = jet_compose(z, s);
        var dot = jet_multiply(jet_compose(z, slope_series(s)), jet_load(units.z + 2u * room + unit));
#if GATED
        if layer > 0u {
            let width = places[1].z;
            let at = mixed_of(unit);
            let u_dot = jet_load(at + 2u * room);
            let across = jet_subtract(jet_load(at + width), jet_load(at));
            let across_dot = jet_subtract(jet_load(at + width + 2u * room), u_dot);
            dot = jet_add(jet_add(u_dot, jet_multiply(dot, across)), jet_multiply(h, across_dot));
        }
#endif
        jet_store(place, gate(layer, unit, h));
        jet_store(place + 2u * room, dot);
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = quad_of(linear_workgroup(workgroup, workgroups), params.first, params.count);
    let present = places[1].x;
    let room = places[2].z - present;
    embed(lane, quad);
    tile_barrier();
    for (var layer = 0u; layer < DEPTH; layer++) {
        multiply(lane, layer_product(layer), places[3u + 2u * layer].y, true);
        apply_step(lane, layer, room);
        tile_barrier();
        push(lane, layer, room);
        tile_barrier();
    }
    let last = places[1].z;
    for (var t = lane; t < places[1].y; t += LANES) {
        let term = places[2u + 2u * DEPTH + t];
        var sum = real4(select(real(0.0), weights[params.first_weight + last], term.x == 0u));
        for (var j = 0u; j < last; j++) {
            let at = (present + j) * SLOTS + term.x;
            let c = parameters[places[0].w + j / 4u][j % 4u];
            sum += weights[params.first_weight + j] * tile_get(at) + c * tile_get(at + 2u * room * SLOTS);
        }
        if quad.q < quad.quads {
            let value = select(real4(), real(term.y) * sum, quad.present);
            values[(params.first_term + t) * quad.quads + quad.q] = value;
        }
    }
}
