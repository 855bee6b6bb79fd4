// The gradient of Σ f̄ᵀ W f over columns by the numbers n that the stencil W of common/stencils is made of: with x = S f and h = S f̄,
//     n̄_0(p) = 2 (1 − κ)(1 + n_0(p)) x(p) h(p)
//     n̄_t(p) = sign(n_t(p)) (x(p) h(p) + x(q) h(q)) + x(p) h(q) + x(q) h(p),   q = p + t,
// 0 where p or q is no unknown: the derivative of the quadratic form. As W is symmetric, f and f̄ are equal partners.
//
// Bindings: 1 n: planes of a vec4 per cell for four channels each. 2 s, each row of cells padded to a multiple of 4. 3 f, 4 f_bar: as s
//     for each column. 5 n_bar, written: as n; 0 in channels that fill up the last plane.
// Mapping: an invocation per cell.
// Cost per cell: reals 2 (edges + 1) and 2 of each column; 10 flops per edge and column.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 28 bytes; else a storage buffer.
#import common/stencils

@group(0) @binding(1) var<storage, read> n: array<real>;
@group(0) @binding(2) var<storage, read> s: array<real>;
@group(0) @binding(3) var<storage, read> f: array<real>;
@group(0) @binding(4) var<storage, read> f_bar: array<real>;
@group(0) @binding(5) var<storage, read_write> n_bar: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let cell = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if cell < params.nx * params.ny * params.nz {
        let at = in_vector(cell);
        let own = s[at];
        var square: real = 0.0;
        for (var column = 0u; column < params.columns; column++) {
            square += f[column * params.stride + at] * f_bar[column * params.stride + at];
        }
        square *= own * own;
        n_bar[channel_of(0u, cell)] = 2.0 * (1.0 - KAPPA) * (1.0 + n[channel_of(0u, cell)]) * square;
        for (var edge = 0u; edge < params.edges; edge++) {
            let next = neighbour_of(cell, edge, false);
            let to = in_vector(select(next, cell, next == OUTSIDE));
            let next_s = select(0.0, s[to], next != OUTSIDE);
            var squares: real = 0.0;
            var products: real = 0.0;
            for (var column = 0u; column < params.columns; column++) {
                let first = column * params.stride;
                let x = own * f[first + at];
                let h = own * f_bar[first + at];
                let next_x = next_s * f[first + to];
                let next_h = next_s * f_bar[first + to];
                squares += x * h + next_x * next_h;
                products += x * next_h + next_x * h;
            }
            let sum = sign(n[channel_of(1u + edge, cell)]) * squares + products;
            n_bar[channel_of(1u + edge, cell)] = select(0.0, sum, own > 0.0 && next_s > 0.0);
        }
        let channels = params.edges + 1u;
        for (var channel = channels; channel < (channels + 3u) / 4u * 4u; channel++) {
            n_bar[channel_of(channel, cell)] = 0.0;
        }
    }
}
