// y_j ← α Σ_i a_ij x_i + β y_j   (BLAS level 2, gemv with transposition); flag SQUARES: y_j ← α Σ_i a_ij² + β y_j
//
// With β = 0 the old y is not used at all, so a y of NaN is overwritten. What lies below the m rows in the last vec4 of a
// column is left out.
//
// Bindings: params; 1 A, read, vec4s of columns: its view begins at vec4 a_first4, the next column is a_stride4 vec4s
// later; 2 x, read, m scalars in vec4s (with SQUARES not read); 3 y, read and written, n scalars from y_first on.
// Mapping: a workgroup takes four columns, its invocations every LANESth vec4 of them; their sums are added in a tree.
// At most 240,000 LANES rows.
// Cost per element of A: 4 bytes moved (8 in f64), 2 flops.
// Needs LANES vec4s of workgroup memory. SUBGROUPS needs SUBGROUP, else a tree in workgroup memory. F64 needs
// SHADER_F64. IMMEDIATES needs 40 bytes (48 in f64); else a storage buffer.
#import common/real
#import common/grid
#import common/reduce

override LANES: u32 = 64u;

struct Params {
    m: u32,
    n: u32,
    a_first4: u32,
    a_stride4: u32,
    x_first4: u32,
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
@group(0) @binding(2) var<storage, read> x: array<real4>;
@group(0) @binding(3) var<storage, read_write> y: array<real>;

// The product of a vec4 of A with its x, without what lies below the last row.
fn product(i: u32, at: u32) -> real4 {
    let value = a[at];
#if SQUARES
    let terms = value * value;
#else
    let terms = value * x[params.x_first4 + i];
#endif
    return select(real4(), terms, vec4(4u * i) + vec4(0u, 1u, 2u, 3u) < vec4(params.m));
}

fn store(column: u32, sum: real) {
    if column < params.n {
        let at = params.y_first + column;
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
    let column = 4u * group;
    let at = params.a_first4 + min(vec4(column) + vec4(0u, 1u, 2u, 3u), vec4(params.n - 1u)) * params.a_stride4;
    var sum_0 = real4();
    var sum_1 = real4();
    var sum_2 = real4();
    var sum_3 = real4();
    // A surplus workgroup sums nothing, and goes through the barriers with the rest.
    let quads = select(0u, (params.m + 3u) / 4u, group < params.groups);
    for (var i = lane; i < quads; i += LANES) {
        sum_0 += product(i, at.x + i);
        sum_1 += product(i, at.y + i);
        sum_2 += product(i, at.z + i);
        sum_3 += product(i, at.w + i);
    }
    let sums = workgroup_sum4(real4(sum4(sum_0), sum4(sum_1), sum4(sum_2), sum4(sum_3)), lane);
    if lane == 0u && group < params.groups {
        store(column, sums.x);
        store(column + 1u, sums.y);
        store(column + 2u, sums.z);
        store(column + 3u, sums.w);
    }
}
