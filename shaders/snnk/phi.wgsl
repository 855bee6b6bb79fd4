// Φ_pl = exp(c_l + v_l·x_p − r_l |x_p|²), or with EXPONENTIAL = 0 max(v_l·x_p, 0): scalable neural network kernels (Sehanobish et
// al., ICLR 2024, arXiv 2310.13225). In the symbols of that paper, of the wave a cos(ωz + φ) of feature l and of its g:
// v = √(1+4M) ρ g, r = ρ²/2, c = log(√(|a|/m) (1+4M)^{d/4}) − M|g|²; for the arc-cosine kernel v = g/√m.
//
// A feature whose exponent (or value, for EXPONENTIAL = 0) is above `most`, or no number, is reported.
//
// Bindings: params; 1 points, read, a column of points_stride4 vec4s per coordinate; 2 features, read, per group of four 3 +
// dimensions vec4s: c, r, most, and v for each coordinate; 3 phi, written, a slab of columns of stride4 vec4s; 4 overflow,
// two words: the first feature that was reported, and the bits in f32 of the largest exponent.
// Mapping: an invocation takes four features and `steps` times two groups of four points, all LANES apart. Workgroup g: the
// points of group g mod point_groups, 2 LANES × steps quads of them, and the features 4⌊g / point_groups⌋ of the slab.
// Cost per entry: one real written, 4 bytes (8 in f64); for 32 of them also 3 vec4s read per coordinate, mostly from a cache.
// Flops: 2.5 per coordinate, and 22 for the exponential (32 in f64).
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 32 bytes; else a storage buffer.
#import common/real
#import common/grid
#import common/math
#import common/tile

override LANES: u32 = 64u;
override EXPONENTIAL: u32 = 1u;

struct Params {
    count: u32,           // points
    point_groups: u32,
    points_stride4: u32,
    dimensions: u32,
    begin: u32,           // the features of the slab; a multiple of four
    end: u32,
    stride4: u32,
    steps: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> points: array<real4>;
@group(0) @binding(2) var<storage, read> features: array<real4>;
@group(0) @binding(3) var<storage, read_write> phi: array<real4>;
@group(0) @binding(4) var<storage, read_write> overflow: array<atomic<u32>>;

fn are_nan(x: real4) -> vec4<bool> {
    return vec4(real_is_nan(x.x), real_is_nan(x.y), real_is_nan(x.z), real_is_nan(x.w));
}

fn report(l: u32, exponent: real) {
    atomicMin(&overflow[0], l);
    // Positive numbers, infinity and NaN are in the order of their bits.
    atomicMax(&overflow[1], bitcast<u32>(f32(exponent)) & 0x7fffffffu);
}

// The exponents, or the values, of feature l at four points.
fn store(l: u32, q: u32, most: real, z: real4) {
    if l >= params.end || 4u * q >= params.count {
        return;
    }
    let present = 4u * vec4(q) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
    let nan = are_nan(z);
    let over = present & (nan | (z > real4(most)));
    var value: real4;
    if EXPONENTIAL == 1u {
        value = real4(real_exp(z.x), real_exp(z.y), real_exp(z.z), real_exp(z.w));
    } else {
        value = select(select(real4(), z, z > real4()), z, nan);
    }
    phi[(l - params.begin) * params.stride4 + q] = select(real4(), value, present);
    if any(over) {
        for (var i = 0u; i < 4u; i++) {
            if over[i] {
                if EXPONENTIAL == 1u {
                    report(l, z[i]);
                } else {
                    report(l, real_log(z[i]));
                }
            }
        }
    }
}

fn store_tile(l: u32, q: u32, c: real4, r: real4, most: real4, z: Tile, squares: real4) {
    // An infinite square times r = 0 would be NaN.
    let square = min(squares, real4(REAL_MAX));
    store(l, q, most.x, c.x + (z.a - r.x * square));
    store(l + 1u, q, most.y, c.y + (z.b - r.y * square));
    store(l + 2u, q, most.z, c.z + (z.c - r.z * square));
    store(l + 3u, q, most.w, c.w + (z.d - r.w * square));
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    let block = group / params.point_groups;
    let last_quad = (params.count - 1u) / 4u;
    // What lies beyond is computed for the last of points and features, and not stored.
    let f = min(params.begin / 4u + block, (params.end - 1u) / 4u);
    let at = f * (3u + params.dimensions);
    let c = features[at];
    let r = features[at + 1u];
    let most = features[at + 2u];
    let l = params.begin + 4u * block;
    var q = (group - block * params.point_groups) * params.steps * 2u * LANES + lane;
    for (var step = 0u; step < params.steps; step++) {
        let first = min(q, last_quad);
        let second = min(q + LANES, last_quad);
        var z_first = Tile();
        var z_second = Tile();
        var square_first = real4();
        var square_second = real4();
        for (var i = 0u; i < params.dimensions; i++) {
            let v = features[at + 3u + i];
            let x_first = points[i * params.points_stride4 + first];
            let x_second = points[i * params.points_stride4 + second];
            z_first = tile_sum(z_first, tile_outer(x_first, v));
            z_second = tile_sum(z_second, tile_outer(x_second, v));
            square_first += x_first * x_first;
            square_second += x_second * x_second;
        }
        store_tile(l, q, c, r, most, z_first, square_first);
        store_tile(l, q + LANES, c, r, most, z_second, square_second);
        q += 2u * LANES;
    }
}
