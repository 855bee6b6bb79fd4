// partials_g = Σ x_i y_i over the elements i of workgroup g   (BLAS level 1, dot; first of two passes, then blas/sum)
//
// Bindings: params; 1 x, read, n4 vec4s; 2 y, read, n4 vec4s; 3 partials, written, `groups` scalars. Binding x and y to
// one buffer gives the squared norm. The padding of the vectors must be zero.
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups; each leaves one scalar. The order of the sums
// depends on n4, groups and LANES only: the same input gives the same bits on one device.
// Cost per vec4: 32 bytes moved (64 in f64), 8 flops.
// Needs LANES scalars of workgroup memory. SUBGROUPS needs SUBGROUP, else a tree in workgroup memory. F64 needs
// SHADER_F64. IMMEDIATES needs 8 bytes of them; else a storage buffer.
#import common/real
#import common/grid
#import common/reduce

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    groups: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> x: array<real4>;
@group(0) @binding(2) var<storage, read> y: array<real4>;
@group(0) @binding(3) var<storage, read_write> partials: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    var sums = real4();
    // A surplus workgroup sums nothing, and goes through the barriers with the rest.
    if group < params.groups {
        let share = contiguous_share(group, params.groups, params.n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            sums += x[i] * y[i];
        }
    }
    let total = workgroup_sum(sum4(sums), lane);
    if lane == 0u && group < params.groups {
        partials[group] = total;
    }
}
