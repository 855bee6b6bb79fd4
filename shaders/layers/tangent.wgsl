// A_pj ← Σ_t a_t(x_p) ∂^{α_t} τ_j(x_p), or A_pj ← A_pj + …, for the tangent functions τ_j = ∂u/∂(c, θ)_j of a network
// u = Σ_j c_j φ_j(x; θ): rows of the Jacobian of a residual. Reverse sweep over jets: with L = Σ_t a_t ∂^{α_t} u,
//
//     h̄_L = c · (a_t α_t!)_t     z̄_l = ∂L/∂z_l: z̄_γ = Σ_{β+γ=α} s′(z)_β h̄_α     h̄_{l−1} = W_lᵀ z̄_l
//     ∂L/∂W_l,ij = Σ_α z̄_{l,i,α} h_{l−1,j,α}     ∂L/∂b_l,i = z̄_{l,i,0}
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 coefficients a, quads vec4s per term; 3 parameters and 4 places as in
// common/network; 5 matrix, written (read and written with ACCUMULATE), columns of stride4 vec4s: those of φ_j first, then for
// each layer those of W row after row and of b; with SCRATCH, 6 scratch, TILE vec4s per workgroup.
// Mapping: workgroup g takes the four points of group first + g; its invocations share the units of a layer, and of its columns
// four by four.
// Cost per point: 4 bytes (8 in f64) per column written (and read, where it accumulates), coordinate and term read; flops:
// 6 SLOTS per weight, and thrice the activations of layers/rows.
// Needs 16 TILE bytes of workgroup memory (32 in f64), or SCRATCH. F64 needs SHADER_F64. IMMEDIATES needs 32 bytes; else a
// storage buffer.
#import common/network_rows

// z̄_l in the place of z_l, from h̄_l.
fn pull(lane: u32, layer: u32) {
    let units = places[2u + 2u * layer];
    for (var unit = lane; unit < units.y; unit += LANES) {
        let z = jet_load(units.z + unit);
        let g = jet_compose(z, slope_series(series(z.s0)));
        jet_store(units.z + unit, jet_pull(g, jet_load(places[1].x + unit)));
    }
}

fn add_product(sum: Four, bar: real4, h: Four) -> Four {
    return Four(sum.a + bar * h.a, sum.b + bar * h.b, sum.c + bar * h.c, sum.d + bar * h.d);
}

fn four_load(unit: u32, slot: u32) -> Four {
    let at = unit * SLOTS + slot;
    return Four(tile_get(at), tile_get(at + SLOTS), tile_get(at + 2u * SLOTS), tile_get(at + 3u * SLOTS));
}

// The columns of W_ij to W_i,j+3, as many as there are.
fn store_four(column: u32, count: u32, quad: Quad, four: Four) {
    store(column, quad, four.a);
    if count > 1u {
        store(column + 1u, quad, four.b);
    }
    if count > 2u {
        store(column + 2u, quad, four.c);
    }
    if count > 3u {
        store(column + 3u, quad, four.d);
    }
}

// The columns of one layer; `source` is the first unit of its h_{l−1}.
fn store_layer(lane: u32, layer: u32, source: u32, quad: Quad) {
    let units = places[2u + 2u * layer];
    let first = places[1].z + 1u + places[3u + 2u * layer].w;
    let wide = (units.x + 3u) / 4u;
    let high = (units.y + 3u) / 4u;
    for (var item = lane; item < wide * high; item += LANES) {
        let i = 4u * (item / wide);
        let j = 4u * (item % wide);
        var a = Four();
        var b = Four();
        var c = Four();
        var d = Four();
        for (var slot = 0u; slot < SLOTS; slot++) {
            let bar = four_load(units.z + i, slot);
            let h = four_load(source + j, slot);
            a = add_product(a, bar.a, h);
            b = add_product(b, bar.b, h);
            c = add_product(c, bar.c, h);
            d = add_product(d, bar.d, h);
        }
        let column = first + i * units.x + j;
        let count = units.x - j;
        store_four(column, count, quad, a);
        if i + 1u < units.y {
            store_four(column + units.x, count, quad, b);
        }
        if i + 2u < units.y {
            store_four(column + 2u * units.x, count, quad, c);
        }
        if i + 3u < units.y {
            store_four(column + 3u * units.x, count, quad, d);
        }
    }
    for (var i = lane; i < units.y; i += LANES) {
        store(first + units.x * units.y + i, quad, tile_get((units.z + i) * SLOTS));
    }
}

// h̄_{l−1}
fn apply_transposed(lane: u32, layer: u32) {
    let units = places[2u + 2u * layer];
    let groups = (units.x + 3u) / 4u;
    for (var item = lane; item < groups * SLOTS; item += LANES) {
        let group = item / SLOTS;
        let slot = item - group * SLOTS;
        let row = places[3u + 2u * layer].z + group;
        multiply(places[1].x + 4u * group, slot, real4(), row, groups, units.z, units.y);
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = quad_of(linear_workgroup(workgroup, workgroups), params.first, params.count);
    load_seeds(lane, quad);
    workgroupBarrier();
    forward(lane, quad);
    store_features(lane, quad);
    tile_barrier();
    for (var j = lane; j < places[1].z; j += LANES) {
        let c = parameters[places[0].w + j / 4u][j % 4u];
        for (var slot = 0u; slot < SLOTS; slot++) {
            tile_set((places[1].x + j) * SLOTS + slot, c * part_seeds[slot]);
        }
    }
    for (var up = 1u; up <= DEPTH; up++) {
        let layer = DEPTH - up;
        tile_barrier();
        pull(lane, layer);
        tile_barrier();
        if layer > 0u {
            let below = places[2u * layer];
            activate(lane, below.z, below.y);
            tile_barrier();
        }
        store_layer(lane, layer, places[2u + 2u * layer].w, quad);
        if layer > 0u {
            tile_barrier();
            apply_transposed(lane, layer);
        }
    }
}
