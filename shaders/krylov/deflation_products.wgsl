// c_k = w_k·r − (Aw_k)·z: what deflation finds left of a preconditioned residual in the space of W, as partial sums.
// Source: Tang, Nabben, Vuik & Erlangga, J. Sci. Comput. 39 (2009), A-DEF2; w_k is √θ times, and Aw_k 1/√θ times that of an A-orthonormal W.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 w, 3 aw: `vectors` vectors of
//     vec4s, the same for all columns. 4 r, 5 z: vec4s per column.
//     6 products: params.groups partial sums for each vector, vector after vector, column after column.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads, four vectors at a time.
// Bytes per unknown: 2 vectors + 2 reals, r and z from the cache after the first. Flops per unknown: 4 vectors.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/deflation
#import common/reduce

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> w: array<real4>;
@group(0) @binding(3) var<storage, read> aw: array<real4>;
@group(0) @binding(4) var<storage, read> r: array<real4>;
@group(0) @binding(5) var<storage, read> z: array<real4>;
@group(0) @binding(6) var<storage, read_write> products: array<real>;

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
        for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
            let i = work.column * params.stride4 + q;
            sums += real4(
                dot(w[at.x + q], r[i]) - dot(aw[at.x + q], z[i]),
                dot(w[at.y + q], r[i]) - dot(aw[at.y + q], z[i]),
                dot(w[at.z + q], r[i]) - dot(aw[at.z + q], z[i]),
                dot(w[at.w + q], r[i]) - dot(aw[at.w + q], z[i]),
            );
        }
        sums = workgroup_sum4(sums, lane);
        if live && lane < 4u && k + lane <= last {
            products[(work.column * params.vectors + k + lane) * params.groups + group % params.groups] = sums[lane];
        }
    }
}
