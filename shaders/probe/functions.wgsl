// y_i = sin x_i,  y_{n+i} = cos x_i,  y_{2n+i} = exp x_i,  y_{3n+i} = tanh x_i,  y_{4n+i} = log |x_i|
//
// The device's own functions, as they are: the host compares them with f64 to learn how accurate they are.
//
// Bindings: params; 1 x, read, n f32; 2 y, written, 5 n f32.
// Mapping: one invocation per element over a one- or two-dimensional grid.
// Cost per element: 24 bytes moved, 5 function values (counted as 5 flops).
// Needs nothing beyond WebGPU. IMMEDIATES needs 4 bytes of them; else a storage buffer.
#import common/grid

override LANES: u32 = 64u;

struct Params {
    n: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let n = params.n;
    if i < n {
        y[i] = sin(x[i]);
        y[n + i] = cos(x[i]);
        y[2u * n + i] = exp(x[i]);
        y[3u * n + i] = tanh(x[i]);
        y[4u * n + i] = log(abs(x[i]));
    }
}
