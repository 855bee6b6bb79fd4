// R x = c by columns from the last to the first: x_j = c_j / r_jj, then c_i −= r_ij x_j for i < j; some columns per launch.
//
// Bindings: params; 1 r, read, a slab of columns of params.stride4 vec4s, upper triangular; 2 x, updated, params.n4 vec4s for
// each right-hand side: c at first, x from the columns done on.
// Mapping: one workgroup per right-hand side; its lanes stride over the vec4s of a column.
// Cost per launch and right-hand side: columns × n/2 × 2 flops, a scalar of r (and x from the cache) of 4 bytes (8) each.
// Needs nothing. F64 needs SHADER_F64. Fallback: none needed.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    stride4: u32,
    n4: u32,
    column: u32,   // first of the columns in the slab
    first: u32,    // and in the matrix
    columns: u32,
    rhs: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> r: array<real4>;
@group(0) @binding(2) var<storage, read_write> x: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let present = w < params.rhs;
    let at_x = min(w, params.rhs - 1u) * params.n4;
    for (var k = params.columns; k > 0u; k--) {
        let j = params.first + k - 1u;
        let at = (params.column + k - 1u) * params.stride4;
        let xj = x[at_x + j / 4u][j & 3u] / r[at + j / 4u][j & 3u];
        storageBarrier();
        for (var q = lane; q <= j / 4u && present; q += LANES) {
            let rows = vec4<u32>(4u * q) + vec4<u32>(0u, 1u, 2u, 3u);
            let c = x[at_x + q];
            let above = select(c, c - r[at + q] * xj, rows < vec4<u32>(j));
            x[at_x + q] = select(above, real4(xj), rows == vec4<u32>(j));
        }
        storageBarrier();
    }
}
