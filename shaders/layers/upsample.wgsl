// y(p) = a Σ_C w_pC x(C) + r(p): a finer image from one whose cells are two cells wide along each axis. Nearest: w = 1 for the coarse
// cell that p lies in. TRILINEAR: products over the axes of ¾ for that cell and ¼ for the nearer of its neighbours, or for itself at
// a side; the factors of resampling by two at cell centres (Mohr and Wienands, Comput. Vis. Sci. 7, 2004, section 3).
//
// Bindings: params; 1 x, read, 2 y, written: planes of a vec4 per cell for four channels each, cells (image, z, y, x) row after row.
// EXTRA: 3 r, read, as y.
// Mapping: an invocation per vec4 of y.
// Cost per cell and channel: 4 bytes (8 in f64) of y and of r, 1/8 of that of x; 2 flops, TRILINEAR 16.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 28 bytes (32 in f64); else a storage buffer.
#import common/resample

@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;
#if EXTRA
@group(0) @binding(3) var<storage, read> r: array<real4>;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let row = i / params.nx;
    // The planes are more images.
    let place = place_of(row, params.ny, params.nz);
    if place.image < params.images * params.quads {
        let cell = i % params.nx;
        let wide = halved(params.nx);
        let high = halved(params.ny);
        let first = place.image * halved(params.nz);
#if TRILINEAR
        let cells_x = vec2(cell / 2u, next_of(cell, params.nx));
        let cells_y = vec2(place.y / 2u, next_of(place.y, params.ny));
        let cells_z = vec2(place.z / 2u, next_of(place.z, params.nz));
        var sum = real4();
        for (var k = 0u; k < 8u; k++) {
            let at = vec3(cells_x[k & 1u], cells_y[(k >> 1u) & 1u], cells_z[k >> 2u]);
            let far = countOneBits(k);
            let weight = select(select(0.140625, 0.421875, far == 0u), select(0.015625, 0.046875, far == 2u), far >= 2u);
            sum += real(weight) * x[((first + at.z) * high + at.y) * wide + at.x];
        }
#else
        let sum = x[((first + place.z / 2u) * high + place.y / 2u) * wide + cell / 2u];
#endif
        var result = params.scale * sum;
#if EXTRA
        result += r[i];
#endif
        y[i] = result;
    }
}
