// y_i ← α Σ_j a_ij x_j + β y_i   (BLAS level 2, gemv without transposition)
//
// With β = 0 the old y is not used at all, so a y of NaN is overwritten.
//
// Bindings: params; 1 A, read, vec4s of columns: its view begins at vec4 a_first4, the next column is a_stride4 vec4s
// later; 2 x, read, n scalars from x_first on; 3 y, read and written, m scalars from y_first on.
// Mapping: a workgroup takes LANES / 8 groups of four rows; eight strands of invocations share the columns among them,
// and their sums are added in the order of the strands. At most 480,000 columns.
// Cost per element of A: 4 bytes moved (8 in f64), 2 flops.
// Needs LANES vec4s of workgroup memory; LANES is a multiple of 8. F64 needs SHADER_F64. IMMEDIATES needs 40 bytes (48
// in f64); else a storage buffer.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    m: u32,
    n: u32,
    a_first4: u32,
    a_stride4: u32,
    x_first: u32,
    y_first: u32,
    groups: u32,
    unused: u32,
    alpha: real,
    beta: real,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> a: array<real4>;
@group(0) @binding(2) var<storage, read> x: array<real>;
@group(0) @binding(3) var<storage, read_write> y: array<real>;

var<workgroup> part_sums: array<real4, LANES>;

fn store(row: u32, sum: real) {
    if row < params.m {
        let at = params.y_first + row;
        var value = params.alpha * sum;
        // A branch: 0 times NaN would be NaN.
        if params.beta != 0.0 {
            value += params.beta * y[at];
        }
        y[at] = value;
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    let width = LANES / 8u;
    let quad = group * width + lane % width;
    var sum = real4();
    if group < params.groups && 4u * quad < params.m {
        for (var j = lane / width; j < params.n; j += 8u) {
            sum += a[params.a_first4 + quad + j * params.a_stride4] * x[params.x_first + j];
        }
    }
    part_sums[lane] = sum;
    workgroupBarrier();
    if group < params.groups && lane < width {
        for (var strand = 1u; strand < 8u; strand++) {
            sum += part_sums[strand * width + lane];
        }
        store(4u * quad, sum.x);
        store(4u * quad + 1u, sum.y);
        store(4u * quad + 2u, sum.z);
        store(4u * quad + 3u, sum.w);
    }
}
