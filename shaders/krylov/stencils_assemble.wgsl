// The coefficients of the symmetric stencils of common/stencils from the numbers that a network gave:
//     d(p) = s(p)² (κ + (1 − κ)(1 + n_0(p))² + (1 + ε) Σ_t |n_t(p)| + |n_t(p − t)|),   c_t(p) = s(p) n_t(p) s(p + t),
// sums over edges between unknowns. A matrix of that form is diagonally dominant but for S, hence positive definite (Horn and Johnson,
// Matrix Analysis, 2nd ed., 2013, theorem 6.1.10). The c_t are cut to the upper 16 bits of an f32, an edge alike from both of its ends,
// and ε = 2⁻⁷ keeps the dominance: a preconditioner needs no more digits, and halves are read twice as fast.
//
// Bindings: 1 n: planes of a vec4 per cell for four channels each. 2 s, each row of cells padded to a multiple of 4. 3 coefficients,
//     written: d in f32, as s; then for each two of c_0(p), c_0(p − t), c_1(p), … a vec4 for four cells: two words of the first, two of the
//     second, the earlier cell in the lower half of a word. 0 in the padding.
// Mapping: an invocation per four numbers of s.
// Cost per cell: 3 + 2 edges reals and 4 (edges + 1) bytes; 20 flops per edge.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 28 bytes; else a storage buffer.
#import common/stencils

@group(0) @binding(1) var<storage, read> n: array<real>;
@group(0) @binding(2) var<storage, read> s: array<real>;
@group(0) @binding(3) var<storage, read_write> coefficients: array<vec4<u32>>;

const EXCESS: real = 1.0078125;

// n_t of the edge between two cells that begins in the first, and s of the second; 0 unless both are unknowns.
fn between(begin: u32, end: u32, other: u32, edge: u32) -> real2 {
    let other_s = select(0.0, s[in_vector(select(other, 0u, other == OUTSIDE))], other != OUTSIDE);
    let value = n[channel_of(1u + edge, select(begin, 0u, begin == OUTSIDE))];
    return select(real2(), real2(value, other_s), other_s > 0.0 && end != OUTSIDE);
}

// The upper half of an f32.
fn upper(value: real) -> u32 {
    return bitcast<u32>(f32(value)) >> 16u;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let q = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let quads = params.stride / 4u;
    if q < quads {
        let row = 4u * q / params.padded;
        let first = 4u * q - row * params.padded;
        var sums = real4();
        for (var edge = 0u; edge < params.edges; edge++) {
            var forward = vec4<u32>();
            var backward = vec4<u32>();
            for (var i = 0u; i < 4u; i++) {
                let cell = row * params.nx + min(first + i, params.nx - 1u);
                let own = select(0.0, s[4u * q + i], first + i < params.nx);
                let next = neighbour_of(cell, edge, false);
                let last = neighbour_of(cell, edge, true);
                let ahead = between(cell, next, next, edge);
                let behind = between(last, cell, last, edge);
                sums[i] += select(0.0, abs(ahead.x) + abs(behind.x), own > 0.0);
                // The products are taken in the same order from both ends.
                forward[i] = upper(select(0.0, own * ahead.x * ahead.y, own > 0.0));
                backward[i] = upper(select(0.0, behind.y * behind.x * own, own > 0.0));
            }
            coefficients[(1u + edge) * quads + q] = vec4(
                forward.x | (forward.y << 16u),
                forward.z | (forward.w << 16u),
                backward.x | (backward.y << 16u),
                backward.z | (backward.w << 16u),
            );
        }
        var diagonal = vec4<u32>();
        for (var i = 0u; i < 4u; i++) {
            let cell = row * params.nx + min(first + i, params.nx - 1u);
            let own = select(0.0, s[4u * q + i], first + i < params.nx);
            let gain = 1.0 + n[channel_of(0u, cell)];
            let sum = KAPPA + (1.0 - KAPPA) * gain * gain + EXCESS * sums[i];
            diagonal[i] = bitcast<u32>(f32(select(0.0, own * own * sum, own > 0.0)));
        }
        coefficients[q] = diagonal;
    }
}
