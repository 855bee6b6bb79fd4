// A_pj ← Σ_t a_t(x_p) ∂^{α_t} τ_j(x_p), or A_pj ← A_pj + …, for the tangent functions τ_j = ∂u/∂(c, θ)_j of a network
// u = Σ_j c_j φ_j(x; θ): rows of the Jacobian of a residual. Reverse sweep over jets: with L = Σ_t a_t ∂^{α_t} u,
//
//     h̄_L = c · (a_t α_t!)_t     z̄_l = ∂L/∂z_l: z̄_γ = Σ_{β+γ=α} s′(z)_β h̄_α     h̄_{l−1} = W_lᵀ z̄_l
//     ∂L/∂W_l,ij = Σ_α z̄_{l,i,α} h_{l−1,j,α}     ∂L/∂b_l,i = z̄_{l,i,0}
//
// With gates g = s(z_l), h_l = U + g (V − U): from h̄_l, in which · is the adjoint of a product, Ū ← Ū + (1 − g) · h̄_l,
// V̄ ← V̄ + g · h̄_l and ḡ = (V − U) · h̄_l, which goes on as h̄ does above; Ū and V̄ join h̄ of the first layer.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 coefficients a, quads vec4s per term; 3 parameters and 4 places as in
// common/network; 5 matrix, written (read and written with ACCUMULATE), columns of stride4 vec4s: those of φ_j first, then for
// each layer those of W row after row and of b; or with SUMS 5 partials, written, a number per column for each workgroup, for
// features/partial_sum to add; with SCRATCH, 6 scratch, TILE vec4s per workgroup.
// Mapping: workgroup g takes the four points of group first + g, with SUMS those of every chunks-th group from there on; its
// invocations share the units of a layer, and of its columns four by four.
// Cost per point: 4 bytes (8 in f64) per column written (and read, where it accumulates), coordinate and term read; flops:
// 6 SLOTS per weight, and thrice the activations of layers/rows; four times, with gates.
// Needs 16 TILE bytes of workgroup memory (32 in f64), or SCRATCH. F64 needs SHADER_F64. IMMEDIATES needs 32 bytes, with SUMS 24;
// else a storage buffer.
#import common/network_rows

struct Four {
    a: real4,
    b: real4,
    c: real4,
    d: real4,
}

fn four_load(unit: u32, slot: u32) -> Four {
    let at = unit * SLOTS + slot;
    return Four(tile_get(at), tile_get(at + SLOTS), tile_get(at + 2u * SLOTS), tile_get(at + 3u * SLOTS));
}

fn add_product(sum: Four, bar: real4, h: Four) -> Four {
    return Four(sum.a + bar * h.a, sum.b + bar * h.b, sum.c + bar * h.c, sum.d + bar * h.d);
}

// The columns of φ_j, and h̄_L in the place of h_L.
fn turn_around(lane: u32, quad: Quad) {
    let last = places[1].z;
    for (var j = lane; j < last; j += LANES) {
        store_feature(j, quad);
        let c = parameters[places[0].w + j / 4u][j % 4u];
        for (var slot = 0u; slot < SLOTS; slot++) {
            tile_set((places[1].x + j) * SLOTS + slot, c * part_seeds[slot]);
        }
    }
    if lane == 0u {
        store(last, quad, part_seeds[0]);
    }
}

// h̄_{l−1}
fn transposed_product(layer: u32) -> Product {
    let units = places[2u + 2u * layer];
    return Product(places[1].x, units.z, units.y, (units.x + 3u) / 4u, places[3u + 2u * layer].z);
}

#if GATED
// h̄ of a unit; those of U and V are Ū and V̄.
fn load_bar(layer: u32, unit: u32) -> Jet {
    let width = places[1].z;
    return jet_load(place_of(layer, unit) + select(0u, 2u * width, layer == 0u && unit >= width));
}

