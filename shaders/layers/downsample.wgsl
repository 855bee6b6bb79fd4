// y(C) = a Σ_p w_pC x(p): the adjoint of layers/upsample, with the same weights w. Nearest with a = 1/2ᵈ averages the 2ᵈ cells of a
// coarse cell, of which those that odd extents leave out count as 0.
//
// Bindings: params; 1 x, read, 2 y, written: planes of a vec4 per cell for four channels each, cells (image, z, y, x) row after row.
// Mapping: an invocation per vec4 of y.
// Cost per cell and channel of x: 4 bytes (8 in f64) and 1/8 of that of y; 1 flop, TRILINEAR 16.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 28 bytes (32 in f64); else a storage buffer.
#import common/resample

@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;

// The weight of fine cell i for coarse cell C along an axis of n cells: that of layers/upsample.
fn weight_of(i: u32, coarse: u32, n: u32) -> real {
#if TRILINEAR
    let own = select(0.0, 0.75, i / 2u == coarse);
    let next = select(0.0, 0.25, next_of(i, n) == coarse);
    return real(select(0.0, own + next, i < n));
#else
    return select(real(0.0), real(1.0), i < n);
#endif
}

#if TRILINEAR
const REACH: u32 = 1u;
#else
const REACH: u32 = 0u;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let wide = halved(params.nx);
    let high = halved(params.ny);
    let place = place_of(i / wide, high, halved(params.nz));
    if place.image < params.images * params.quads {
        let cell = i % wide;
        var sum = real4();
        for (var k = 0u; k < 2u + 2u * REACH; k++) {
            // Numbers below 0 wrap around and weigh nothing, as those past the end.
            let z = 2u * place.z + k - REACH;
            let weight_z = weight_of(z, place.z, params.nz);
            for (var j = 0u; j < 2u + 2u * REACH; j++) {
                let y = 2u * place.y + j - REACH;
                let weight_y = weight_z * weight_of(y, place.y, params.ny);
                if weight_y > 0.0 {
                    let row = ((place.image * params.nz + z) * params.ny + y) * params.nx;
                    for (var h = 0u; h < 2u + 2u * REACH; h++) {
                        let at = 2u * cell + h - REACH;
                        let weight = weight_y * weight_of(at, cell, params.nx);
                        sum += weight * x[row + min(at, params.nx - 1u)];
                    }
                }
            }
        }
        y[i] = params.scale * sum;
    }
}
