// The coefficients of the symmetric stencils of common/stencils from the numbers that a network gave:
//     d(p) = s(p)² (κ + (1 − κ)(1 + n_0(p))² + Σ_t |n_t(p)| + |n_t(p − t)|),   c_t(p) = s(p) n_t(p) s(p + t),
// sums over edges between unknowns. A matrix of that form is diagonally dominant but for S, hence positive definite (Horn and Johnson,
// Matrix Analysis, 2nd ed., 2013, theorem 6.1.10).
//
// Bindings: 1 n: planes of a vec4 per cell for four channels each. 2 s, each row of cells padded to a multiple of 4. 3 coefficients,
//     written: d and then each c_t, arrays as s in f32; 0 in the padding.
// Mapping: an invocation per number of s.
// Cost per cell: 3 + edges reals and 4 (edges + 1) bytes; 10 flops per edge.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 28 bytes; else a storage buffer.
#import common/stencils

@group(0) @binding(1) var<storage, read> n: array<real>;
@group(0) @binding(2) var<storage, read> s: array<real>;
@group(0) @binding(3) var<storage, read_write> coefficients: array<f32>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.stride {
        let row = i / params.padded;
        let x = i - row * params.padded;
        let present = x < params.nx;
        let cell = row * params.nx + min(x, params.nx - 1u);
        let own = select(0.0, s[i], present);
        let gain = 1.0 + n[channel_of(0u, cell)];
        var sum = KAPPA + (1.0 - KAPPA) * gain * gain;
        for (var edge = 0u; edge < params.edges; edge++) {
            let next = neighbour_of(cell, edge, false);
            let next_s = select(0.0, s[in_vector(select(next, 0u, next == OUTSIDE))], next != OUTSIDE);
            let forward = select(0.0, n[channel_of(1u + edge, cell)], next_s > 0.0);
            let last = neighbour_of(cell, edge, true);
            let last_cell = select(last, 0u, last == OUTSIDE);
            let last_s = select(0.0, s[in_vector(last_cell)], last != OUTSIDE);
            let backward = select(0.0, n[channel_of(1u + edge, last_cell)], last_s > 0.0);
            sum += abs(forward) + abs(backward);
            coefficients[(1u + edge) * params.stride + i] = f32(select(0.0, own * forward * next_s, own > 0.0));
        }
        coefficients[i] = f32(select(0.0, own * own * sum, own > 0.0));
    }
}
