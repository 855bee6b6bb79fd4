// errors_i = (a_i − (s − b')) + (b_i − b')  with  s = fl(a_i + b_i), b' = fl(s − a_i)   (Knuth's TwoSum)
//
// errors_i is the plain form, errors_{n+i} the form of common/two_sum, which hides each intermediate behind a zero: the
// host compares both with the exact error to learn whether the device's compiler deletes them.
//
// Bindings: params; 1 a, read, n f32; 2 b, read, n f32; 3 zero, read, one u32 that must be 0; 4 errors, written, 2 n f32.
// Mapping: one invocation per element over a one- or two-dimensional grid.
// Cost per element: 16 bytes moved, 12 flops.
// Needs nothing beyond WebGPU. IMMEDIATES needs 4 bytes of them; else a storage buffer.
#import common/grid
#import common/two_sum

override LANES: u32 = 64u;

struct Params {
    n: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> zero: array<u32>;
@group(0) @binding(4) var<storage, read_write> errors: array<f32>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if i < params.n {
        let s = a[i] + b[i];
        let b_part = s - a[i];
        errors[i] = (a[i] - (s - b_part)) + (b[i] - b_part);
        errors[params.n + i] = two_sum(a[i], b[i], zero[0]).y;
    }
}
