// work_ij = a_ij s_j for the rows of A, and below them the row λ e_j of Tikhonov's term; zero elsewhere.
//
// Bindings: params; 1 matrix, read, a slab of A (or of right-hand sides); 2 scales, read, s_j from params.scale_first on;
// 3 work, written, a slab of longer columns.
// Mapping: one invocation per vec4 of `work`, LANES of them per workgroup, params.groups workgroups per column.
// Cost per vec4 of `work`: 32 bytes moved (64 in f64), 4 flops.
// Needs F64: SHADER_F64. Fallback: none needed.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    from_stride4: u32,  // vec4s per column of `matrix`
    to_stride4: u32,    // and of `work`
    from_column: u32,   // first column in the slab of `matrix`
    to_column: u32,     // and in that of `work`
    columns: u32,
    scale_first: u32,
    groups: u32,
    tikhonov_row: u32,  // row of `work` that holds λ in the first of these columns; past the end: none does
    tikhonov: real,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> matrix: array<real4>;
@group(0) @binding(2) var<storage, read> scales: array<real>;
@group(0) @binding(3) var<storage, read_write> work: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let column = w / params.groups;
    let q = (w % params.groups) * LANES + lane;
    if column >= params.columns || q >= params.to_stride4 {
        return;
    }
    var a = real4();
    if q < params.from_stride4 {
        a = matrix[(params.from_column + column) * params.from_stride4 + q] * scales[params.scale_first + column];
    }
    let rows = vec4<u32>(4u * q) + vec4<u32>(0u, 1u, 2u, 3u);
    a = select(a, real4(params.tikhonov), rows == vec4<u32>(params.tikhonov_row + column));
    work[(params.to_column + column) * params.to_stride4 + q] = a;
}
