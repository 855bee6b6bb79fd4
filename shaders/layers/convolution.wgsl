// y_o(p) = s(Σ_t Σ_i W_oi(t) x_i(p + t) + b_o) + r_o(p): a convolution of images with zeros around them, stride 1, s(z) = z or
// max(z, 0), t ∈ {−1, 0, 1}ᵈ or t = 0; as an implicit product of matrices (Chellapilla, Puri & Simard, IWFHR 2006). TRANSPOSED: the
// adjoint, x̄_i(p) = Σ_t Σ_o W_oi(t) z̄_o(p − t), then + r_i(p), or 0 wherever r_i(p) ≤ 0: the way back through max(·, 0).
//
// Bindings: params; 1 parameters, read: from vec4 first4 on, for each quad of layer outputs, quad of layer inputs and tap (z, y, x)
// a block of four vec4s, W for four outputs by one input each; then b. 2 x, read; 3 y, written: images as planes of a vec4 per cell,
// one for each four channels, cells (image, z, y, x) row after row. EXTRA: 4 r, read, as y.
// Mapping: an invocation takes eight cells of a row, and QUADS quads of channels of y; those of a workgroup the same channels.
// SUBGROUPS: eight invocations load eight of the vec4s of W, and read them from each other.
// Cost per cell: 2 · taps · inputs · outputs flops; 4 bytes (8 in f64) per channel of x, y and r. For each quad of x and row of taps
// an invocation loads 10 vec4s of x, and for each tap 4 QUADS of W (QUADS / 2 with SUBGROUPS).
// Needs nothing beyond WebGPU; 32 QUADS sums per invocation want many registers or a near cache. SUBGROUPS needs SUBGROUP and
// subgroups of eight invocations or more. F64 needs SHADER_F64. IMMEDIATES needs 48 bytes; else a storage buffer.
#import common/convolution
#import common/grid

override LANES: u32 = 64u;
// Quads of channels of y that an invocation takes: 1, 2 or 4.
override QUADS: u32 = 1u;

