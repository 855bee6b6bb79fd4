// most_j = max_i |a_ij|,  sum_j = Σ_i (a_ij / most_j)²: the length of column j is most_j √sum_j, without overflow.
// An infinity or a NaN in the column makes sum_j NaN.
//
// Bindings: params; 1 matrix, read, a slab of columns of params.stride4 vec4s; 2 lengths, written, from word
// 2·params.first on: most and sum of each column of the slab.
// Mapping: one workgroup per column, its lanes stride over the vec4s, twice.
// Cost per vec4: 32 bytes moved (64 in f64), 16 flops.
// Needs LANES vec4s of workgroup memory; F64 needs SHADER_F64. Without subgroups, trees in workgroup memory.
#import common/real
#import common/grid
#import common/reduce

override LANES: u32 = 64u;

struct Params {
    stride4: u32,
    columns: u32,
    first: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> matrix: array<real4>;
@group(0) @binding(2) var<storage, read_write> lengths: array<real>;

var<workgroup> part_most: array<real, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = linear_workgroup(id, count);
    let present = column < params.columns;
    let end = select(0u, params.stride4, present);
    let at = column * params.stride4;

    var mosts = real4();
    for (var q = lane; q < end; q += LANES) {
        mosts = max(mosts, abs(matrix[at + q]));
    }
    part_most[lane] = max(max(mosts.x, mosts.y), max(mosts.z, mosts.w));
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half {
            part_most[lane] = max(part_most[lane], part_most[lane + half]);
        }
    }
    let most = workgroupUniformLoad(&part_most[0]);

    let scale = 1.0 / select(1.0, most, most > 0.0);
    var sums = real4();
    for (var q = lane; q < end; q += LANES) {
        let a = matrix[at + q] * scale;
        sums += a * a;
    }
    let sum = workgroup_sum(sum4(sums), lane);
    if present && lane == 0u {
        lengths[2u * (params.first + column)] = most;
        lengths[2u * (params.first + column) + 1u] = sum;
    }
}
