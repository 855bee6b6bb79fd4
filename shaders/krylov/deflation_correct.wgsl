// z ← z + Σ c_k w_k with the c_k of krylov/deflation_products: deflation's correction of a preconditioned residual. PLAIN: z ← r + Σ
// c_k w_k, for M = I.
// Source: Tang, Nabben, Vuik & Erlangga, J. Sci. Comput. 39 (2009), A-DEF2.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 products, partial sums of c.
//     3 w: vec4s, the same for all columns. 4 z: vec4s per column. PLAIN: 5 r, likewise.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads; each adds up the partial sums for itself.
// Bytes per unknown: vectors + 2 reals. Flops per unknown: 2 vectors.
// Needs: 64 reals of workgroup memory. Fallback: none.
#import common/deflation

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> products: array<real>;
@group(0) @binding(3) var<storage, read> w: array<real4>;
@group(0) @binding(4) var<storage, read_write> z: array<real4>;
#if PLAIN
@group(0) @binding(5) var<storage, read> r: array<real4>;
#endif

var<workgroup> part_c: array<real, 64>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    for (var k = lane; k < params.vectors; k += LANES) {
        var c: real = 0.0;
        for (var group = 0u; group < params.groups; group++) {
            c += products[(work.column * params.vectors + k) * params.groups + group];
        }
        part_c[k] = c;
    }
    workgroupBarrier();
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = work.column * params.stride4 + q;
#if PLAIN
        var value = r[i];
#else
        var value = z[i];
#endif
        for (var k = 0u; k < params.vectors; k++) {
            value += part_c[k] * w[k * params.stride4 + q];
        }
        z[i] = value;
    }
}
