// W̄_oi(t) = Σ_p z̄_o(p) x_i(p + t),  b̄_o = Σ_p z̄_o(p): the gradient of a convolution (layers/convolution) by its parameters, summed
// over the cells of one chunk of rows; features/partial_sum adds the chunks.
//
// Bindings: params; 1 x and 2 z̄, read, planes of a vec4 per cell as in layers/convolution; 3 partials, written: for each chunk
// stride4 vec4s, laid out as the parameters are.
// Mapping: an invocation takes the rows of a chunk, QUADS quads of outputs, four inputs and a row of taps: 48 QUADS sums, as it goes
// along x by four cells. Four invocations in a row have the same outputs. SUBGROUPS: each of them loads z̄ at one of the four cells,
// and they read them from each other. At most 60,000 cells per chunk.
// Cost per cell: 2 · taps · inputs · outputs flops; 4 bytes (8 in f64) per channel of x and z̄. For each four cells an invocation loads
// 4 vec4s of x, and 4 QUADS of z̄ (QUADS with SUBGROUPS).
// Needs nothing beyond WebGPU; many sums want many registers or a near cache. SUBGROUPS needs SUBGROUP, LANES = 8 and subgroups
// of eight invocations or more. F64 needs SHADER_F64. IMMEDIATES needs 40 bytes; else a storage buffer.
#import common/convolution
#import common/grid

override LANES: u32 = 64u;
// Quads of outputs that an invocation takes: 1, 2 or 4.
override QUADS: u32 = 1u;

struct Params {
    nx: u32,
    ny: u32,
    nz: u32,
    images: u32,
    in_quads: u32,
    out_quads: u32,
    reach_z: u32,
    chunks: u32,
    rows: u32,     // per chunk
    stride4: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read> z_bar: array<real4>;
@group(0) @binding(3) var<storage, read_write> partials: array<real4>;

// Of a quad of outputs: W̄ for the taps of a row, a column for each input, and b̄.
struct Sums {
    before: real4x4,
    here: real4x4,
    behind: real4x4,
    bias: real4,
}

// x at four cells, at those before and at those behind them: a column for each input.
struct Inputs {
    before: real4x4,
    here: real4x4,
    behind: real4x4,
}

// z̄ of a quad of outputs at a cell of a row, 0 beside the row.
fn gradient(row: Row, cell: u32) -> real4 {
    return select(real4(), z_bar[row.first + min(cell, params.nx - 1u)], cell < row.cells);
}

// The same at four cells.
fn gradients(row: Row, cell: u32, lane: u32) -> real4x4 {
#if SUBGROUPS
    let own = gradient(row, cell + lane % 4u);
    let first = lane / 4u * 4u;
    return real4x4(
        subgroupShuffle(own, first),
        subgroupShuffle(own, first + 1u),
        subgroupShuffle(own, first + 2u),
        subgroupShuffle(own, first + 3u),
    );
#else
    return real4x4(
        gradient(row, cell),
        gradient(row, cell + 1u),
        gradient(row, cell + 2u),
        gradient(row, cell + 3u),
    );
#endif
}

fn plus(sums: Sums, g: real4x4, v: Inputs) -> Sums {
    return Sums(
        plus_product(sums.before, g, v.before),
        plus_product(sums.here, g, v.here),
        plus_product(sums.behind, g, v.behind),
        sums.bias + ((g[0] + g[1]) + (g[2] + g[3])),
    );
}

fn store_block(at: u32, sums: real4x4) {
    partials[at] = sums[0];
    partials[at + 1u] = sums[1];
    partials[at + 2u] = sums[2];
    partials[at + 3u] = sums[3];
}

// The sums for the quads `out` of outputs and `in` of inputs, and for row j of `tap_rows`, in the partials that begin at `first`.
fn store(first: u32, out: u32, in: u32, j: u32, tap_rows: u32, sums: Sums) {
    if out < params.out_quads {
        let taps = tap_rows * STEPS;
        let at = first + 4u * ((out * params.in_quads + in) * taps + j * STEPS);
        if REACH == 1u {
            store_block(at, sums.before);
            store_block(at + 8u, sums.behind);
        }
        store_block(at + 4u * REACH, sums.here);
        if in == 0u && j == 0u {
            partials[first + 4u * params.out_quads * params.in_quads * taps + out] = sums.bias;
        }
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first_number = linear_workgroup(workgroup, workgroups) * LANES;
    let tap_rows = (2u * params.reach_z + 1u) * STEPS;
    // Of the inputs and rows of taps; what fills up fours computes the last inputs again, as the others read its z̄.
    let items = tap_rows * params.in_quads;
    let padded = (items + 3u) / 4u * 4u;
    let out_groups = (params.out_quads + QUADS - 1u) / QUADS;
    if first_number < params.chunks * out_groups * padded {
        let number = first_number + lane;
        let item = number % padded;
        let j = item % tap_rows;
        let in = min(item / tap_rows, params.in_quads - 1u);
        let out = number / padded % out_groups * QUADS;
        let chunk = number / padded / out_groups;
        let all_rows = params.images * params.nz * params.ny;
        let plane = all_rows * params.nx;
        var s0 = Sums();
        var s1 = Sums();
        var s2 = Sums();
        var s3 = Sums();
        for (var k = 0u; k < params.rows; k++) {
            let wanted = chunk * params.rows + k;
            let own = min(wanted, all_rows - 1u);
            let counting = select(0u, params.nx, wanted < all_rows);
            let seen = row_seen(own, j, in);
            let z0 = Row(min(out, params.out_quads - 1u) * plane + own * params.nx, counting);
            let z1 = Row(min(out + 1u, params.out_quads - 1u) * plane + own * params.nx, counting);
            let z2 = Row(min(out + 2u, params.out_quads - 1u) * plane + own * params.nx, counting);
            let z3 = Row(min(out + 3u, params.out_quads - 1u) * plane + own * params.nx, counting);
            var left = real4();
            var here = value(seen, 0u);
            for (var cell = 0u; cell < params.nx; cell += 4u) {
                let right = values(seen, cell + 1u);
                let v = Inputs(
                    transpose(real4x4(left, here, right[0], right[1])),
                    transpose(real4x4(here, right[0], right[1], right[2])),
                    transpose(right),
                );
                s0 = plus(s0, gradients(z0, cell, lane), v);
                if QUADS > 1u {
                    s1 = plus(s1, gradients(z1, cell, lane), v);
                }
                if QUADS > 2u {
                    s2 = plus(s2, gradients(z2, cell, lane), v);
                    s3 = plus(s3, gradients(z3, cell, lane), v);
                }
                left = right[2];
                here = right[3];
            }
        }
        if chunk < params.chunks && item < items {
            let first = chunk * params.stride4;
            store(first, out, in, j, tap_rows, s0);
            if QUADS > 1u {
                store(first, out + 1u, in, j, tap_rows, s1);
            }
            if QUADS > 2u {
                store(first, out + 2u, in, j, tap_rows, s2);
                store(first, out + 3u, in, j, tap_rows, s3);
            }
        }
    }
}