// ḡ from h̄ of a gate g, whose parts go to Ū and V̄, which lie behind U and V.
fn pull_gate(layer: u32, unit: u32, z: Jet, s: Series, bar: Jet) -> Jet {
    if layer == 0u {
        return bar;
    }
    let width = places[1].z;
    let u_at = mixed_of(unit);
    let bar_at = u_at + 2u * width;
    let of_v = jet_pull(jet_compose(z, s), bar);
    let of_u = jet_subtract(bar, of_v);
    if layer + 1u == DEPTH {
        jet_store(bar_at, of_u);
        jet_store(bar_at + width, of_v);
    } else {
        jet_store(bar_at, jet_add(jet_load(bar_at), of_u));
        jet_store(bar_at + width, jet_add(jet_load(bar_at + width), of_v));
    }
    return jet_pull(jet_subtract(jet_load(u_at + width), jet_load(u_at)), bar);
}
#else
fn load_bar(layer: u32, unit: u32) -> Jet {
    return jet_load(place_of(layer, unit));
}

fn pull_gate(layer: u32, unit: u32, z: Jet, s: Series, bar: Jet) -> Jet {
    return bar;
}
#endif

// z̄_l in the place of z_l from h̄_l, or h_l.
fn activate(lane: u32, layer: u32, pulls: bool) {
    let units = places[2u + 2u * layer];
    for (var unit = lane; unit < units.y; unit += LANES) {
        let z = jet_load(units.z + unit);
        var s = series(z.s0);
        var bar = Jet();
        if pulls {
            bar = pull_gate(layer, unit, z, s, load_bar(layer, unit));
            s = slope_series(s);
        }
        let h = jet_compose(z, s);
        if pulls {
            jet_store(units.z + unit, jet_pull(h, bar));
        } else {
            jet_store(place_of(layer, unit), gate(layer, unit, h));
        }
    }
}

// The columns of one layer.
fn store_layer(lane: u32, layer: u32, quad: Quad) {
    let units = places[2u + 2u * layer];
    let first = places[1].z + 1u + places[3u + 2u * layer].w;
    let wide = (units.x + 3u) / 4u;
    let high = (units.y + 3u) / 4u;
    for (var item = lane; item < wide * high; item += LANES) {
        let i = 4u * (item / wide);
        let j = 4u * (item % wide);
        var sums: array<Four, 4>;
        for (var slot = 0u; slot < SLOTS; slot++) {
            let bar = four_load(units.z + i, slot);
            let h = four_load(units.w + j, slot);
            sums[0] = add_product(sums[0], bar.a, h);
            sums[1] = add_product(sums[1], bar.b, h);
            sums[2] = add_product(sums[2], bar.c, h);
            sums[3] = add_product(sums[3], bar.d, h);
        }
        let count = units.x - j;
        for (var row = 0u; row < min(4u, units.y - i); row++) {
            let column = first + (i + row) * units.x + j;
            let four = sums[row];
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
    }
    for (var i = lane; i < units.y; i += LANES) {
        store(first + units.x * units.y + i, quad, tile_get((units.z + i) * SLOTS));
    }
}

fn four_points(lane: u32, quad: Quad) {
    load_seeds(lane, quad);
    workgroupBarrier();
    embed(lane, quad);
    // A step for each layer on the way forward, and two on the way back: in one loop, so that a compiler meets each part once.
    for (var step = 0u; step < 3u * DEPTH; step++) {
        let back = max(step, DEPTH) - DEPTH;
        let ahead = step < DEPTH;
        let second = !ahead && (back & 1u) == 1u;
        let layer = select(DEPTH - 1u - back / 2u, step, ahead);
        tile_barrier();
        if step == DEPTH {
            turn_around(lane, quad);
        } else if !second {
            var product = layer_product(layer);
            if !ahead {
                product = transposed_product(layer + 1u);
            }
            multiply(lane, product, places[3u + 2u * layer].y, ahead);
        }
        tile_barrier();
        // Nothing is below the first layer.
        if !second || layer > 0u {
            activate(lane, select(layer, layer - 1u, second), !ahead && !second);
        }
        tile_barrier();
        if second {
            store_layer(lane, layer, quad);
        }
    }
}
