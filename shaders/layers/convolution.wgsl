// y_o(p) = s(Σ_t Σ_i W_oi(t) x_i(p + t) + b_o) + r_o(p): a convolution of images with zeros around them, stride 1, s(z) = z or
// max(z, 0), t ∈ {−1, 0, 1}ᵈ or t = 0; as an implicit product of matrices (Chellapilla, Puri & Simard, IWFHR 2006). TRANSPOSED: the
// adjoint, x̄_i(p) = Σ_t Σ_o W_oi(t) z̄_o(p − t), then + r_i(p), or 0 wherever r_i(p) ≤ 0: the way back through max(·, 0).
//
// Bindings: params; 1 parameters, read: from vec4 first4 on, for each quad of layer outputs, quad of layer inputs and tap (z, y, x)
// a block of four vec4s, W for four outputs by one input each; then b. 2 x, read; 3 y, written: images as planes of a vec4 per cell,
// one for each four channels, cells (image, z, y, x) row after row. EXTRA: 4 r, read, as y.
// Mapping: an invocation takes eight cells of a row, and four channels of y; those of a workgroup the same channels.
// Cost per cell: 2 · taps · inputs · outputs flops; 4 bytes (8 in f64) per channel of x, y and r.
// Needs nothing beyond WebGPU; F64 needs SHADER_F64. IMMEDIATES needs 52 bytes; else a storage buffer.
#import common/real
#import common/grid
#import common/images

override LANES: u32 = 64u;

struct Params {
    nx: u32,
    ny: u32,
    nz: u32,
    images: u32,
    in_quads: u32,
    out_quads: u32,
    first4: u32,
    reach: u32,    // 1: neighbours along x and y; 0: the cell itself
    reach_z: u32,
    runs: u32,     // of eight cells in a row
    groups: u32,   // workgroups for each quad of channels of y
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

alias real4x4 = mat4x4<real>;

// W for the quads of channels `out` of y and `in` of x, and for a tap.
fn block_of(out: u32, in: u32, tap: u32, taps: u32) -> real4x4 {
#if TRANSPOSED
    let at = params.first4 + 4u * ((in * params.out_quads + out) * taps + taps - 1u - tap);
    return transpose(real4x4(parameters[at], parameters[at + 1u], parameters[at + 2u], parameters[at + 3u]));
#else
    let at = params.first4 + 4u * ((out * params.in_quads + in) * taps + tap);
    return real4x4(parameters[at], parameters[at + 1u], parameters[at + 2u], parameters[at + 3u]);
#endif
}

fn times(w: real4x4, v: real4) -> real4 {
    return w[0] * v.x + w[1] * v.y + (w[2] * v.z + w[3] * v.w);
}

// x at a cell of the row that begins at `row`, 0 beside it. A number below 0 wraps around.
fn value(row: u32, cell: u32) -> real4 {
    return select(real4(), x[row + min(cell, params.nx - 1u)], cell < params.nx);
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

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    let out = group / params.groups;
    let run = (group % params.groups) * LANES + lane;
    let place = place_of(run / params.runs, params.ny, params.nz);
    if out < params.out_quads && place.image < params.images {
        let cell = 8u * (run % params.runs);
        let cells = params.images * params.nz * params.ny * params.nx;
        let steps = 2u * params.reach + 1u;
        let taps = (2u * params.reach_z + 1u) * steps * steps;
        var sum = real4();
#if !TRANSPOSED
        sum = parameters[params.first4 + 4u * params.out_quads * params.in_quads * taps + out];
#endif
        var s0 = sum;
        var s1 = sum;
        var s2 = sum;
        var s3 = sum;
        var s4 = sum;
        var s5 = sum;
        var s6 = sum;
        var s7 = sum;
        for (var in = 0u; in < params.in_quads; in++) {
            for (var j = 0u; j < taps / steps; j++) {
                // Numbers below 0 wrap around and are out of range, too.
                let row_z = place.z + j / steps - params.reach_z;
                let row_y = place.y + j % steps - params.reach;
                if row_z < params.nz && row_y < params.ny {
                    let row = in * cells + ((place.image * params.nz + row_z) * params.ny + row_y) * params.nx;
                    let v0 = value(row, cell);
                    let v1 = value(row, cell + 1u);
                    let v2 = value(row, cell + 2u);
                    let v3 = value(row, cell + 3u);
                    let v4 = value(row, cell + 4u);
                    let v5 = value(row, cell + 5u);
                    let v6 = value(row, cell + 6u);
                    let v7 = value(row, cell + 7u);
                    let here = block_of(out, in, j * steps + params.reach, taps);
                    s0 += times(here, v0);
                    s1 += times(here, v1);
                    s2 += times(here, v2);
                    s3 += times(here, v3);
                    s4 += times(here, v4);
                    s5 += times(here, v5);
                    s6 += times(here, v6);
                    s7 += times(here, v7);
                    if params.reach == 1u {
                        let before = block_of(out, in, 3u * j, taps);
                        s0 += times(before, value(row, cell - 1u));
                        s1 += times(before, v0);
                        s2 += times(before, v1);
                        s3 += times(before, v2);
                        s4 += times(before, v3);
                        s5 += times(before, v4);
                        s6 += times(before, v5);
                        s7 += times(before, v6);
                        let behind = block_of(out, in, 3u * j + 2u, taps);
                        s0 += times(behind, v1);
                        s1 += times(behind, v2);
                        s2 += times(behind, v3);
                        s3 += times(behind, v4);
                        s4 += times(behind, v5);
                        s5 += times(behind, v6);
                        s6 += times(behind, v7);
                        s7 += times(behind, value(row, cell + 8u));
                    }
                }
            }
        }
        let plane = out * cells + (run / params.runs) * params.nx;
        store(plane, cell, s0);
        store(plane, cell + 1u, s1);
        store(plane, cell + 2u, s2);
        store(plane, cell + 3u, s3);
        store(plane, cell + 4u, s4);
        store(plane, cell + 5u, s5);
        store(plane, cell + 6u, s6);
        store(plane, cell + 7u, s7);
    }
}
