// y_i ← y_i + d_i x_i, and the partial sums of x·y   (the damping of JᵀJ: with y = JᵀJx before, y = (JᵀJ + diag d)x)
//
// Bindings: params; 1 control, words as in common/cg: nothing is done unless the first is zero, and the partial sums go to
// the words from 16 on; 2 d, read; 3 x, read; 4 y, read and written: n4 vec4s each.
// Mapping: `groups` workgroups, each with a contiguous share of the vec4s.
// Cost per vec4: 64 bytes moved (128 in f64), 16 flops.
// Needs LANES scalars of workgroup memory. SUBGROUPS needs SUBGROUP, else a tree in workgroup memory. F64 needs
// SHADER_F64. IMMEDIATES needs 8 bytes of them; else a storage buffer.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

const SUMS: u32 = 16u;

struct Params {
    n4: u32,
    groups: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> d: array<real4>;
@group(0) @binding(3) var<storage, read> x: array<real4>;
@group(0) @binding(4) var<storage, read_write> y: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    let live = group < params.groups && control[0] == 0.0;
    var sum: real = 0.0;
    let share = contiguous_share(group, params.groups, select(0u, params.n4, live), LANES);
    for (var i = share.first + lane; i < share.end; i += LANES) {
        let damped = y[i] + d[i] * x[i];
        y[i] = damped;
        sum += dot(damped, x[i]);
    }
    sum = workgroup_sum(sum, lane);
    if live && lane == 0u {
        control[SUMS + group] = sum;
    }
}
