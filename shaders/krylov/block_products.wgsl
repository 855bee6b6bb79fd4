// Products = UᵀV for two blocks of vectors, one vector per right-hand side (column) in each, as partial sums of every pair u_i·v_j.
// SYMMETRIC: only where j ≤ i, within a tile of four also above.
//
// Bindings: 1 control, words as in common/cg: nothing is done unless a column's first word is 0. 2 u, 3 v: vec4s per column.
//     4 products: from params.first on, params.groups partial sums for each pair, j after j, i after i.
// Grid: params.groups workgroups for each tile of four u by four v, each with a contiguous share of the quads.
// Bytes per unknown and column: 2 reals, and quartets − 1 times as many from the cache. Flops: 2 columns, SYMMETRIC columns + 1.
// Needs: 8 KiB of workgroup memory in f64. Fallback: none.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    first: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> u: array<real4>;
@group(0) @binding(3) var<storage, read> v: array<real4>;
@group(0) @binding(4) var<storage, read_write> products: array<real>;

var<workgroup> part_sums: array<real4, 4u * LANES>;

// Whether a column runs.
fn runs() -> bool {
    var column = 0u;
    while column < params.columns && control[column * params.control_stride] != 0.0 {
        column++;
    }
    return column < params.columns;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let group = w % params.groups;
    let quartets = (params.columns + 3u) / 4u;
    let left = w / params.groups / quartets;
    let right = w / params.groups % quartets;
    var live = left < quartets && runs();
#if SYMMETRIC
    live = live && right <= left;
#endif
    let share = contiguous_share(group, params.groups, select(0u, params.quads, live), LANES);
    let i = min(vec4(4u * left) + vec4(0u, 1u, 2u, 3u), vec4(params.columns - 1u));
    let j = min(vec4(4u * right) + vec4(0u, 1u, 2u, 3u), vec4(params.columns - 1u));
    let at_u = i * params.stride4;
    let at_v = j * params.stride4;
    var sums_0 = real4();
    var sums_1 = real4();
    var sums_2 = real4();
    var sums_3 = real4();
    for (var q = share.first + lane; q < share.end; q += LANES) {
        let v_0 = v[at_v.x + q];
        let v_1 = v[at_v.y + q];
        let v_2 = v[at_v.z + q];
        let v_3 = v[at_v.w + q];
        let u_0 = u[at_u.x + q];
        let u_1 = u[at_u.y + q];
        let u_2 = u[at_u.z + q];
        let u_3 = u[at_u.w + q];
        sums_0 += real4(dot(u_0, v_0), dot(u_0, v_1), dot(u_0, v_2), dot(u_0, v_3));
        sums_1 += real4(dot(u_1, v_0), dot(u_1, v_1), dot(u_1, v_2), dot(u_1, v_3));
        sums_2 += real4(dot(u_2, v_0), dot(u_2, v_1), dot(u_2, v_2), dot(u_2, v_3));
        sums_3 += real4(dot(u_3, v_0), dot(u_3, v_1), dot(u_3, v_2), dot(u_3, v_3));
    }

    // The four rows of the tile, by a quarter of the lanes each; then one lane for each row.
    part_sums[lane] = sums_0;
    part_sums[LANES + lane] = sums_1;
    part_sums[2u * LANES + lane] = sums_2;
    part_sums[3u * LANES + lane] = sums_3;
    workgroupBarrier();
    let quarter = LANES / 4u;
    let begin = lane / quarter * LANES + lane % quarter;
    var sums = (part_sums[begin] + part_sums[begin + quarter])
        + (part_sums[begin + 2u * quarter] + part_sums[begin + 3u * quarter]);
    part_sums[begin] = sums;
    workgroupBarrier();
    if live && lane < 4u && 4u * left + lane < params.columns {
        sums = real4();
        for (var k = 0u; k < quarter; k++) {
            sums += part_sums[lane * LANES + k];
        }
        let row = params.first + (4u * left + lane) * params.columns * params.groups + group;
        for (var k = 0u; k < 4u && 4u * right + k < params.columns; k++) {
            products[row + (4u * right + k) * params.groups] = sums[k];
        }
    }
}
