// W̄_oi(t) = Σ_p z̄_o(p) x_i(p + t),  b̄_o = Σ_p z̄_o(p): the gradient of a convolution (layers/convolution) by its parameters, summed
// over the cells of one chunk of rows; features/partial_sum adds the chunks.
//
// Bindings: params; 1 x and 2 z̄, read, planes of a vec4 per cell as in layers/convolution; 3 partials, written: for each chunk
// stride4 vec4s, laid out as the parameters are.
// Mapping: an invocation takes the rows of a chunk, four outputs, four inputs and a row of taps: 48 sums, as it goes along x.
// At most 60,000 cells per chunk.
// Cost per cell: 2 · taps · inputs · outputs flops; 4 bytes (8 in f64) per channel of x and z̄.
// Needs nothing beyond WebGPU; F64 needs SHADER_F64. IMMEDIATES needs 48 bytes; else a storage buffer.
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
    reach: u32,
    reach_z: u32,
    chunks: u32,
    rows: u32,     // per chunk
    groups: u32,   // workgroups per chunk
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

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    let chunk = group / params.groups;
    let item = (group % params.groups) * LANES + lane;
    let steps = 2u * params.reach + 1u;
    let tap_rows = (2u * params.reach_z + 1u) * steps;
    let j = item % tap_rows;
    let in = (item / tap_rows) % params.in_quads;
    let out = item / (tap_rows * params.in_quads);
    if chunk < params.chunks && out < params.out_quads {
        let all_rows = params.images * params.nz * params.ny;
        let cells = all_rows * params.nx;
        var bias = real4();
        var before_x = real4();
        var before_y = real4();
        var before_z = real4();
        var before_w = real4();
        var here_x = real4();
        var here_y = real4();
        var here_z = real4();
        var here_w = real4();
        var behind_x = real4();
        var behind_y = real4();
        var behind_z = real4();
        var behind_w = real4();
        let end = min((chunk + 1u) * params.rows, all_rows);
        for (var row = chunk * params.rows; row < end; row++) {
            let place = place_of(row, params.ny, params.nz);
            // Numbers below 0 wrap around and are out of range, too.
            let from_z = place.z + j / steps - params.reach_z;
            let from_y = place.y + j % steps - params.reach;
            if from_z < params.nz && from_y < params.ny {
                let from_row = (place.image * params.nz + from_z) * params.ny + from_y;
                let x_at = in * cells + from_row * params.nx;
                let z_at = out * cells + row * params.nx;
                var left = real4();
                var middle = x[x_at];
                for (var i = 0u; i < params.nx; i++) {
                    let g = z_bar[z_at + i];
                    let right = select(real4(), x[x_at + min(i + 1u, params.nx - 1u)], i + 1u < params.nx);
                    bias += g;
                    before_x += left.x * g;
                    before_y += left.y * g;
                    before_z += left.z * g;
                    before_w += left.w * g;
                    here_x += middle.x * g;
                    here_y += middle.y * g;
                    here_z += middle.z * g;
                    here_w += middle.w * g;
                    behind_x += right.x * g;
                    behind_y += right.y * g;
                    behind_z += right.z * g;
                    behind_w += right.w * g;
                    left = middle;
                    middle = right;
                }
            }
        }
        let first = chunk * params.stride4;
        let taps = tap_rows * steps;
        let at = first + 4u * ((out * params.in_quads + in) * taps + j * steps + params.reach);
        partials[at] = here_x;
        partials[at + 1u] = here_y;
        partials[at + 2u] = here_z;
        partials[at + 3u] = here_w;
        if params.reach == 1u {
            partials[at - 4u] = before_x;
            partials[at - 3u] = before_y;
            partials[at - 2u] = before_z;
            partials[at - 1u] = before_w;
            partials[at + 4u] = behind_x;
            partials[at + 5u] = behind_y;
            partials[at + 6u] = behind_z;
            partials[at + 7u] = behind_w;
        }
        // The middle row of taps meets every cell.
        if in == 0u && j == tap_rows / 2u {
            partials[first + 4u * params.out_quads * params.in_quads * taps + out] = bias;
        }
    }
}
