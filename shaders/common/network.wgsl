// Jets of a dense network at four points, by one workgroup: h_0 = e(x), z_l = W_l h_{l−1} + b_l, h_l = s(z_l).
//
// A jet is the truncated Taylor series u_α = ∂^α u/α!, α of a downward closed set of SLOTS multi-indices; generated/jet has the
// operations that depend on the set, and jets of the units of a layer lie one after another in the workgroup's tile. There,
// W_l multiplies a matrix of SLOTS columns: an invocation takes four units and one slot at a time. Of hidden layers the tile
// keeps z_l (where a reverse sweep follows), of all but the present one not h_l = s(z_l).
//
// Flag GATED: with units U and V of the first layer, which it computes after its own, h_l = U + s(z_l) (V − U) for the layers above it
// (Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43, 2021). In the tile, U and V stay behind the units of the present h.
//
// Flag SCRATCH: the tile lies in a buffer, which holds one for each workgroup; a network may be too large for the memory of a
// workgroup, or that too small. Surplus workgroups do not exist then.
//
// `parameters`, in groups of four filled up with zeros: centre and scale of each coordinate; phase and frequencies of each
// input; W_l by inputs, b_l and W_l by outputs for each layer; c.
// `places`: 0 (inputs, those that are coordinates, where they begin in `parameters`, where c begins); 1 (first unit of the
// present h, terms, units of the last layer, groups per input); from 2 on two for each layer, (inputs, outputs, first unit of z,
// first unit of the h before) and (W by inputs, b, W by outputs, parameters of the layers before); then for each term (slot, α!,
// 0, 0).
#import common/real
#import common/grid
#import common/activation
#import generated/jet

override LANES: u32 = 64u;
override DIMENSIONS: u32 = 1u;
override DEPTH: u32 = 1u;
// 1: some inputs are sines.
override WAVES: u32 = 0u;
// vec4s of the tile.
override TILE: u32 = 64u;

@group(0) @binding(1) var<storage, read> points: array<real4>;
@group(0) @binding(3) var<storage, read> parameters: array<real4>;
@group(0) @binding(4) var<storage, read> places: array<vec4<u32>>;
#if SCRATCH
@group(0) @binding(6) var<storage, read_write> scratch: array<real4>;

var<private> scratch_first: u32;

fn tile_get(at: u32) -> real4 {
    return scratch[scratch_first + at];
}

fn tile_set(at: u32, value: real4) {
    scratch[scratch_first + at] = value;
}

fn tile_barrier() {
    storageBarrier();
}
#else
var<workgroup> tile_jets: array<real4, TILE>;

fn tile_get(at: u32) -> real4 {
    return tile_jets[at];
}

fn tile_set(at: u32, value: real4) {
    tile_jets[at] = value;
}

fn tile_barrier() {
    workgroupBarrier();
}
#endif

// The four points of the workgroup.
struct Quad {
    q: u32,
    quads: u32,
    present: vec4<bool>,
}

fn quad_of(group: u32, first: u32, count: u32) -> Quad {
#if SCRATCH
    scratch_first = group * TILE;
#endif
    let quads = (count + 3u) / 4u;
    let q = first + group;
    let near = min(q, quads - 1u);
    return Quad(q, quads, vec4(4u * near) + vec4(0u, 1u, 2u, 3u) < vec4(count));
}

// h_0: coordinates y_i = (x_i − centre_i) scale_i, or sin(F·y + phase). Zero stands for what lies beyond the last point.
fn embed(lane: u32, quad: Quad) {
    let near = min(quad.q, quad.quads - 1u);
    let per_input = places[1].w;
    for (var m = lane; m < places[0].x; m += LANES) {
        let first = places[0].z + m * per_input;
        var value = real4(parameters[first].x);
        var slopes: array<real, 8>;
        for (var i = 0u; i < DIMENSIONS; i++) {
            let frame = parameters[i];
            let frequency = parameters[first + (i + 1u) / 4u][(i + 1u) % 4u];
            let x = select(real4(), points[i * quad.quads + near], quad.present);
            value += frequency * ((x - frame.x) * frame.y);
            slopes[i] = frequency * frame.y;
        }
        let z = jet_linear(value, slopes);
        if WAVES == 1u && m >= places[0].y {
            jet_store(m, jet_compose(z, sine_series(value)));
        } else {
            jet_store(m, z);
        }
    }
}

// Four units each of a matrix product, v_i ← Σ_j m_ij u_j.
struct Product {
    to: u32,      // the first v
    source: u32,  // the first u
    count: u32,   // of u
    groups: u32,  // of four v
    rows: u32,    // where m begins in `parameters`: for each j the m_ij, four by four
}

// All slots of a product, to which the value's slot adds the numbers from `bias` on, where there are any.
fn multiply(lane: u32, product: Product, bias: u32, has_bias: bool) {
    for (var item = lane; item < product.groups * SLOTS; item += LANES) {
        let group = item / SLOTS;
        let slot = item - group * SLOTS;
        let start = select(real4(), parameters[bias + group], has_bias && slot == 0u);
        var a = real4(start.x);
        var b = real4(start.y);
        var c = real4(start.z);
        var d = real4(start.w);
        for (var j = 0u; j < product.count; j++) {
            let m = parameters[product.rows + j * product.groups + group];
            let u = tile_get((product.source + j) * SLOTS + slot);
            a += m.x * u;
            b += m.y * u;
            c += m.z * u;
            d += m.w * u;
        }
        let at = (product.to + 4u * group) * SLOTS + slot;
        tile_set(at, a);
        tile_set(at + SLOTS, b);
        tile_set(at + 2u * SLOTS, c);
        tile_set(at + 3u * SLOTS, d);
    }
}

// z_l
fn layer_product(layer: u32) -> Product {
    let units = places[2u + 2u * layer];
    return Product(units.z, units.w, units.x, (units.y + 3u) / 4u, places[3u + 2u * layer].x);
}

#if GATED
// Where h of a unit is, first of the present ones. U and V begin after a multiple of four.
fn place_of(layer: u32, unit: u32) -> u32 {
    let width = places[1].z;
    let gap = (width + 3u) / 4u * 4u - width;
    return places[1].x + unit + select(0u, gap, layer == 0u && unit >= width);
}

// Where U of a gate is, which V follows after as many as the layer has.
fn mixed_of(unit: u32) -> u32 {
    return place_of(0u, places[1].z + unit);
}

// h from s(z): of a gate U + s(z) (V − U).
fn gate(layer: u32, unit: u32, s: Jet) -> Jet {
    if layer > 0u {
        let u = jet_load(mixed_of(unit));
        return jet_add(u, jet_multiply(s, jet_subtract(jet_load(mixed_of(unit) + places[1].z), u)));
    }
    return s;
}
#else
fn place_of(layer: u32, unit: u32) -> u32 {
    return places[1].x + unit;
}

fn gate(layer: u32, unit: u32, s: Jet) -> Jet {
    return s;
}
#endif

// All layers; the h of the last one are the present ones in the end.
fn forward(lane: u32, quad: Quad) {
    embed(lane, quad);
    tile_barrier();
    for (var layer = 0u; layer < DEPTH; layer++) {
        multiply(lane, layer_product(layer), places[3u + 2u * layer].y, true);
        tile_barrier();
        let units = places[2u + 2u * layer];
        for (var unit = lane; unit < units.y; unit += LANES) {
            let z = jet_load(units.z + unit);
            jet_store(place_of(layer, unit), gate(layer, unit, jet_compose(z, series(z.s0))));
        }
        tile_barrier();
    }
}