struct Params {
    nx: u32,
    ny: u32,
    nz: u32,
    images: u32,
    in_quads: u32,
    out_quads: u32,
    first4: u32,
    reach_z: u32,
    runs: u32,     // of eight cells in a row
    groups: u32,   // workgroups for each QUADS quads of channels of y
    relu: u32,     // 1: s(z) = max(z, 0)
    gate: u32,     // 1: 0 where r ≤ 0, in place of + r
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> parameters: array<real4>;
@group(0) @binding(2) var<storage, read> x: array<real4>;
@group(0) @binding(3) var<storage, read_write> y: array<real4>;
#if EXTRA
@group(0) @binding(4) var<storage, read> r: array<real4>;
#endif

// Eight cells of a row, for four channels.
struct Eight {
    left: real4x4,
    right: real4x4,
}

fn plus(sums: Eight, w: real4x4, x: Eight) -> Eight {
    return Eight(plus_product(sums.left, w, x.left), plus_product(sums.right, w, x.right));
}

// The cells one further, of which the last is `next`.
fn shifted(x: Eight, next: real4) -> Eight {
    return Eight(
        real4x4(x.left[1], x.left[2], x.left[3], x.right[0]),
        real4x4(x.right[1], x.right[2], x.right[3], next),
    );
}

// Where the block of W for the quads `out` of y, or the last one, and `in` of x begins, for a tap.
fn place_of_block(out: u32, in: u32, tap: u32, taps: u32) -> u32 {
    let last = min(out, params.out_quads - 1u);
#if TRANSPOSED
    return params.first4 + 4u * ((in * params.out_quads + last) * taps + taps - 1u - tap);
#else
    return params.first4 + 4u * ((last * params.in_quads + in) * taps + tap);
#endif
}

fn block(a: real4, b: real4, c: real4, d: real4) -> real4x4 {
#if TRANSPOSED
    return transpose(real4x4(a, b, c, d));
#else
    return real4x4(a, b, c, d);
#endif
}

// W for the quads `out` and out + 1 of y, a block for each.
struct Pair {
    first: real4x4,
    second: real4x4,
}

fn pair_of(out: u32, in: u32, tap: u32, taps: u32, lane: u32) -> Pair {
#if SUBGROUPS
    let own = parameters[place_of_block(out + lane / 4u % 2u, in, tap, taps) + lane % 4u];
    return Pair(
        block(
            subgroupBroadcast(own, 0u),
            subgroupBroadcast(own, 1u),
            subgroupBroadcast(own, 2u),
            subgroupBroadcast(own, 3u),
        ),
        block(
            subgroupBroadcast(own, 4u),
            subgroupBroadcast(own, 5u),
            subgroupBroadcast(own, 6u),
            subgroupBroadcast(own, 7u),
        ),
    );
#else
    let a = place_of_block(out, in, tap, taps);
    let b = place_of_block(out + 1u, in, tap, taps);
    return Pair(
        block(parameters[a], parameters[a + 1u], parameters[a + 2u], parameters[a + 3u]),
        block(parameters[b], parameters[b + 1u], parameters[b + 2u], parameters[b + 3u]),
    );
#endif
}

fn biases(out: u32, taps: u32) -> Eight {
#if TRANSPOSED
    return Eight();
#else
    let first = params.first4 + 4u * params.out_quads * params.in_quads * taps;
    let b = parameters[first + min(out, params.out_quads - 1u)];
    return Eight(real4x4(b, b, b, b), real4x4(b, b, b, b));
#endif
}

fn store(plane: u32, cell: u32, sum: real4) {
    if cell < params.nx {
        let at = plane + cell;
        // NaN stays.
        var result = select(sum, real4(), vec4(params.relu == 1u) & (sum < real4()));
#if EXTRA
        result = select(result + r[at], select(real4(), result, r[at] > real4()), params.gate == 1u);
#endif
        y[at] = result;
    }
}

fn store_eight(out: u32, row: u32, cell: u32, sums: Eight) {
    if out < params.out_quads {
        let plane = (out * params.images * params.nz * params.ny + row) * params.nx;
        store(plane, cell, sums.left[0]);
        store(plane, cell + 1u, sums.left[1]);
        store(plane, cell + 2u, sums.left[2]);
        store(plane, cell + 3u, sums.left[3]);
        store(plane, cell + 4u, sums.right[0]);
        store(plane, cell + 5u, sums.right[1]);
        store(plane, cell + 6u, sums.right[2]);
        store(plane, cell + 7u, sums.right[3]);
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    let out = group / params.groups * QUADS;
    if out < params.out_quads {
        let rows = params.images * params.nz * params.ny;
        let run = (group % params.groups) * LANES + lane;
        // What is too much computes the last row again, as the others read its W.
        let row = min(run / params.runs, rows - 1u);
        let cell = 8u * (run % params.runs);
        let tap_rows = (2u * params.reach_z + 1u) * STEPS;
        let taps = tap_rows * STEPS;
        var s0 = biases(out, taps);
        var s1 = biases(out + 1u, taps);
        var s2 = biases(out + 2u, taps);
        var s3 = biases(out + 3u, taps);
        for (var in = 0u; in < params.in_quads; in++) {
            for (var j = 0u; j < tap_rows; j++) {
                let seen = row_seen(row, j, in);
                let begin = cell - REACH;
                var v = Eight(values(seen, begin), values(seen, begin + 4u));
                var next = value(seen, begin + 8u);
                let last = value(seen, begin + 9u);
                for (var t = 0u; t < STEPS; t++) {
                    let w = pair_of(out, in, j * STEPS + t, taps, lane);
                    s0 = plus(s0, w.first, v);
                    if QUADS > 1u {
                        s1 = plus(s1, w.second, v);
                    }
                    if QUADS > 2u {
                        let w = pair_of(out + 2u, in, j * STEPS + t, taps, lane);
                        s2 = plus(s2, w.first, v);
                        s3 = plus(s3, w.second, v);
                    }
                    v = shifted(v, next);
                    next = last;
                }
            }
        }
        if run / params.runs < rows {
            store_eight(out, row, cell, s0);
            if QUADS > 1u {
                store_eight(out + 1u, row, cell, s1);
            }
            if QUADS > 2u {
                store_eight(out + 2u, row, cell, s2);
                store_eight(out + 3u, row, cell, s3);
            }
        }
    }
}
