// y_i = f(x_i),  f = sin, cos, exp, tanh, log or the sigmoid of common/math
//
// FUNCTION chooses f, from 0 in this order.
//
// Bindings: params; 1 x, read, n scalars padded to vec4s; 2 y, written, likewise (zeros in its padding).
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups of a one- or two-dimensional grid.
// Cost per vec4: 32 bytes moved (64 in f64), 4 function values of about 40 flops (60 in f64).
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 8 bytes of them; else a storage buffer.
#import common/math
#import common/grid

override LANES: u32 = 64u;
override FUNCTION: u32 = 0u;

struct Params {
    n: u32,
    groups: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;

fn value(x: real) -> real {
    switch FUNCTION {
        case 0u: { return real_sin(x); }
        case 1u: { return real_cos(x); }
        case 2u: { return real_exp(x); }
        case 3u: { return real_tanh(x); }
        case 4u: { return real_log(x); }
        default: { return real_sigmoid(x); }
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let n4 = (params.n + 3u) / 4u;
        let share = contiguous_share(group, params.groups, n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            let v = x[i];
            let values = real4(value(v.x), value(v.y), value(v.z), value(v.w));
            let inside = vec4(4u * i) + vec4(0u, 1u, 2u, 3u) < vec4(params.n);
            y[i] = select(real4(), values, inside);
        }
    }
}
