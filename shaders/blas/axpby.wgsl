// y_i = α x_i + β y_i   (BLAS level 1, axpby)
//
// With β = 0 the old y is not used at all, so a y of NaN is overwritten.
//
// Bindings: params; 1 x, read, n4 vec4s; 2 y, read and written, n4 vec4s.
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups of a one- or two-dimensional grid.
// Cost per vec4: 48 bytes moved (96 in f64), 12 flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 16 bytes (24 in f64); else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    groups: u32,
    alpha: real,
    beta: real,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let share = contiguous_share(group, params.groups, params.n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            // A branch: 0 times NaN would be NaN.
            if params.beta == 0.0 {
                y[i] = params.alpha * x[i];
            } else {
                y[i] = params.alpha * x[i] + params.beta * y[i];
            }
        }
    }
}
