// c_k = (Aw_k)·z, what a preconditioned residual has in the space of deflation, as partial sums; W is A-orthonormal.
// Source: Saad, Yeung, Erhel & Guyomarc'h, SIAM J. Sci. Comput. 21 (2000), algorithm 3.6.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 aw: `vectors` vectors of vec4s,
//     the same for all columns. 3 z: vec4s per column.
//     4 products: params.groups partial sums for each vector, vector after vector, column after column.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads, four vectors at a time.
// Bytes per unknown: vectors + 1 reals, z from the cache after the first. Flops per unknown: 2 vectors.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/deflation
#import common/reduce

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> aw: array<real4>;
@group(0) @binding(3) var<storage, read> z: array<real4>;
@group(0) @binding(4) var<storage, read_write> products: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(id, count);
    let work = work_of(group, params.quads, LANES);
    let live = group < params.groups * params.columns && control[work.column * params.control_stride] == 0.0;
    let last = params.vectors - 1u;
    for (var k = 0u; k <= last; k += 4u) {
        let at = min(vec4(k) + vec4(0u, 1u, 2u, 3u), vec4(last)) * params.stride4;
        var sums = real4();
        for (var q = work.begin + lane; q < work.end; q += LANES) {
            let value = z[work.column * params.stride4 + q];
            sums += real4(
                dot(aw[at.x + q], value),
                dot(aw[at.y + q], value),
                dot(aw[at.z + q], value),
                dot(aw[at.w + q], value),
            );
        }
        sums = workgroup_sum4(sums, lane);
        if live && lane < 4u && k + lane <= last {
            products[(work.column * params.vectors + k + lane) * params.groups + group % params.groups] = sums[lane];
        }
    }
}
